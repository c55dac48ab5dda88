package rows

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Position is a row's place among the rows of its member, in the order in
// which they are walked, as a text to be stored: version and values, each the
// hexadecimal bytes of what the server reads out. The empty one is before the
// first row.
type Position string

const positionVersion = "1:"

// nullValue stands for NULL in a position; other values are hexadecimal.
const nullValue = "-"

// positionOf writes down the values of the walk's columns.
func (t Table) positionOf(values []driver.Value) Position {
	var b []byte
	b = append(b, positionVersion...)
	var text []byte
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if v == nil {
			b = append(b, nullValue...)
			continue
		}
		text = appendText(text[:0], t.walk[i].kind(), v)
		b = hex.AppendEncode(b, text)
	}
	return Position(b)
}

// beyond is the condition that holds for the rows of a member that come after
// the position: the first column greater, or it equal and the second greater,
// and so on, which the server reads as one range of the index.
func (t Table) beyond(after Position) (string, error) {
	text, ok := strings.CutPrefix(string(after), positionVersion)
	values := strings.Split(text, ",")
	if len(t.walk) == 0 {
		values = nil
	}
	if !ok || len(values) != len(t.walk) {
		return "", fmt.Errorf("position %q is not one of table %s, which is walked by %d columns", after, t.Name, len(t.walk))
	}
	condition := "FALSE"
	for i := len(values) - 1; i >= 0; i-- {
		c := t.walk[i]
		if values[i] == nullValue { // sorts before all others
			condition = fmt.Sprintf("%s IS NOT NULL OR %[1]s IS NULL AND (%s)", quoteName(c.Name), condition)
			continue
		}
		bytes, err := hex.DecodeString(values[i])
		if err != nil {
			return "", fmt.Errorf("position %q of table %s: %w", after, t.Name, err)
		}
		literal, err := c.literal(string(bytes))
		if err != nil {
			return "", fmt.Errorf("position %q of table %s: column %s: %w", after, t.Name, c.Name, err)
		}
		condition = fmt.Sprintf("%s > %s OR %[1]s = %[2]s AND (%s)", c.ordered(), literal, condition)
	}
	return "(" + condition + ")", nil
}

// ordered is the expression that a literal is compared with.
func (c Column) ordered() string {
	if c.kind() == numbered {
		return c.read() // the column itself would compare as text
	}
	return quoteName(c.Name)
}

var errNoKeyValue = errors.New("not a value of its type")

// literal is a value that was read out of the column, as SQL compares it with
// the column by the index and without loss.
func (c Column) literal(text string) (string, error) {
	switch c.kind() {
	case integer, year, numbered, decimal:
		digits := strings.TrimPrefix(text, "-")
		if digits == "" || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 {
			return "", errNoKeyValue
		}
		return text, nil
	case float, double:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return "", errNoKeyValue
		}
		return strconv.FormatFloat(f, 'e', -1, 64), nil
	case bit:
		var n uint64
		for i := range len(text) {
			n = n<<8 | uint64(text[i])
		}
		return strconv.FormatUint(n, 10), nil
	case temporal:
		if strings.Trim(text, "0123456789-:. ") != "" {
			return "", errNoKeyValue
		}
		return "'" + text + "'", nil
	case character:
		return textLiteral(c.CharacterSet, text), nil
	case binary:
		return textLiteral("binary", text), nil
	}
	return "", fmt.Errorf("type %s can't be part of a key", c.Type)
}

package rows

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Members gives the members that have rows in the table and come after the
// given one, at most limit of them, in the order of Less. The zero member
// stands before all. Fewer than limit means that there are no more.
//
// It jumps from member to member in the member index, and does not read their
// rows.
func (t Table) Members(ctx context.Context, db instance.DB, after shard.Member, limit int) ([]shard.Member, error) {
	column, where := quoteName(t.Member), ""
	if !after.IsZero() {
		literal, ok := t.memberLiteral(after)
		if !ok {
			return nil, fmt.Errorf("walk the members of table %s: column %s can't hold %s", t.Name, t.Member, after)
		}
		where = " WHERE " + column + " > " + literal
	}
	rows, err := db.QueryContext(ctx, "SELECT DISTINCT "+column+" FROM "+t.name()+" FORCE INDEX ("+quoteName(t.MemberIndex)+")"+
		where+" ORDER BY "+column+" LIMIT "+strconv.Itoa(limit))
	if err != nil {
		return nil, fmt.Errorf("walk the members of table %s: %w", t.Name, err)
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	var members []shard.Member
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("walk the members of table %s: %w", t.Name, err)
		}
		m, err := shard.ParseMember(text)
		if err != nil {
			return nil, fmt.Errorf("walk the members of table %s: column %s has the value %q: %w; correct or delete these rows", t.Name, t.Member, text, err)
		}
		members = append(members, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("walk the members of table %s: %w", t.Name, err)
	}
	return members, nil
}

// Less reports whether a comes before b in the order of the member column on
// the server: by number for integers, by bytes for strings, where "10" comes
// before "9". The zero member comes first.
func (t Table) Less(a, b shard.Member) bool { return t.compare(a, b) < 0 }

func (t Table) compare(a, b shard.Member) int {
	if a.IsZero() || b.IsZero() {
		return cmp.Compare(btoi(!a.IsZero()), btoi(!b.IsZero()))
	}
	if t.MemberType() == shard.String {
		// UTF-8 sorts as its code points do, and as no id has a control
		// character or a trailing space, padding changes nothing.
		return cmp.Compare(a.String(), b.String())
	}
	switch a, b := shard.Integer.Value(a), shard.Integer.Value(b); a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
		return -1 // b is beyond int64
	case uint64:
		if b, ok := b.(uint64); ok {
			return cmp.Compare(a, b)
		}
	}
	return 1
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// memberLiteral is the member as SQL compares it with the member column by the
// index: without any conversion of the column. It is false for a member that
// the column can't hold.
func (t Table) memberLiteral(m shard.Member) (string, bool) {
	c, _ := t.Column(t.Member)
	text := m.String()
	if c.isInteger() {
		return text, m.IsInteger()
	}
	if m.IsZero() || c.CharacterSet == "ascii" && strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return "", false
	}
	if c.CharacterSet != "utf8mb4" && strings.ContainsFunc(text, func(r rune) bool { return r > 0xffff }) {
		return "", false
	}
	return textLiteral(c.CharacterSet, text), true
}

// textLiteral is a text of a character set, given as its bytes there.
func textLiteral(characterSet, bytes string) string {
	if bytes == "" {
		return "_" + characterSet + "''"
	}
	return "_" + characterSet + " 0x" + hex.EncodeToString([]byte(bytes))
}

// ofMembers is the condition that picks the rows of the members. It is false
// when none of them can have rows.
func (t Table) ofMembers(members []shard.Member) (string, bool) {
	var b strings.Builder
	for _, m := range members {
		literal, ok := t.memberLiteral(m)
		if !ok {
			continue
		}
		if b.Len() == 0 {
			b.WriteString(quoteName(t.Member) + " IN (")
		} else {
			b.WriteByte(',')
		}
		b.WriteString(literal)
	}
	if b.Len() == 0 {
		return "", false
	}
	b.WriteByte(')')
	return b.String(), true
}

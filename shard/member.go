package shard

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// MaxMemberBytes is the longest member id, in bytes of its canonical text.
const MaxMemberBytes = 255

// ErrBadMember is what every error about a malformed member id wraps.
var ErrBadMember = errors.New("bad member id")

// Member is one member id: a signed or unsigned 64-bit integer, or a string.
//
// It is a comparable value with one form per id: a string that reads as a
// canonical integer is that integer, so Int(42), Uint(42) and
// ParseMember("42") are equal, hash alike, and name the same home. The zero
// Member is no id.
type Member struct {
	text string // of memberText only
	num  uint64 // magnitude, of the integer kinds
	kind memberKind
}

type memberKind uint8

const (
	memberNone memberKind = iota
	memberNatural
	memberNegative
	memberText
)

// Int is the member with a signed integer id.
func Int(id int64) Member {
	if id < 0 {
		return Member{num: -uint64(id), kind: memberNegative}
	}
	return Member{num: uint64(id), kind: memberNatural}
}

// Uint is the member with an unsigned integer id.
func Uint(id uint64) Member { return Member{num: id, kind: memberNatural} }

// ParseMember reads a member id from its text: a canonical decimal integer
// (no plus sign, no leading zero, within int64 or uint64), or any other valid
// UTF-8 of 1 to MaxMemberBytes bytes without control characters and without a
// trailing space (MySQL's padding collations compare those as equal to the
// id without it).
func ParseMember(s string) (Member, error) {
	if m, ok := parseInteger(s); ok {
		return m, nil
	}
	switch {
	case s == "":
		return Member{}, fmt.Errorf("%w: it is empty", ErrBadMember)
	case len(s) > MaxMemberBytes:
		return Member{}, fmt.Errorf("%w: %d bytes long, the limit is %d", ErrBadMember, len(s), MaxMemberBytes)
	case !utf8.ValidString(s):
		return Member{}, fmt.Errorf("%w: %q is not valid UTF-8", ErrBadMember, s)
	case strings.HasSuffix(s, " "):
		return Member{}, fmt.Errorf("%w: %q ends in a space", ErrBadMember, s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return Member{}, fmt.Errorf("%w: %q has a control character", ErrBadMember, s)
	}
	return Member{text: s, kind: memberText}, nil
}

// parseInteger accepts exactly the texts that MySQL prints for an integer.
func parseInteger(s string) (Member, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 20 || (digits[0] == '0' && len(s) > 1) {
		return Member{}, false
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return Member{}, false
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return Member{}, false
	}
	if len(digits) == len(s) {
		return Uint(n), true
	}
	if n > -math.MinInt64 {
		return Member{}, false
	}
	return Member{num: n, kind: memberNegative}, true
}

// IsZero reports whether m is no member id at all.
func (m Member) IsZero() bool { return m.kind == memberNone }

// IsInteger reports whether the id is an integer.
func (m Member) IsInteger() bool { return m.kind == memberNatural || m.kind == memberNegative }

// AppendText appends the canonical bytes: MySQL's text form of the id. It
// fails for the zero Member only.
func (m Member) AppendText(b []byte) ([]byte, error) {
	if m.kind == memberNone {
		return b, fmt.Errorf("%w: it is empty", ErrBadMember)
	}
	return m.append(b), nil
}

func (m Member) append(b []byte) []byte {
	if m.kind == memberText {
		return append(b, m.text...)
	}
	return formatDecimal(m.num, m.kind == memberNegative).append(b)
}

// String is the canonical text, empty for the zero Member.
func (m Member) String() string {
	if m.kind == memberText {
		return m.text
	}
	if m.kind == memberNone {
		return ""
	}
	var buf [24]byte
	return string(m.append(buf[:0]))
}

// MarshalText gives the canonical text.
func (m Member) MarshalText() ([]byte, error) { return m.AppendText(nil) }

// UnmarshalText reads what MarshalText wrote.
func (m *Member) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMember(string(b))
	return err
}

// KeyspaceID is the member's place in the keyspace. It does not allocate.
func (m Member) KeyspaceID() KeyspaceID {
	if m.kind == memberText {
		return keyspaceID(xxhash.Sum64String(m.text))
	}
	return keyspaceID(formatDecimal(m.num, m.kind == memberNegative).sum64())
}

// MemberType says what ids a map's members have. It has to be known because
// MySQL compares across types: an integer column finds '042' equal to 42, a
// string column finds the number 42 equal to '042', and either would look for
// the member in a wrong place.
type MemberType string

const (
	Integer MemberType = "integer" // the member column is an integer type
	String  MemberType = "string"  // the member column is a character type with a binary collation
)

// Check refuses a member that can't be an id of this type.
func (t MemberType) Check(m Member) error {
	switch {
	case m.IsZero():
		return fmt.Errorf("%w: it is empty", ErrBadMember)
	case t == Integer && !m.IsInteger():
		return fmt.Errorf("%w: %q is not an integer in its plain form, and this map's members are integers", ErrBadMember, m.text)
	}
	return nil
}

// Parse reads an id of this type from its text.
func (t MemberType) Parse(s string) (Member, error) {
	m, err := ParseMember(s)
	if err != nil {
		return Member{}, err
	}
	return m, t.Check(m)
}

// Value is the id as a statement's parameter, of the kind that the member
// column compares by: int64 or, beyond it, uint64 for integers, else a string.
func (t MemberType) Value(m Member) any {
	switch {
	case t == String || !m.IsInteger():
		return m.String()
	case m.kind == memberNegative:
		return -int64(m.num)
	case m.num > math.MaxInt64:
		return m.num
	}
	return int64(m.num)
}

package shard

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ErrBadRange is what every error about a malformed range or keyspace id wraps.
var ErrBadRange = errors.New("bad range")

// KeyspaceID is a member's place in the keyspace: 8 bytes, kept as the
// big-endian number that sorts as the bytes do.
type KeyspaceID uint64

// keyspaceID turns an xxHash64 sum into the keyspace id that Vitess's xxhash
// vindex makes of it: the sum's bytes in little-endian order
// (go/vt/vtgate/vindexes/xxhash.go).
func keyspaceID(sum uint64) KeyspaceID { return KeyspaceID(bits.ReverseBytes64(sum)) }

// Bytes are the 8 bytes, as Vitess writes them.
func (k KeyspaceID) Bytes() [8]byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(k))
	return b
}

// String is the 16 hexadecimal digits.
func (k KeyspaceID) String() string { return fmt.Sprintf("%016x", uint64(k)) }

// ParseKeyspaceID reads 1 to 8 bytes as hexadecimal digits, the missing ones
// to the right being zero: "40" is 4000000000000000.
func ParseKeyspaceID(s string) (KeyspaceID, error) {
	if s == "" || len(s) > 16 || len(s)%2 != 0 {
		return 0, fmt.Errorf("%w: %q is not 1 to 8 bytes in hexadecimal", ErrBadRange, s)
	}
	var b [8]byte
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return 0, fmt.Errorf("%w: %q is not hexadecimal", ErrBadRange, s)
	}
	return KeyspaceID(binary.BigEndian.Uint64(b[:])), nil
}

// short is the text used in ranges: trailing zero bytes dropped.
func (k KeyspaceID) short() string {
	s := k.String()
	for len(s) > 2 && strings.HasSuffix(s, "00") {
		s = s[:len(s)-2]
	}
	return s
}

// Range is a half-open interval of keyspace ids, Start included and End not.
// An End of zero is the end of the keyspace, so the zero Range is all of it.
type Range struct {
	Start, End KeyspaceID
}

// Full is the whole keyspace, written "-".
var Full = Range{}

// ParseRange reads a range as Vitess writes it: "-40", "40-80", "80-", "-".
func ParseRange(s string) (Range, error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return Range{}, fmt.Errorf("%w: %q has no hyphen; write it as -40, 40-80 or 80-", ErrBadRange, s)
	}
	var r Range
	var err error
	if from != "" {
		if r.Start, err = ParseKeyspaceID(from); err != nil {
			return Range{}, err
		}
	}
	if to != "" {
		if r.End, err = ParseKeyspaceID(to); err != nil {
			return Range{}, err
		}
		if r.End <= r.Start {
			return Range{}, fmt.Errorf("%w: %q is empty", ErrBadRange, s)
		}
	}
	return r, nil
}

// String is the shortest text that ParseRange reads as r.
func (r Range) String() string {
	var from, to string
	if r.Start != 0 {
		from = r.Start.short()
	}
	if r.End != 0 {
		to = r.End.short()
	}
	return from + "-" + to
}

// MarshalText writes the range as String does.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a range as ParseRange does.
func (r *Range) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRange(string(b))
	return err
}

// Contains reports whether k lies in r.
func (r Range) Contains(k KeyspaceID) bool {
	return k >= r.Start && (r.End == 0 || k < r.End)
}

// Covers reports whether all of o lies in r.
func (r Range) Covers(o Range) bool {
	return o.Start >= r.Start && (r.End == 0 || (o.End != 0 && o.End <= r.End))
}

// Overlaps reports whether r and o share a keyspace id.
func (r Range) Overlaps(o Range) bool {
	return (r.End == 0 || o.Start < r.End) && (o.End == 0 || r.Start < o.End)
}

// Size is the share of the keyspace that r covers, from 0 to 1.
func (r Range) Size() float64 {
	if r == Full {
		return 1
	}
	return float64(uint64(r.End)-uint64(r.Start)) / (1 << 63) / 2
}

// Compare orders ranges by their start, then by their end.
func (r Range) Compare(o Range) int {
	// An End of zero is past every other: minus one makes it the largest.
	return cmp.Or(cmp.Compare(r.Start, o.Start), cmp.Compare(r.End-1, o.End-1))
}

// Split cuts r in two at k, which must lie inside it and not be its start.
func (r Range) Split(k KeyspaceID) (low, high Range, err error) {
	if !r.Contains(k) || k == r.Start {
		return low, high, fmt.Errorf("%w: %s can't be cut at %s, which is not inside it", ErrBadRange, r, k)
	}
	return Range{r.Start, k}, Range{k, r.End}, nil
}

// Deal cuts the keyspace into n ranges of equal size. The borders have as few
// bytes as keep every range within two percent of its fair share.
func Deal(n int) []Range {
	if n < 1 {
		return nil
	}
	width := 8 // bits of the borders
	for width < 64 && skew(n, width) > 0.02 {
		width += 8
	}
	border := func(i int) KeyspaceID {
		hi, lo := bits.Mul64(uint64(i), 1<<(width-1))
		q, _ := bits.Div64(hi<<1|lo>>63, lo<<1, uint64(n))
		return KeyspaceID(q << (64 - width))
	}
	ranges := make([]Range, n)
	for i := range ranges {
		ranges[i].Start = border(i)
		if i > 0 {
			ranges[i-1].End = ranges[i].Start
		}
	}
	return ranges
}

// skew is how far, at the most, a range dealt with borders of that many bits
// is from its fair share.
func skew(n, width int) float64 {
	total := 1 << min(width, 62)
	if total%n == 0 {
		return 0
	}
	return float64(n) / float64(total)
}

package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// ParseSet reads a set as the server prints it (@@global.gtid_executed), line
// breaks included. An empty text is the empty set.
func ParseSet(text string) (Set, error) {
	var s Set
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		if err := s.parse(strings.TrimSpace(part)); err != nil {
			return Set{}, fmt.Errorf("GTID set %.200q: %w", text, err)
		}
	}
	return s, nil
}

// parse reads UUID:INTERVAL…[:TAG:INTERVAL…]….
func (s *Set) parse(text string) error {
	fields := strings.Split(text, ":")
	id, err := uuid.Parse(strings.TrimSpace(fields[0]))
	if err != nil || len(strings.TrimSpace(fields[0])) != 36 {
		return fmt.Errorf("%q is not a UUID", fields[0])
	}
	o := origin{uuid: id}
	missing := true // an interval for the UUID or the tag named last
	for _, field := range fields[1:] {
		field = strings.TrimSpace(field)
		if field != "" && field[0] >= '0' && field[0] <= '9' {
			in, err := parseInterval(field)
			if err != nil {
				return err
			}
			s.add(o, in)
			missing = false
			continue
		}
		if o.tag, err = parseTag(field); err != nil {
			return err
		}
		missing = true
	}
	if missing {
		return fmt.Errorf("%q ends without a number", text)
	}
	return nil
}

func parseInterval(text string) (interval, error) {
	from, to, both := strings.Cut(text, "-")
	first, err := strconv.ParseInt(strings.TrimSpace(from), 10, 64)
	last := first
	if err == nil && both {
		last, err = strconv.ParseInt(strings.TrimSpace(to), 10, 64)
	}
	if err != nil || first < 1 || last < first || last > maxNumber {
		return interval{}, fmt.Errorf("%q is not an interval of transaction numbers", text)
	}
	return interval{first, last}, nil
}

// String is the text the server uses, on one line.
func (s Set) String() string {
	var b strings.Builder
	var last uuid.UUID
	for i, o := range s.order() {
		if i == 0 || o.uuid != last {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(o.uuid.String())
			last = o.uuid
		}
		if o.tag != "" {
			b.WriteByte(':')
			b.WriteString(o.tag)
		}
		for _, in := range s.sources[o] {
			b.WriteByte(':')
			b.WriteString(strconv.FormatInt(in.first, 10))
			if in.last > in.first {
				b.WriteByte('-')
				b.WriteString(strconv.FormatInt(in.last, 10))
			}
		}
	}
	return b.String()
}

// MarshalText gives String.
func (s Set) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSet reads.
func (s *Set) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSet(string(text))
	return err
}

func compareOrigins(a, b origin) int {
	if c := bytes.Compare(a.uuid[:], b.uuid[:]); c != 0 {
		return c
	}
	return strings.Compare(a.tag, b.tag)
}

// encode is the set in the replication protocol. Servers before 8.3 know no
// tags and neither their form, so it is used for sets with tags only.
func (s Set) encode() []byte {
	origins := s.order()
	tagged := false
	for _, o := range origins {
		tagged = tagged || o.tag != ""
	}
	header := uint64(len(origins))
	if tagged {
		const format = 1 // in the first byte and the last, the count between
		header = format | header<<8 | format<<56
	}
	b := binary.LittleEndian.AppendUint64(nil, header)
	for _, o := range origins {
		b = append(b, o.uuid[:]...)
		if tagged {
			b = append(b, byte(len(o.tag))<<1) // a number of at most 7 bits in its variable form
			b = append(b, o.tag...)
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s.sources[o])))
		for _, in := range s.sources[o] {
			b = binary.LittleEndian.AppendUint64(b, uint64(in.first))
			b = binary.LittleEndian.AppendUint64(b, uint64(in.last)+1)
		}
	}
	return b
}

package shard

import (
	"fmt"
	"strings"
)

// Span is a range or one pinned member: what an entry of the map owns, what a
// row of the fence closes, and what a move moves. It is comparable. Its text
// is the range, or "member:" and the id.
type Span struct {
	Range Range  // meaningful when Pin is zero
	Pin   Member // a single member when not zero
}

const pinPrefix = "member:"

// ParseSpan reads what String writes.
func ParseSpan(s string) (Span, error) {
	if id, ok := strings.CutPrefix(s, pinPrefix); ok {
		m, err := ParseMember(id)
		return Span{Pin: m}, err
	}
	r, err := ParseRange(s)
	return Span{Range: r}, err
}

// IsPin reports whether the span is one pinned member.
func (s Span) IsPin() bool { return !s.Pin.IsZero() }

// String is the span's text.
func (s Span) String() string {
	if s.IsPin() {
		return pinPrefix + s.Pin.String()
	}
	return s.Range.String()
}

// Covers reports whether the member belongs to the span.
func (s Span) Covers(m Member) bool {
	if s.IsPin() {
		return s.Pin == m
	}
	return s.Range.Contains(m.KeyspaceID())
}

// MarshalText writes the span as String does.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a span as ParseSpan does.
func (s *Span) UnmarshalText(b []byte) (err error) {
	if *s, err = ParseSpan(string(b)); err != nil {
		return fmt.Errorf("span %q: %w", b, err)
	}
	return nil
}

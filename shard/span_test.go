package shard_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func TestSpan(t *testing.T) {
	for _, tc := range []struct {
		text string
		want shard.Span
	}{
		{"-", shard.Span{}},
		{"40-80", shard.Span{Range: shard.Range{Start: 0x40 << 56, End: 0x80 << 56}}},
		{"member:42", shard.Span{Pin: shard.Int(42)}},
		{"member:-7", shard.Span{Pin: shard.Int(-7)}},
		{"member:-80", shard.Span{Pin: shard.Int(-80)}}, // not the range
		{"member:member:x", shard.Span{Pin: mustMember(t, "member:x")}},
		{"member:40-80", shard.Span{Pin: mustMember(t, "40-80")}},
	} {
		got, err := shard.ParseSpan(tc.text)
		if err != nil || got != tc.want || got.String() != tc.text {
			t.Errorf("%q is read as %v (%v)", tc.text, got, err)
		}
	}
	for _, s := range []string{"", "member:", "Member:42", "member:\x00", "42", "member:" + strings.Repeat("x", 256)} {
		var got shard.Span
		if err := got.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

func TestSpanCovers(t *testing.T) {
	id := shard.Int(42)
	k := id.KeyspaceID()
	for _, tc := range []struct {
		span shard.Span
		want bool
	}{
		{shard.Span{}, true},
		{shard.Span{Range: shard.Range{Start: k}}, true},
		{shard.Span{Range: shard.Range{End: k}}, false},
		{shard.Span{Pin: id}, true},
		{shard.Span{Pin: shard.Int(43)}, false},
		{shard.Span{Pin: shard.Int(-42)}, false},
	} {
		if got := tc.span.Covers(id); got != tc.want {
			t.Errorf("%s covers member 42: %v", tc.span, got)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"-", "40-80", "member:42", "member:", "member:-", "member:\xff", "members:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sp, err := shard.ParseSpan(s)
		if err != nil {
			return
		}
		if back, err := shard.ParseSpan(sp.String()); err != nil || back != sp {
			t.Fatalf("%q is written %q and read back as %v (%v)", s, sp, back, err)
		}
		if sp.IsPin() != strings.HasPrefix(s, "member:") {
			t.Fatalf("%q is a pin: %v", s, sp.IsPin())
		}
	})
}

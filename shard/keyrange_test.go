package shard_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func TestParseRange(t *testing.T) {
	for _, tc := range []struct {
		text string
		want shard.Range
		back string // its shortest text, when that is another
	}{
		{"-", shard.Full, ""},
		{"-40", shard.Range{End: 0x40 << 56}, ""},
		{"40-80", shard.Range{Start: 0x40 << 56, End: 0x80 << 56}, ""},
		{"80-", shard.Range{Start: 0x80 << 56}, ""},
		{"C0-", shard.Range{Start: 0xc0 << 56}, "c0-"},
		{"4000-80000000", shard.Range{Start: 0x40 << 56, End: 0x80 << 56}, "40-80"},
		{"00-80", shard.Range{End: 0x80 << 56}, "-80"},
		{"0001-", shard.Range{Start: 1 << 48}, ""},
		{"ffffffffffffffff-", shard.Range{Start: math.MaxUint64}, ""},
		{"-0000000000000001", shard.Range{End: 1}, ""},
	} {
		got, err := shard.ParseRange(tc.text)
		if err != nil || got != tc.want {
			t.Errorf("%q is read as %+v (%v)", tc.text, got, err)
		}
		if tc.back == "" {
			tc.back = tc.text
		}
		if got.String() != tc.back {
			t.Errorf("%q is written %q, not %q", tc.text, got, tc.back)
		}
	}
}

func TestParseRangeRefuses(t *testing.T) {
	for _, tc := range []struct{ text, why string }{
		{"", "no hyphen"},
		{"80", "no hyphen"},
		{"8-", "1 to 8 bytes"},
		{"-808", "1 to 8 bytes"},
		{"00112233445566778-", "1 to 8 bytes"},
		{"001122334455667788-", "1 to 8 bytes"},
		{"xy-", "not hexadecimal"},
		{"40-80-c0", "1 to 8 bytes"},
		{"--", "1 to 8 bytes"},
		{" 40-", "1 to 8 bytes"},
		{"80-40", "is empty"},
		{"80-80", "is empty"},
		{"80-8000", "is empty"},
		{"-00", "is empty"},
		{"80-0000", "is empty"},
	} {
		r, err := shard.ParseRange(tc.text)
		if !errors.Is(err, shard.ErrBadRange) || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%q: %v, %v; want an ErrBadRange that says %q", tc.text, r, err, tc.why)
		}
	}
}

func TestSplit(t *testing.T) {
	r := span("40-80").Range
	low, high, err := r.Split(0x41 << 56)
	if err != nil || low.String() != "40-41" || high.String() != "41-80" {
		t.Errorf("%s at 41 gives %s and %s (%v)", r, low, high, err)
	}
	for _, k := range []shard.KeyspaceID{0, 0x40 << 56, 0x80 << 56, math.MaxUint64} {
		if _, _, err := r.Split(k); !errors.Is(err, shard.ErrBadRange) {
			t.Errorf("%s at %s: %v", r, k, err)
		}
	}
	if low, high, err = shard.Full.Split(0x80 << 56); err != nil || low.String() != "-80" || high.String() != "80-" {
		t.Errorf("the whole at 80 gives %s and %s (%v)", low, high, err)
	}
}

func TestDeal(t *testing.T) {
	if got := shard.Deal(0); got != nil {
		t.Errorf("no ranges: %v", got)
	}
	for n := 1; n <= 300; n++ {
		ranges := shard.Deal(n)
		if len(ranges) != n {
			t.Fatalf("%d ranges instead of %d", len(ranges), n)
		}
		var next shard.KeyspaceID
		for i, r := range ranges {
			if r.Start != next || (i > 0 && next == 0) {
				t.Fatalf("%d ranges: %s doesn't follow %v", n, r, ranges[:i])
			}
			if share := r.Size() * float64(n); share < 0.98 || share > 1.02 {
				t.Fatalf("%d ranges: %s has %.4f of its fair share", n, r, share)
			}
			if border, _, _ := strings.Cut(r.String(), "-"); len(border) > 4 {
				t.Fatalf("%d ranges: the border of %s is needlessly long", n, r)
			}
			next = r.End
		}
		if next != 0 {
			t.Fatalf("%d ranges end at %s", n, next)
		}
	}
	for n, want := range map[int]string{1: "-", 2: "-80 80-", 3: "-55 55-aa aa-", 4: "-40 40-80 80-c0 c0-"} {
		var got []string
		for _, r := range shard.Deal(n) {
			got = append(got, r.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d ranges: %s, not %s", n, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for s, want := range map[string]float64{"-": 1, "-80": 0.5, "80-": 0.5, "40-80": 0.25, "c0-": 0.25} {
		if got := span(s).Range.Size(); got != want {
			t.Errorf("%s covers %v of the keyspace, not %v", s, got, want)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"-", "-40", "40-80", "80-", "C0-", "8-", "80-40", "-00", "00-", "40-80-c0", "-0000000000000001", "é-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := shard.ParseRange(s)
		if err != nil {
			if !errors.Is(err, shard.ErrBadRange) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		back, err := shard.ParseRange(r.String())
		if err != nil || back != r || len(r.String()) > len(s) {
			t.Fatalf("%q is written %q and read back as %v (%v)", s, r, back, err)
		}
		if !r.Contains(r.Start) || (r.End != 0 && (r.Contains(r.End) || !r.Contains(r.End-1))) {
			t.Fatalf("%q is not half open", s)
		}
	})
}

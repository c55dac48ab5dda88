package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// TestOpenRanges: a range without a lower end is no flag, and everything else
// stays as it is.
func TestOpenRanges(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"split -80 --to b", "split 00-80 --to b"},
		{"split --to b -80", "split --to b 00-80"},
		{"split - --to b", "split - --to b"},
		{"--store file:///x split -4080 --to b --dry-run", "--store file:///x split 00-4080 --to b --dry-run"},
		{"merge -40 40-80 --to b", "merge 00-40 40-80 --to b"},
		{"move 80- --to b", "move 80- --to b"},
		{"move --member -70 --to b", "move --member -70 --to b"},
		{"split -80 --reason -80", "split 00-80 --reason -80"},
		{"split 40-80 -o json --to b", "split 40-80 -o json --to b"},
		{"map lookup -70", "map lookup -70"},
		{"sql --all split -80", "sql --all split -80"},
		{"help split -80", "help split -80"},
		{"split -800 --to b", "split -800 --to b"},
		{"", ""},
	} {
		got := openRanges(strings.Fields(c.args))
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%q becomes %q, not %q", c.args, got, want)
		}
	}
	for _, text := range []string{"-40", "-4080", "-ffffffffffffffff"} {
		before, err := shard.ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		after, err := shard.ParseRange(openRanges([]string{"split", text})[1])
		if err != nil || after != before {
			t.Errorf("%s becomes %v, %v", text, after, err)
		}
	}
}

package shard_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// Documents that no edit makes, but a faulty or hostile writer could send to a
// store: CheckNext is what stands in their way.
func TestCheckNextRefuses(t *testing.T) {
	live := func(s, owner string) shard.Entry { return shard.Entry{Span: span(s), Shard: owner} }
	frozen := func(s, owner, to, attempt string) shard.Entry {
		f := freeze(to, attempt)
		return shard.Entry{Span: span(s), Shard: owner, Frozen: &f}
	}
	type entries = []shard.Entry
	for _, tc := range []struct {
		name      string
		old, next entries // ranges, then pins
		why       string  // empty: it may follow
	}{
		{"nothing", entries{live("-", "a")}, entries{live("-", "a")}, ""},
		{"another owner", entries{live("-", "a")}, entries{live("-", "b")}, "goes from shard a to b without having been frozen"},
		{"a part to another owner", entries{live("-", "a")}, entries{live("-80", "a"), live("80-", "b")}, "80- goes from shard a to b"},
		{"a border slides", entries{live("-80", "a"), live("80-", "b")}, entries{live("-81", "a"), live("81-", "b")}, "-81 goes from shard b to a"},
		{"neighbours swallowed", entries{live("-80", "a"), live("80-", "b")}, entries{live("-", "a")}, "- goes from shard b to a"},
		{"cuts and joins of one owner", entries{live("-20", "a"), live("20-80", "a"), live("80-", "b")}, entries{live("-40", "a"), live("40-80", "a"), live("80-", "b")}, ""},

		{"frozen", entries{live("-", "a")}, entries{frozen("-", "a", "b", "1")}, ""},
		{"frozen and handed over", entries{live("-", "a")}, entries{frozen("-", "b", "a", "1")}, "without having been frozen"},
		{"frozen and cut at once", entries{live("-", "a")}, entries{frozen("-80", "a", "b", "1"), live("80-", "a")}, "- can't become a part of it"},
		{"frozen and joined at once", entries{live("-80", "a"), live("80-", "a")}, entries{frozen("-", "a", "b", "1")}, "-80 can't become a part of it"},

		{"still frozen", entries{frozen("-", "a", "b", "1")}, entries{frozen("-", "a", "b", "1")}, ""},
		{"aborted", entries{frozen("-", "a", "b", "1")}, entries{live("-", "a")}, ""},
		{"switched", entries{frozen("-", "a", "b", "1")}, entries{live("-", "b")}, ""},
		{"switched elsewhere", entries{frozen("-", "a", "b", "1")}, entries{live("-", "c")}, "was frozen for shard b and goes to c"},
		{"switched and frozen back at once", entries{frozen("-", "a", "b", "1")}, entries{frozen("-", "b", "a", "2")}, "frozen by attempt 1 already"},
		{"taken over by another attempt", entries{frozen("-", "a", "b", "1")}, entries{frozen("-", "a", "b", "2")}, "frozen by attempt 1 already"},
		{"another target", entries{frozen("-", "a", "b", "1")}, entries{frozen("-", "a", "c", "1")}, "frozen by attempt 1 already"},
		{"cut while frozen", entries{frozen("-", "a", "b", "1")}, entries{frozen("-80", "a", "b", "1"), frozen("80-", "a", "b", "1")}, "borders must stay"},
		{"aborted and cut at once", entries{frozen("-", "a", "b", "1")}, entries{live("-80", "a"), live("80-", "a")}, "borders must stay"},
		{"switched in part", entries{frozen("-", "a", "b", "1")}, entries{live("-80", "a"), live("80-", "b")}, "borders must stay"},
		{"grown while frozen", entries{frozen("-80", "a", "b", "1"), live("80-", "a")}, entries{frozen("-", "a", "b", "1")}, "borders must stay"},

		{"pinned where it is", entries{live("-", "a")}, entries{live("-", "a"), live("member:1", "a")}, ""},
		{"pinned elsewhere", entries{live("-", "a")}, entries{live("-", "a"), live("member:1", "b")}, "member:1 goes from shard a to b"},
		{"unpinned at home", entries{live("-", "a"), live("member:1", "a")}, entries{live("-", "a")}, ""},
		{"unpinned elsewhere", entries{live("-", "a"), live("member:1", "b")}, entries{live("-", "a")}, "- goes from shard b to a"},
		{"pinned out of a frozen range", entries{frozen("-", "a", "b", "1")}, entries{frozen("-", "a", "b", "1"), live("member:1", "a")}, "- is frozen"},
		{"pinned out as it switches", entries{frozen("-", "a", "b", "1")}, entries{live("-", "b"), live("member:1", "b")}, "- is frozen"},
		{"pinned frozen", entries{live("-", "a")}, entries{live("-", "a"), frozen("member:1", "a", "b", "1")}, "- can't become a part of it"},
		{"unpinned into a frozen range", entries{frozen("-", "a", "b", "1"), live("member:1", "a")}, entries{frozen("-", "a", "b", "1")}, "member:1 can't become a part of it"},
		{"unpinned into a freeze", entries{live("-", "a"), live("member:1", "a")}, entries{frozen("-", "a", "b", "1")}, "member:1 can't become a part of it"},
		{"unpinned while frozen", entries{live("-", "a"), frozen("member:1", "a", "b", "1")}, entries{live("-", "a")}, "member:1 is frozen"},
		{"a pin switched", entries{live("-", "a"), frozen("member:1", "a", "b", "1")}, entries{live("-", "a"), live("member:1", "b")}, ""},
		{"a pin stays as its range switches", entries{frozen("-", "a", "b", "1"), live("member:1", "a")}, entries{live("-", "b"), live("member:1", "a")}, ""},
		{"a pin replaced by another", entries{live("-", "a"), live("member:1", "b")}, entries{live("-", "a"), live("member:2", "b")}, "from shard b to a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, next := mapOf(t, 7, tc.old), mapOf(t, 8, tc.next)
			err := m.CheckNext(next)
			switch {
			case tc.why == "" && err != nil:
				t.Error(err)
			case tc.why != "" && (err == nil || !strings.Contains(err.Error(), tc.why)):
				t.Errorf("error %v; want one that says %q", err, tc.why)
			}
		})
	}
}

func mapOf(t testing.TB, epoch uint64, entries []shard.Entry) *shard.Map {
	t.Helper()
	d := document()
	d.Epoch, d.Ranges, d.Pins = epoch, nil, nil
	for _, e := range entries {
		if e.Span.IsPin() {
			d.Pins = append(d.Pins, e)
		} else {
			d.Ranges = append(d.Ranges, e)
		}
	}
	return mustMap(t, d)
}

func TestCheckNextOfAnotherMap(t *testing.T) {
	m := mustMap(t, document())
	for _, tc := range []struct {
		edit func(*shard.Document)
		why  string
	}{
		{func(d *shard.Document) { d.Epoch = 7 }, "the map of epoch 7 can't follow the one of epoch 7: the next epoch is 8"},
		{func(d *shard.Document) { d.Epoch = 9 }, "the next epoch is 8"},
		{func(d *shard.Document) { d.Epoch = 6 }, "the next epoch is 8"},
		{func(d *shard.Document) { d.Cluster = "other" }, "it is of cluster other, not 2f0c9a"},
		{func(d *shard.Document) { d.Members.Type = shard.String }, "its members are of type string, not integer"},
	} {
		d := document()
		d.Epoch = 8
		tc.edit(&d)
		if err := m.CheckNext(mustMap(t, d)); err == nil || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("error %v; want one that says %q", err, tc.why)
		}
	}
}

package shard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
)

func TestNewRefuses(t *testing.T) {
	entry := func(s, owner string) shard.Entry { return shard.Entry{Span: span(s), Shard: owner} }
	frozen := func(f shard.Freeze) func(*shard.Document) {
		return func(d *shard.Document) { d.Ranges[0].Frozen = &f }
	}
	for _, tc := range []struct {
		name string
		edit func(*shard.Document)
		why  string
	}{
		{"newer format", func(d *shard.Document) { d.Format++ }, "format 2"},
		{"no format", func(d *shard.Document) { d.Format = 0 }, "format 0"},
		{"no epoch", func(d *shard.Document) { d.Epoch = 0 }, "epoch is 0"},
		{"no cluster", func(d *shard.Document) { d.Cluster = "" }, "a cluster has no name"},
		{"cluster not text", func(d *shard.Document) { d.Cluster = "\xff" }, "not plain text"},
		{"year 10000", func(d *shard.Document) { d.Change.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "year 10000"},
		{"member type", func(d *shard.Document) { d.Members.Type = "float" }, `"float" is neither`},
		{"no member column", func(d *shard.Document) { d.Members.Column = "" }, "a member column has no name"},

		{"no ranges", func(d *shard.Document) { d.Ranges = nil }, "no ranges"},
		{"gap before", func(d *shard.Document) { d.Ranges[0] = entry("01-80", "a") }, "no range covers 0000000000000000 to 0100000000000000"},
		{"gap between", func(d *shard.Document) { d.Ranges[0] = entry("-7f", "a") }, "no range covers 7f00000000000000 to 8000000000000000"},
		{"gap after", func(d *shard.Document) { d.Ranges[1] = entry("80-ff", "b") }, "no range covers ff00000000000000 to the end"},
		{"overlap", func(d *shard.Document) { d.Ranges[0] = entry("-81", "a") }, "range 80- overlaps range -81"},
		{"overlap with the rest", func(d *shard.Document) { d.Ranges = append(d.Ranges, entry("c0-", "a")) }, "range c0- overlaps range 80-"},
		{"twice", func(d *shard.Document) { d.Ranges = append(d.Ranges, d.Ranges[0]) }, "range -80 overlaps range -80"},
		{"empty range", func(d *shard.Document) { d.Ranges[0].Span.Range = shard.Range{Start: 9, End: 9} }, "is empty"},
		{"range backwards", func(d *shard.Document) { d.Ranges[0].Span.Range = shard.Range{Start: 9, End: 8} }, "is empty"},
		{"pin among ranges", func(d *shard.Document) { d.Ranges[0] = entry("member:1", "a") }, "member:1 stands among the ranges"},
		{"range among pins", func(d *shard.Document) { d.Pins[0] = entry("-80", "a") }, "range -80 stands among the pins"},
		{"pinned twice", func(d *shard.Document) { d.Pins = append(d.Pins, entry("member:7", "c")) }, "member 7 is pinned twice"},
		{"pin of another type", func(d *shard.Document) { d.Pins[0] = entry("member:alice", "a") }, `"alice" is not an integer`},

		{"unknown shard", func(d *shard.Document) { d.Ranges[0].Shard = "x" }, `-80 is owned by shard "x", which the map does not have`},
		{"pin's unknown shard", func(d *shard.Document) { d.Pins[0].Shard = "x" }, `member:7 is owned by shard "x"`},
		{"frozen for unknown", frozen(freeze("x", "1")), `-80 is frozen for shard "x", which the map does not have`},
		{"frozen for its owner", frozen(freeze("a", "1")), "owns it already"},
		{"frozen without attempt", frozen(freeze("b", "")), "without an attempt's id"},
		{"frozen without deadline", frozen(shard.Freeze{To: "b", Attempt: "1"}), "without a deadline"},
		{"frozen for ever", frozen(shard.Freeze{To: "b", Attempt: "1", Deadline: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}), "year 10000"},

		{"no primary", func(d *shard.Document) { d.Shards[0].Primary = shard.Instance{} }, "shard a has no primary"},
		{"shard twice", func(d *shard.Document) { d.Shards[1].Name = "a" }, "shard a is there twice"},
		{"server twice", func(d *shard.Document) { d.Shards[1].Primary = d.Shards[0].Primary }, "shards a and b both have the server 10.0.0.1:3306/app"},
		{"replica twice", func(d *shard.Document) { d.Shards[1].Replicas = d.Shards[0].Replicas }, "shards a and b both have the server 10.0.1.1:3306/app"},
		{"primary its own replica", func(d *shard.Document) { d.Shards[0].Replicas[0] = d.Shards[0].Primary }, "both have the server"},
		{"shard without name", func(d *shard.Document) { d.Shards[0].Name = "" }, "a shard has no name"},
		{"shard's long name", func(d *shard.Document) { d.Shards[0].Name = strings.Repeat("x", 65) }, "the limit is 64"},
		{"shard's odd name", func(d *shard.Document) { d.Shards[0].Name = "a b" }, "letters, digits"},
		{"no database", func(d *shard.Document) { d.Shards[0].Database = "" }, "shard a: a database has no name"},
		{"negative weight", func(d *shard.Document) { d.Shards[0].Weight = -1 }, "it can't be negative"},
		{"UUID not text", func(d *shard.Document) { d.Shards[0].Primary.UUID = "\x1b[2J" }, "not plain text"},
		{"no port", func(d *shard.Document) { d.Shards[0].Primary.Address = "db1" }, `address "db1" is not HOST:PORT`},
		{"no host", func(d *shard.Document) { d.Shards[0].Primary.Address = ":3306" }, "is not HOST:PORT"},
		{"bare IPv6", func(d *shard.Document) { d.Shards[0].Primary.Address = "fd00::3" }, "is not HOST:PORT"},
		{"host not text", func(d *shard.Document) { d.Shards[0].Primary.Address = "db\xff:3306" }, "is not HOST:PORT"},
		{"port 0", func(d *shard.Document) { d.Shards[0].Primary.Address = "db1:0" }, "1 to 65535"},
		{"port 65536", func(d *shard.Document) { d.Shards[0].Primary.Address = "db1:65536" }, "1 to 65535"},
		{"port by name", func(d *shard.Document) { d.Shards[0].Replicas[0].Address = "db1:mysql" }, "1 to 65535"},

		{"table twice", func(d *shard.Document) { d.Tables[1].Name = "contacts" }, "table contacts is there twice"},
		{"table without name", func(d *shard.Document) { d.Tables[1].Name = "" }, "a table has no name"},
		{"table of no kind", func(d *shard.Document) { d.Tables[1].Kind = "" }, "must be sharded, reference or global"},
		{"sharded by nothing", func(d *shard.Document) { d.Tables[0].MemberColumn = "" }, "contacts has no member column"},
		{"sharded on a shard", func(d *shard.Document) { d.Tables[0].Shard = "a" }, "contacts names a shard"},
		{"reference by member", func(d *shard.Document) { d.Tables[1].MemberColumn = "id" }, "countries has a member column"},
		{"reference on a shard", func(d *shard.Document) { d.Tables[1].Shard = "a" }, "countries names a shard"},
		{"global nowhere", func(d *shard.Document) { d.Tables[2].Shard = "" }, `settings lives on shard ""`},
		{"global on unknown", func(d *shard.Document) { d.Tables[2].Shard = "x" }, `settings lives on shard "x"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := document()
			tc.edit(&d)
			m, err := shard.New(d)
			if err == nil || !strings.Contains(err.Error(), tc.why) || !strings.HasPrefix(err.Error(), "shard map of epoch ") {
				t.Errorf("error %v; want one that says %q", err, tc.why)
			}
			if m != nil {
				t.Error("a map is given in spite of the error")
			}
		})
	}
}

// The order in which a document lists things makes no other map.
func TestNewPutsInOrder(t *testing.T) {
	d := document()
	want := mustMap(t, document())
	d.Shards[0], d.Shards[2] = d.Shards[2], d.Shards[0]
	d.Ranges[0], d.Ranges[1] = d.Ranges[1], d.Ranges[0]
	d.Pins[0], d.Pins[1] = d.Pins[1], d.Pins[0]
	d.Tables[0], d.Tables[2] = d.Tables[2], d.Tables[0]
	d.Change.Time = d.Change.Time.In(time.FixedZone("somewhere", 3600))
	if got := mustMap(t, d); got.Digest() != want.Digest() {
		t.Errorf("the map is\n%s\nnot\n%s", got.Text(), want.Text())
	}
}

func TestPinsAreSortedByValue(t *testing.T) {
	d := document()
	d.Members.Type = shard.String
	d.Pins = nil
	want := []string{"-10", "-2", "2", "10", "18446744073709551615", "02", "alice", "bob"}
	for i := range want {
		d.Pins = append(d.Pins, shard.Entry{Span: span("member:" + want[(i*3)%len(want)]), Shard: "a"})
	}
	var got []string
	for _, e := range mustMap(t, d).Entries() {
		if e.Span.IsPin() {
			got = append(got, e.Span.Pin.String())
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("pins are in the order %q", got)
	}
}

package shard_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// Each edit: what it says changed, or why it is refused.
func TestEdits(t *testing.T) {
	newShard := shard.Shard{Name: "d", Database: "app", Primary: shard.Instance{Address: "10.0.0.4:3306"}}
	type edit = func(*shard.Map) (*shard.Map, error)
	c := change("test")
	freezeLow := func(m *shard.Map) (*shard.Map, error) { return m.Freeze(c, span("-80"), freeze("c", "job1/1")) }
	low, high := span("-80").Range, span("80-").Range
	for _, tc := range []struct {
		name  string
		first edit // made before, to get there
		edit  edit
		want  string // the lines of Diff, joined by "; "
		fails string
	}{
		{name: "cut", edit: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0x40<<56) },
			want: "- range -80: a; + range -40: a; + range 40-80: a"},
		{name: "cut at a border", edit: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0x80<<56) }, fails: "not inside it"},
		{name: "cut at the start", edit: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0) }, fails: "not inside it"},
		{name: "cut frozen", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0x40<<56) }, fails: "borders must stay"},
		{name: "cut beside frozen", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0xc0<<56) },
			want: "- range 80-: b; + range 80-c0: b; + range c0-: b"},

		{name: "join", first: func(m *shard.Map) (*shard.Map, error) { return m.Cut(c, 0x40<<56) },
			edit: func(m *shard.Map) (*shard.Map, error) { return m.Join(c, span("-40").Range, span("40-80").Range) },
			want: "- range -40: a; - range 40-80: a; + range -80: a"},
		{name: "join in the wrong order", edit: func(m *shard.Map) (*shard.Map, error) { return m.Join(c, high, low) }, fails: "not neighbours"},
		{name: "join with itself", edit: func(m *shard.Map) (*shard.Map, error) { return m.Join(c, low, low) }, fails: "not neighbours"},
		{name: "join of two shards", edit: func(m *shard.Map) (*shard.Map, error) { return m.Join(c, low, high) }, fails: "move one of them first"},
		{name: "join of unknown", edit: func(m *shard.Map) (*shard.Map, error) { return m.Join(c, low, span("80-90").Range) }, fails: "no entry 80-90"},

		{name: "pin", edit: func(m *shard.Map) (*shard.Map, error) { return m.Pin(c, shard.Int(10)) }, want: "+ pin 10: a"},
		{name: "pin again", edit: func(m *shard.Map) (*shard.Map, error) { return m.Pin(c, shard.Int(7)) }, fails: "pinned already, to shard b"},
		{name: "pin of another type", edit: func(m *shard.Map) (*shard.Map, error) { return m.Pin(c, mustMember(t, "x")) }, fails: "not an integer"},
		{name: "pin of nobody", edit: func(m *shard.Map) (*shard.Map, error) { return m.Pin(c, shard.Member{}) }, fails: "empty"},
		{name: "pin out of frozen", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Pin(c, shard.Int(10)) }, fails: "-80 is frozen"},
		{name: "unpin", edit: func(m *shard.Map) (*shard.Map, error) { return m.Unpin(c, shard.Int(7)) }, want: "- pin 7: b"},
		{name: "unpin elsewhere", edit: func(m *shard.Map) (*shard.Map, error) { return m.Unpin(c, shard.Int(-7)) }, fails: "pinned to shard a and its range 80- is on b: move the member there first"},
		{name: "unpin a stranger", edit: func(m *shard.Map) (*shard.Map, error) { return m.Unpin(c, shard.Int(8)) }, fails: "member 8 is not pinned"},
		{name: "unpin nobody", edit: func(m *shard.Map) (*shard.Map, error) { return m.Unpin(c, shard.Member{}) }, fails: "not pinned"},
		{name: "unpin into frozen", first: func(m *shard.Map) (*shard.Map, error) { return m.Freeze(c, span("80-"), freeze("c", "1")) },
			edit: func(m *shard.Map) (*shard.Map, error) { return m.Unpin(c, shard.Int(7)) }, fails: "member:7 can't become a part of it"},

		{name: "freeze", edit: freezeLow, want: "~ range -80: a -> a, frozen for c by attempt job1/1"},
		{name: "freeze a pin", edit: func(m *shard.Map) (*shard.Map, error) { return m.Freeze(c, span("member:7"), freeze("c", "1")) },
			want: "~ pin 7: b -> b, frozen for c by attempt 1"},
		{name: "freeze twice", first: freezeLow, edit: freezeLow, fails: "-80 is frozen by attempt job1/1 already"},
		{name: "freeze unknown", edit: func(m *shard.Map) (*shard.Map, error) { return m.Freeze(c, span("-40"), freeze("c", "1")) }, fails: "no entry -40"},
		{name: "switch", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Switch(c, span("-80"), "job1/1") },
			want: "~ range -80: a, frozen for c by attempt job1/1 -> c"},
		{name: "switch of another attempt", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Switch(c, span("-80"), "job1/2") }, fails: "not frozen by attempt job1/2"},
		{name: "switch of live", edit: func(m *shard.Map) (*shard.Map, error) { return m.Switch(c, span("-80"), "") }, fails: "not frozen"},
		{name: "abort", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.Abort(c, span("-80"), "job1/1") },
			want: "~ range -80: a, frozen for c by attempt job1/1 -> a"},

		{name: "add shard", edit: func(m *shard.Map) (*shard.Map, error) { return m.AddShard(c, newShard) }, want: "+ shard d: app, primary 10.0.0.4:3306"},
		{name: "add shard again", edit: func(m *shard.Map) (*shard.Map, error) {
			return m.AddShard(c, shard.Shard{Name: "a", Database: "x", Primary: newShard.Primary})
		}, fails: "shard a is there twice"},
		{name: "set shard", edit: func(m *shard.Map) (*shard.Map, error) {
			s, _ := m.Shard("b")
			s.Draining, s.Weight = true, 3
			return m.SetShard(c, s)
		}, want: "~ shard b: app, primary 10.0.0.2:3306 -> app, primary 10.0.0.2:3306, draining, weight 3"},
		{name: "set unknown shard", edit: func(m *shard.Map) (*shard.Map, error) { return m.SetShard(c, newShard) }, fails: `no shard "d"`},
		{name: "remove shard", edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveShard(c, "c") }, want: "- shard c: app, primary [fd00::3]:3306"},
		{name: "remove owner", edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveShard(c, "b") }, fails: "shard b owns 80-"},
		{name: "remove target", first: freezeLow, edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveShard(c, "c") }, fails: "shard c owns -80"},
		{name: "remove unknown shard", edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveShard(c, "d") }, fails: `no shard "d"`},
		{name: "remove table's shard", first: func(m *shard.Map) (*shard.Map, error) {
			return m.SetTables(c, shard.Table{Name: "jobs", Kind: shard.Global, Shard: "c"})
		}, edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveShard(c, "c") }, fails: "global table jobs lives on shard c"},

		{name: "set tables", edit: func(m *shard.Map) (*shard.Map, error) {
			return m.SetTables(c, shard.Table{Name: "countries", Kind: shard.Global, Shard: "b"}, shard.Table{Name: "messages", Kind: shard.Sharded, MemberColumn: "source"})
		}, want: "~ table countries: reference -> global on b; + table messages: sharded by source"},
		{name: "remove table", edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveTable(c, "contacts") }, want: "- table contacts: sharded by member_id"},
		{name: "remove unknown table", edit: func(m *shard.Map) (*shard.Map, error) { return m.RemoveTable(c, "nope") }, fails: `no table "nope"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := mustMap(t, document())
			if tc.first != nil {
				var err error
				if m, err = tc.first(m); err != nil {
					t.Fatal(err)
				}
			}
			before := string(m.Text())
			next, err := tc.edit(m)
			if string(m.Text()) != before {
				t.Errorf("the edit changed the map it was made from:\n%s", m.Text())
			}
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) || next != nil {
					t.Errorf("error %v, map %v; want an error that says %q", err, next, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if next.Epoch() != m.Epoch()+1 || next.Change() != c {
				t.Errorf("epoch %d became %d by %+v", m.Epoch(), next.Epoch(), next.Change())
			}
			var lines []string
			for _, d := range shard.Diff(m, next) {
				lines = append(lines, d.String())
			}
			if got := strings.Join(lines, "; "); got != tc.want {
				t.Errorf("what changed:\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

// What the caller does to the shard it gave, or got, changes no map.
func TestEditsKeepNothingOfTheCallers(t *testing.T) {
	m := mustMap(t, document())
	s, _ := m.Shard("a")
	s.Replicas = append([]shard.Instance(nil), s.Replicas...)
	next, err := m.SetShard(change("set"), s)
	if err != nil {
		t.Fatal(err)
	}
	before := next.Digest()
	s.Replicas[0].Address = "10.9.9.9:1"
	d := next.Document()
	d.Shards[0].Replicas[0].Address = "10.9.9.9:2"
	d.Ranges[0].Shard, d.Pins[0].Shard, d.Tables[0].Name = "c", "c", "x"
	if next.Digest() != before {
		t.Errorf("the map changed:\n%s", next.Text())
	}
}

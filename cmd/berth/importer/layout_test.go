package importer_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/cmd/berth/importer"
	"github.com/berthdb/berth/shard"
)

var contacts = importer.Names{
	Table:   shard.Table{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id"},
	Columns: []string{"member_id", "id", "name"}, Members: shard.Integer,
}

func TestNewLayoutRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		header []string
		change func(*importer.Names)
		says   string
	}{
		{"no member", []string{"id", "name"}, nil, "no column of the file is the member column member_id"},
		{"a name twice", []string{"member_id", "id", "id"}, nil, "each needs a name of its own"},
		{"an empty name", []string{"member_id", ""}, nil, "each needs a name of its own"},
		{"bad UTF-8", []string{"member_id", "\xff"}, nil, "not valid UTF-8"},
		{"unknown column", []string{"member_id", "age"}, nil, "has no column age"},
		{"mapped from nowhere", []string{"member_id"}, func(n *importer.Names) { n.Map = map[string]string{"id": "nr"} }, "the file has no column nr"},
		{"mapped to nowhere", []string{"member_id", "nr"}, func(n *importer.Names) { n.Map = map[string]string{"number": "nr"} }, "has no column number"},
		{"filled twice", []string{"member_id", "id", "nr"}, func(n *importer.Names) { n.Map = map[string]string{"id": "nr"} }, "filled twice"},
		{"skip of nothing", []string{"member_id"}, func(n *importer.Names) { n.Skip = []string{"x"} }, "no such column"},
		{"line into a filled column", []string{"member_id", "id"}, func(n *importer.Names) { n.LineColumn = "id" }, "filled twice"},
		{"line as member", []string{"id"}, func(n *importer.Names) { n.LineColumn = "member_id" }, "can't be the line's number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := contacts
			if c.change != nil {
				c.change(&n)
			}
			if _, err := importer.NewLayout(c.header, n); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, and it should say %q", err, c.says)
			}
		})
	}
}

func TestLayoutRow(t *testing.T) {
	null := `\N`
	n := contacts
	n.Map, n.LineColumn, n.Null = map[string]string{"MEMBER_ID": "m"}, "id", &null
	l, err := importer.NewLayout([]string{"name", "m"}, n)
	if err != nil {
		t.Fatal(err)
	}
	row, problem := l.Row(importer.Record{Line: 9, Fields: []string{`\N`, "42"}})
	if problem != "" || row.Member != shard.Int(42) || row.Values[0] != nil || row.Values[1] != int64(42) || row.Values[2] != int64(9) {
		t.Errorf("got %v, %q", row, problem)
	}
	for _, c := range []struct {
		name   string
		record importer.Record
		says   string
	}{
		{"short", importer.Record{Fields: []string{"a"}}, "it has 1 fields and the header has 2"},
		{"long", importer.Record{Fields: []string{"a", "1", "b"}}, "it has 3 fields"},
		{"bad UTF-8", importer.Record{Fields: []string{"a\xff", "1"}}, "column name is not valid UTF-8"},
		{"bad UTF-8 as member", importer.Record{Fields: []string{"a", "\xff"}}, "column m is not valid UTF-8"},
		{"no member", importer.Record{Fields: []string{"a", ""}}, "column m: bad member id: it is empty"},
		{"a member that is none", importer.Record{Fields: []string{"a", "042"}}, "is not an integer in its plain form"},
		{"NULL for a member", importer.Record{Fields: []string{"a", `\N`}}, "bad member id"},
		{"unreadable", importer.Record{Problem: "a quote is missing"}, "a quote is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problem := l.Row(c.record); !strings.Contains(problem, c.says) {
				t.Errorf("got %q, and it should say %q", problem, c.says)
			}
		})
	}
}

package scope_test

import (
	"database/sql/driver"
	"testing"
	"time"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

// document is a map with sharded tables contacts, messages and notes (whose
// member column is owner_id), reference tables countries and labels, and a
// global table on each shard.
func document(members shard.MemberType) shard.Document {
	span, err := shard.ParseSpan("-")
	if err != nil {
		panic(err)
	}
	return shard.Document{
		Format:  shard.Format,
		Cluster: "2f0c9a",
		Epoch:   1,
		Change:  shard.Change{Author: "dba@db1", Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Action: "test"},
		Members: shard.Members{Type: members, Column: "member_id"},
		Shards: []shard.Shard{
			{Name: "a", Database: "app", Primary: shard.Instance{Address: "10.0.0.1:3306"}},
			{Name: "b", Database: "app", Primary: shard.Instance{Address: "10.0.0.2:3306"}},
		},
		Ranges: []shard.Entry{{Span: span, Shard: "a"}},
		Tables: []shard.Table{
			{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
			{Name: "countries", Kind: shard.Reference},
			{Name: "labels", Kind: shard.Reference},
			{Name: "legacy", Kind: shard.Sharded, MemberColumn: "member_id"},
			{Name: "messages", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true},
			{Name: "notes", Kind: shard.Sharded, MemberColumn: "owner_id", OwnKeys: true},
			{Name: "plans", Kind: shard.Global, Shard: "b"},
			{Name: "settings", Kind: shard.Global, Shard: "a"},
		},
	}
}

func mustMap(t testing.TB, d shard.Document) *shard.Map {
	t.Helper()
	m, err := shard.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func catalogue(t testing.TB, members shard.MemberType) *scope.Catalogue {
	t.Helper()
	return scope.NewCatalogue(mustMap(t, document(members)))
}

func newParser(t testing.TB) *scope.Parser {
	t.Helper()
	p, err := scope.New(scope.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// args makes driver arguments.
func args(values ...any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(values))
	for i, v := range values {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

// member is what a statement is tied to with these arguments.
func member(p *scope.Parser, c *scope.Catalogue, sql string, values ...any) (shard.Member, error) {
	stmt, err := p.Parse(sql)
	if err != nil {
		return shard.Member{}, err
	}
	s, err := stmt.Scope(c)
	if err != nil {
		return shard.Member{}, err
	}
	return s.Member(args(values...))
}

package scope

import (
	"database/sql/driver"
	"slices"

	"github.com/berthdb/berth/shard"
)

// Class says where a statement belongs.
type Class uint8

const (
	None      Class = iota // no table: any shard answers the same
	Member                 // the home of one member
	Reference              // reads any shard; writes belong on all of them
	Global                 // the shard that Scope.Shard names
)

var classNames = [...]string{"none", "member", "reference", "global"}

// String is the class in lower case.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// TableUse is one table of a statement.
type TableUse struct {
	Name    string
	Kind    shard.TableKind
	Written bool
}

// Scope is what a statement needs to be routed, under one catalogue. It never
// changes; callers must not change its slices.
type Scope struct {
	Class  Class
	Shard  string // where the tables live, when Class is Global
	Tables []TableUse
	// Upsert: REPLACE, or INSERT … ON DUPLICATE KEY UPDATE, of a sharded
	// table, each of whose unique keys holds the member column.
	Upsert bool

	members shard.MemberType
	params  int
	literal shard.Member // zero if no literal names the member
	sources []source     // the parameters that name it, each once
}

// scope puts together what the analysis found.
func (a *analysis) scope() (*Scope, error) {
	s := &Scope{Upsert: a.upserts, members: a.catalogue.members, params: a.stmt.params}
	written := map[shard.TableKind]bool{}
	for _, t := range a.tables {
		s.note(t)
		written[t.Kind] = written[t.Kind] || t.written
		switch t.Kind {
		case shard.Sharded:
			s.Class = Member
		case shard.Global:
			if s.Shard != "" && s.Shard != t.Shard {
				return nil, a.refuse(Mixed, "it uses global tables of two shards, "+s.Shard+" and "+t.Shard)
			}
			s.Shard = t.Shard
		}
		for _, src := range t.sources {
			if err := s.add(src, a.stmt.sql); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case s.Class == Member && s.Shard != "":
		return nil, a.refuse(Mixed, "it uses sharded tables and a global one, which need not be on one server; use two statements")
	case (s.Class == Member || s.Shard != "") && written[shard.Reference]:
		return nil, a.refuse(Mixed, "it writes a reference table, which is on all shards, by way of tables that are on one; use two statements")
	case s.Class == Member && a.system:
		return nil, a.refuse(OtherDatabase, "it reads information_schema together with a member's rows; use two statements")
	case s.Class == Member:
	case s.Shard != "":
		s.Class = Global
	case len(a.tables) > 0:
		s.Class = Reference
	}
	return s, nil
}

func (s *Scope) note(t *table) {
	for i := range s.Tables {
		if s.Tables[i].Name == t.Name {
			s.Tables[i].Written = s.Tables[i].Written || t.written
			return
		}
	}
	s.Tables = append(s.Tables, TableUse{Name: t.Name, Kind: t.Kind, Written: t.written})
}

func (s *Scope) add(src source, sql string) error {
	if src.param == 0 {
		if !s.literal.IsZero() && s.literal != src.member {
			return &TwoMembersError{First: s.literal.String(), Second: src.member.String(), Statement: excerpt(sql)}
		}
		s.literal = src.member
		return nil
	}
	// A sorted list: a bulk insert has a parameter for each row.
	i, found := slices.BinarySearchFunc(s.sources, src.param, func(x source, param int) int { return x.param - param })
	if found {
		s.sources[i].weak = s.sources[i].weak || src.weak
		return nil
	}
	s.sources = slices.Insert(s.sources, i, src)
	return nil
}

// Literal is the member that the text itself names, if it does.
func (s *Scope) Literal() (shard.Member, bool) { return s.literal, !s.literal.IsZero() }

// Member is the one member that the statement is tied to with these
// arguments. It fails with *ArgumentsError, *ValueError or *TwoMembersError,
// and for a scope of another class with *RefusedError. With integer arguments
// it does not allocate.
func (s *Scope) Member(args []driver.NamedValue) (shard.Member, error) {
	if s.Class != Member {
		return shard.Member{}, &RefusedError{Reason: NotScopable, Why: "it has no sharded table, so it names no member"}
	}
	if len(args) != s.params {
		return shard.Member{}, &ArgumentsError{Have: len(args), Want: s.params}
	}
	member := s.literal
	for i := range s.sources {
		src := &s.sources[i]
		arg := &args[src.param-1]
		if arg.Name != "" || arg.Ordinal != src.param && arg.Ordinal != 0 {
			return shard.Member{}, &ArgumentsError{Have: len(args), Want: s.params, Named: arg.Name}
		}
		m, err := s.value(arg.Value, src)
		if err != nil {
			return shard.Member{}, err
		}
		if !member.IsZero() && m != member {
			return shard.Member{}, &TwoMembersError{First: member.String(), Second: m.String()}
		}
		member = m
	}
	return member, nil
}

package scope

import (
	"strings"

	"github.com/berthdb/berth/shard"
	"vitess.io/vitess/go/vt/sqlparser"
)

// analysis is one pass over a statement under one catalogue. It walks the
// query blocks from the inside out of FROM, and from the outside in elsewhere:
// derived tables before the block that reads them, subqueries of expressions
// after the tables of their block are tied, so that they can lean on them.
type analysis struct {
	catalogue *Catalogue
	stmt      *Statement
	tables    []*table // every use of a base table
	upserts   bool     // REPLACE or ON DUPLICATE KEY UPDATE of a sharded table
	system    bool     // information_schema is read
}

// table is one use of a base table in a statement.
type table struct {
	shard.Table
	alias   string   // the name its columns go by
	where   string   // the clause a missing predicate belongs in
	sources []source // what ties it, once it is tied
	written bool
	note    string // why a predicate that is there does not tie it
}

func (t *table) isMemberColumn(column string) bool {
	return t.Kind == shard.Sharded && lower(column) == lower(t.MemberColumn)
}

func (a *analysis) refuse(r Reason, why string) error {
	return &RefusedError{Reason: r, Why: why, Statement: excerpt(a.stmt.sql)}
}

// use looks a base table up and notes its use.
func (a *analysis) use(name sqlparser.TableName, alias string) (*table, error) {
	n, db := name.Name.String(), name.Qualifier.String()
	if strings.HasPrefix(lower(n), "_berth") || strings.HasPrefix(lower(db), "_berth") {
		return nil, a.refuse(OtherDatabase, "tables whose name begins with _berth are Berth's own; use berth's commands")
	}
	if lower(db) == "information_schema" {
		if !schemaViews[lower(n)] {
			return nil, a.refuse(OtherDatabase, "information_schema."+n+" tells about the server or its data, not the schema; use Unscoped and name the shard")
		}
		a.system = true
		return nil, nil
	}
	if db != "" {
		return nil, a.refuse(OtherDatabase, "table "+db+"."+n+" is named with a database, and which one that is differs by shard; name the table alone")
	}
	t, ok := a.catalogue.tables[n]
	if !ok {
		return nil, &UnknownTableError{Table: n, Near: a.catalogue.folded[lower(n)], Statement: excerpt(a.stmt.sql)}
	}
	use := &table{Table: t, alias: n, where: "WHERE"}
	if alias != "" {
		use.alias = alias
	}
	a.tables = append(a.tables, use)
	return use, nil
}

// schemaViews are the views of information_schema that say the same on every
// shard. Others show other sessions' statements (PROCESSLIST) or values out of
// tables (COLUMN_STATISTICS).
var schemaViews = set("tables columns statistics key_column_usage table_constraints referential_constraints check_constraints " +
	"schemata views character_sets collations collation_character_set_applicability engines keywords")

// statement analyses a whole read or write.
func (a *analysis) statement(tree sqlparser.Statement) error {
	switch tree := tree.(type) {
	case *sqlparser.Insert:
		return a.insert(tree)
	case *sqlparser.Update:
		return a.update(tree)
	case *sqlparser.Delete:
		return a.delete(tree)
	case sqlparser.TableStatement:
		_, err := a.query(tree, nil, nil)
		return err
	}
	reason, why := Other.refusal()
	return a.refuse(reason, why)
}

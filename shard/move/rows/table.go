package rows

import (
	"slices"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Table is the shape of one sharded table on one server.
type Table struct {
	Name     string
	Database string
	Member   string // the member column, spelled as the table does

	// Missing says that the catalogue lists the table and the database does
	// not have it. All that follows is empty then.
	Missing bool

	Columns    []Column       // in the table's order, generated and invisible ones too
	PrimaryKey []string       // its columns in order
	Unique     []instance.Key // the other unique keys; a functional part is "(EXPRESSION)", a prefix "COLUMN(LENGTH)"
	// MemberIndex is the index that rows of a member are found by: "PRIMARY",
	// or the best other one that begins with the member column. Empty: none.
	MemberIndex string

	Definition   string // SHOW CREATE TABLE, without the AUTO_INCREMENT counter
	Engine       string
	Partitioned  bool
	ForeignKeys  []ForeignKey // from this table
	ReferencedBy []ForeignKey // from other tables to this one
	Triggers     []Trigger
	Checks       []string // enforced CHECK constraints, as "NAME: CLAUSE"

	walk   []Column // the order of a member's rows in MemberIndex, or in the primary key
	sorted bool     // that order is not the index's, so the server has to sort
}

// Column is one column of a table.
type Column struct {
	Name         string
	Type         string // as in its definition: "bigint unsigned", "enum('a','b')"
	DataType     string // the bare type in lower case: "bigint"
	CharacterSet string // of character types, enum and set; else empty
	Collation    string // likewise
	Unsigned     bool
	Nullable     bool
	Generated    Generated
	Expression   string // of a generated column
	Invisible    bool
	// AutoIncrement: the server gives it a number when none is given.
	AutoIncrement bool
	Default       string // the literal in quotes, or the expression; empty: none, or NULL
	OnUpdate      string // ON UPDATE CURRENT_TIMESTAMP(…), or empty
}

// Generated says how a column's value comes about.
type Generated string

const (
	NotGenerated Generated = ""
	Virtual      Generated = "virtual" // computed when read
	Stored       Generated = "stored"  // computed when written
)

// ForeignKey ties Columns of Table to RefColumns of RefTable.
type ForeignKey struct {
	Name       string
	Table      string // DATABASE.TABLE when it is in another one
	Columns    []string
	RefTable   string // likewise
	RefColumns []string
	OnDelete   string // CASCADE, SET NULL, NO ACTION, RESTRICT
	OnUpdate   string

	// RefKind and RefMember are what the catalogue says of RefTable; empty for
	// a table that it does not list.
	RefKind   shard.TableKind
	RefMember string
}

// Trigger is one trigger on a table.
type Trigger struct {
	Name, Timing, Event string // "noisy", "BEFORE", "INSERT"
	Statement           string
}

// Column finds a column by name, as MySQL does: whatever the case.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Column{}, false
}

// MemberType is the type of member ids that the member column holds.
func (t Table) MemberType() shard.MemberType {
	if c, _ := t.Column(t.Member); c.isInteger() {
		return shard.Integer
	}
	return shard.String
}

// sharedKeys are the unique keys without the member column.
func (t Table) sharedKeys() (shared []instance.Key) {
	keys := append([]instance.Key{{Name: "PRIMARY", Columns: t.PrimaryKey}}, t.Unique...)
	for _, k := range keys {
		if !holds(k.Columns, t.Member) {
			shared = append(shared, k)
		}
	}
	return shared
}

// written are the columns that a row is written with: all but the generated
// ones, which the target computes from the others.
func (t Table) written() []Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Generated != NotGenerated })
}

func holds(columns []string, name string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, name) })
}

// name is the table's name as SQL writes it. It is for connections that are in
// the shard's database, whose name the servers need not share.
func (t Table) name() string { return quoteName(t.Name) }

// quoteName writes a name so that SQL takes any.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

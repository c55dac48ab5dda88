package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard"
)

// Problems says why rows of the table can't be moved, each with its fix.
func (t Table) Problems() (problems []string) {
	report := func(format string, args ...any) {
		problems = append(problems, "table "+t.Name+": "+fmt.Sprintf(format, args...))
	}
	if t.Missing {
		report("database %s does not have it; create it as the other shards have it, or take it out of the catalogue (berth table list)", t.Database)
		return problems
	}
	if !strings.EqualFold(t.Engine, "InnoDB") {
		report("its engine is %s, which has no transactions; ALTER TABLE %s ENGINE = InnoDB", t.Engine, t.name())
	}
	t.memberProblems(report)
	t.keyProblems(report)
	for _, c := range t.Columns {
		if c.kind() == other {
			report("column %s is %s, a type that can't be moved yet", c.Name, c.Type)
		}
	}
	for _, r := range t.Triggers {
		if r.Event != "UPDATE" && !strings.Contains(r.Statement, movingVariable) {
			report("trigger %s (%s %s) would fire for the rows that a move writes or removes; let it do nothing where %s is set (IF %s IS NULL THEN … END IF), or drop it",
				r.Name, r.Timing, r.Event, movingVariable, movingVariable)
		}
	}
	for _, f := range t.ForeignKeys {
		t.foreignKeyProblems(f, report)
	}
	for _, f := range t.ReferencedBy {
		if strings.Contains(f.Table, ".") {
			report("foreign key %s of table %s, in another database, refers to it, and that table does not move with it; drop the key: ALTER TABLE %s DROP FOREIGN KEY %s",
				f.Name, f.Table, f.Table, quoteName(f.Name))
		}
	}
	return problems
}

func (t Table) memberProblems(report func(string, ...any)) {
	c, ok := t.Column(t.Member)
	if !ok {
		report("it has no column %s; name its member column: berth table set %s --kind sharded --member-column COLUMN", t.Member, t.Name)
		return
	}
	switch c.kind() {
	case integer:
	case character:
		switch {
		case c.DataType != "char" && c.DataType != "varchar":
			report("its member column %s is %s; make it VARCHAR with the collation utf8mb4_bin", c.Name, c.Type)
		case !strings.HasSuffix(c.Collation, "_bin"):
			report("its member column %s compares as %s does, where different ids are equal; change its collation to utf8mb4_bin", c.Name, c.Collation)
		case !slices.Contains([]string{"utf8mb4", "utf8mb3", "utf8", "ascii"}, c.CharacterSet):
			report("its member column %s is stored in %s, whose bytes are not the id's text; ALTER TABLE %s MODIFY %s %s CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
				c.Name, c.CharacterSet, t.name(), quoteName(c.Name), c.Type)
		}
	default:
		report("its member column %s is %s; member ids are integers, or CHAR or VARCHAR with a binary collation", c.Name, c.Type)
	}
	if c.Nullable {
		report("its member column %s may be NULL, and such a row has no home; ALTER TABLE %s MODIFY %s %s NOT NULL", c.Name, t.name(), quoteName(c.Name), c.Type)
	}
	if c.Generated != NotGenerated {
		report("its member column %s is generated; make it an ordinary column", c.Name)
	}
	if t.MemberIndex == "" {
		report("no index begins with the member column, so a member's rows are found by reading the whole table only; ALTER TABLE %s ADD INDEX (%s)", t.name(), quoteName(c.Name))
	}
}

func (t Table) keyProblems(report func(string, ...any)) {
	switch {
	case len(t.PrimaryKey) == 0:
		report("it has no primary key, by which a move finds rows again; ALTER TABLE %s ADD PRIMARY KEY (%s, …)", t.name(), quoteName(t.Member))
	case !holds(t.PrimaryKey, t.Member):
		var names []string
		var index, why string
		for _, k := range t.PrimaryKey {
			c, ok := t.Column(k)
			if !ok {
				continue // a prefix of the member column
			}
			names = append(names, quoteName(k))
			if c.AutoIncrement { // it must be the first column of some key
				index = ", ADD INDEX (" + quoteName(k) + ")"
				why = fmt.Sprintf(": two shards give out the same AUTO_INCREMENT %s, and rows of different members will collide", k)
			}
		}
		report("its primary key (%s) does not tell members apart%s; ALTER TABLE %s DROP PRIMARY KEY, ADD PRIMARY KEY (%s, %s)%s",
			strings.Join(t.PrimaryKey, ", "), why, t.name(), quoteName(t.Member), strings.Join(names, ", "), index)
	}
	for _, k := range t.sharedKeys() {
		if k.Name != "PRIMARY" {
			report("unique key %s (%s) does not hold the member column: no two shards can keep what it promises, and a row that moves would replace another member's with the same value; make it (%s, %s), or a key that is not unique",
				k.Name, strings.Join(k.Columns, ", "), t.Member, strings.Join(k.Columns, ", "))
		}
	}
}

func (t Table) foreignKeyProblems(f ForeignKey, report func(string, ...any)) {
	drop := fmt.Sprintf("ALTER TABLE %s DROP FOREIGN KEY %s", t.name(), quoteName(f.Name))
	switch {
	case f.RefKind == "":
		report("foreign key %s leads to table %s, which the catalogue does not list as one that the target has; %s", f.Name, f.RefTable, drop)
	case f.RefKind == shard.Global:
		report("foreign key %s leads to table %s, which lives on one shard only; make that a reference table, or %s", f.Name, f.RefTable, drop)
	case f.RefKind == shard.Sharded && !t.tiesMembers(f):
		report("foreign key %s to table %s does not tie the member columns together, so a row may belong to another member, who stays; add them to the key, or %s", f.Name, f.RefTable, drop)
	case changesRows(f.OnDelete) || changesRows(f.OnUpdate):
		report("foreign key %s changes rows by itself (ON DELETE %s ON UPDATE %s), which the binlog does not tell; %s, and ADD it again without", f.Name, f.OnDelete, f.OnUpdate, drop)
	}
}

func (t Table) tiesMembers(f ForeignKey) bool {
	for i, c := range f.Columns {
		if strings.EqualFold(c, t.Member) && strings.EqualFold(f.RefColumns[i], f.RefMember) {
			return true
		}
	}
	return false
}

// changesRows reports whether a foreign key's rule writes to the referring table.
func changesRows(rule string) bool { return rule != "NO ACTION" && rule != "RESTRICT" }

// Warnings says what to know of a table that can be moved.
func (t Table) Warnings() (warnings []string) {
	if t.Missing {
		return nil
	}
	report := func(format string, args ...any) {
		warnings = append(warnings, "table "+t.Name+": "+fmt.Sprintf(format, args...))
	}
	for _, r := range t.Triggers {
		report("trigger %s (%s %s) does nothing for rows that a move writes; what it wrote on the source moves with the tables it wrote to", r.Name, r.Timing, r.Event)
	}
	for _, c := range t.Columns {
		if c.AutoIncrement && holds(t.PrimaryKey, t.Member) {
			report("each shard counts AUTO_INCREMENT column %s for itself, so its values repeat between shards", c.Name)
		}
	}
	if t.MemberIndex != "" && t.sorted {
		report("index %s can't be walked in the order of the primary key, so a member of very many rows is sorted again for each part; ALTER TABLE %s ADD INDEX (%s)",
			t.MemberIndex, t.name(), quoteName(t.Member))
	}
	return warnings
}

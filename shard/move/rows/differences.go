package rows

import (
	"fmt"
	"slices"
	"strings"
)

// Differences says what of the table is different on the source and on the
// target, as far as it matters for a move: rows would not fit, or what the
// application relies on would be gone after the switch. Indexes that are not
// unique, comments and defaults of the table itself do not matter.
func Differences(source, target Table) (differences []string) {
	report := func(format string, args ...any) {
		differences = append(differences, "table "+source.Name+": "+fmt.Sprintf(format, args...))
	}
	switch {
	case source.Missing && target.Missing:
		return nil
	case source.Missing:
		report("the source does not have it")
		return differences
	case target.Missing:
		report("the target does not have it; create it there as on the source: %s", strings.Join(strings.Fields(source.Definition), " "))
		return differences
	}
	compare := func(what string, a, b []string) {
		for _, line := range a {
			if !slices.Contains(b, line) {
				report("%s on the source only: %s", what, line)
			}
		}
		for _, line := range b {
			if !slices.Contains(a, line) {
				report("%s on the target only: %s", what, line)
			}
		}
	}
	if !strings.EqualFold(source.Member, target.Member) {
		report("the member column is %s on the source and %s on the target", source.Member, target.Member)
	}
	a, b := source.columnLines(), target.columnLines()
	compare("column", a, b)
	// The binlog tells values by their place and not by the column's name.
	if len(differences) == 0 && !slices.Equal(a, b) {
		report("the columns are in another order: %s on the source, %s on the target", source.columnNames(), target.columnNames())
	}
	compare("key", source.keyLines(), target.keyLines())
	compare("foreign key", source.foreignKeyLines(), target.foreignKeyLines())
	compare("check", source.Checks, target.Checks)
	compare("trigger", source.triggerLines(), target.triggerLines())
	return differences
}

func (t Table) columnNames() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func (t Table) columnLines() []string {
	lines := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		lines[i] = c.String()
	}
	return lines
}

// String is the column about as in a definition, in one spelling for servers
// of different versions.
func (c Column) String() string {
	var b strings.Builder
	// MySQL before 8.0.19 prints a display width: int(11).
	b.WriteString(quoteName(c.Name) + " " + displayWidth.ReplaceAllString(c.Type, "$1"))
	for _, part := range []struct {
		is   bool
		text string
	}{
		{c.CharacterSet != "", " CHARACTER SET " + strings.Replace(c.CharacterSet+" COLLATE "+c.Collation, "utf8_", "utf8mb3_", 1)},
		{!c.Nullable, " NOT NULL"},
		{c.Generated != NotGenerated, fmt.Sprintf(" AS (%s) %s", c.Expression, strings.ToUpper(string(c.Generated)))},
		{c.Default != "", " DEFAULT " + c.Default},
		{c.OnUpdate != "", " ON UPDATE " + c.OnUpdate},
		{c.AutoIncrement, " AUTO_INCREMENT"},
		{c.Invisible, " INVISIBLE"},
	} {
		if part.is {
			b.WriteString(part.text)
		}
	}
	return b.String()
}

func (t Table) keyLines() []string {
	lines := []string{"PRIMARY KEY (" + strings.Join(t.PrimaryKey, ", ") + ")"}
	for _, k := range t.Unique {
		// Its name is of no weight but in ON DUPLICATE KEY messages.
		lines = append(lines, "UNIQUE KEY ("+strings.Join(k.Columns, ", ")+")")
	}
	return lines
}

func (t Table) foreignKeyLines() (lines []string) {
	for _, f := range t.ForeignKeys {
		lines = append(lines, fmt.Sprintf("(%s) REFERENCES %s (%s) ON DELETE %s ON UPDATE %s",
			strings.Join(f.Columns, ", "), f.RefTable, strings.Join(f.RefColumns, ", "), f.OnDelete, f.OnUpdate))
	}
	return lines
}

func (t Table) triggerLines() (lines []string) {
	for _, r := range t.Triggers {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", r.Name, r.Timing, r.Event, strings.Join(strings.Fields(r.Statement), " ")))
	}
	return lines
}

package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// rowPrinter prints rows as they come. A table needs widths before the last
// row is known: they are those of the first rows.
type rowPrinter struct {
	a      *app
	format string
	shards bool // rows carry their shard's name
	begun  bool // names, kinds and values are set
	n      int

	names   []string
	kinds   []valueKind
	values  []sql.RawBytes
	into    []any
	waiting [][]string // of a table: rows seen before the widths were set
	widths  []int      // of a table; nil until set
	csv     *csv.Writer
}

type valueKind uint8

const (
	textValue valueKind = iota
	numberValue
	bytesValue
)

const (
	widthRows = 200 // how many rows say how wide the columns are
	wide      = 60  // no column is made wider for one value than this
)

func newRowPrinter(a *app, format string, shards bool) *rowPrinter {
	return &rowPrinter{a: a, format: format, shards: shards}
}

// begin takes the columns from the first result. Shards have the same schema,
// so that of one is that of all.
func (p *rowPrinter) begin(rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	p.begun = true
	if p.shards {
		p.names, p.kinds = append(p.names, "shard"), append(p.kinds, textValue)
	}
	seen := map[string]int{"shard": len(p.names)}
	for _, t := range types {
		name := t.Name()
		if p.format == "json" { // a name twice in an object would lose one
			if seen[name]++; seen[name] > 1 {
				name = fmt.Sprintf("%s_%d", name, seen[name])
			}
		}
		p.names, p.kinds = append(p.names, name), append(p.kinds, kindOf(t.DatabaseTypeName()))
	}
	p.values = make([]sql.RawBytes, len(types))
	for i := range p.values {
		p.into = append(p.into, &p.values[i])
	}
	if p.format == "csv" {
		p.csv = csv.NewWriter(p.a.out)
		return p.csv.Write(p.names)
	}
	return nil
}

func kindOf(databaseType string) valueKind {
	switch strings.TrimPrefix(databaseType, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR", "DECIMAL", "FLOAT", "DOUBLE":
		return numberValue
	case "BINARY", "VARBINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BIT", "GEOMETRY":
		return bytesValue
	}
	return textValue
}

// row prints the row that rows stands at.
func (p *rowPrinter) row(shard string, rows *sql.Rows) error {
	if !p.begun {
		if err := p.begin(rows); err != nil {
			return err
		}
	}
	if err := rows.Scan(p.into...); err != nil {
		return err
	}
	p.n++
	switch p.format {
	case "json":
		return p.jsonRow(shard)
	case "csv":
		return p.csvRow(shard)
	}
	var cells []string
	if p.shards {
		cells = append(cells, shard)
	}
	for i, v := range p.values {
		cells = append(cells, p.cell(v, i))
	}
	if p.widths != nil {
		return p.line(cells)
	}
	p.waiting = append(p.waiting, cells)
	if len(p.waiting) == widthRows {
		return p.flush()
	}
	return nil
}

// kind is that of the i-th value, which is not the i-th column when the first
// column is the shard.
func (p *rowPrinter) kind(i int) valueKind { return p.kinds[len(p.kinds)-len(p.values)+i] }

// printable is a value as text: what is no text is written as MySQL would
// read it.
func printable(v []byte, kind valueKind) string {
	if kind == bytesValue && !isText(v) || !utf8.Valid(v) {
		return "0x" + strings.ToUpper(hex.EncodeToString(v))
	}
	return string(v)
}

func isText(v []byte) bool {
	return utf8.Valid(v) && strings.IndexFunc(string(v), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) < 0
}

// cell is a value in a table: one line, and nothing that moves the cursor.
func (p *rowPrinter) cell(v sql.RawBytes, i int) string {
	if v == nil {
		return "NULL"
	}
	var b strings.Builder
	for _, r := range printable(v, p.kind(i)) {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (p *rowPrinter) jsonRow(shard string) error {
	var b strings.Builder
	b.WriteByte('{')
	field := func(i int, value []byte) {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(p.names[i]) // a string always can be
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	offset := 0
	if p.shards {
		name, _ := json.Marshal(shard)
		field(0, name)
		offset = 1
	}
	for i, v := range p.values {
		switch {
		case v == nil:
			field(i+offset, []byte("null"))
		case p.kind(i) == numberValue && json.Valid(v):
			field(i+offset, v)
		default:
			var s strings.Builder
			enc := json.NewEncoder(&s)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(printable(v, p.kind(i))); err != nil {
				return err
			}
			field(i+offset, []byte(strings.TrimSuffix(s.String(), "\n")))
		}
	}
	b.WriteString("}\n")
	_, err := fmt.Fprint(p.a.out, b.String())
	return err
}

func (p *rowPrinter) csvRow(shard string) error {
	var record []string
	if p.shards {
		record = append(record, shard)
	}
	for i, v := range p.values {
		switch {
		case v == nil:
			record = append(record, `\N`) // as mysqldump and LOAD DATA write it
		default:
			record = append(record, printable(v, p.kind(i)))
		}
	}
	return p.csv.Write(record)
}

// flush prints the table's header and what waits for it.
func (p *rowPrinter) flush() error {
	p.widths = make([]int, len(p.names))
	for i, name := range p.names {
		p.widths[i] = text.StringWidth(name)
	}
	for _, cells := range p.waiting {
		for i, c := range cells {
			p.widths[i] = max(p.widths[i], min(text.StringWidth(c), wide))
		}
	}
	if err := p.line(p.names); err != nil {
		return err
	}
	for _, cells := range p.waiting {
		if err := p.line(cells); err != nil {
			return err
		}
	}
	p.waiting = nil
	return nil
}

func (p *rowPrinter) line(cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		pad := strings.Repeat(" ", max(0, p.widths[i]-text.StringWidth(c)))
		switch {
		case p.kinds[i] == numberValue:
			b.WriteString(pad + c)
		case i < len(cells)-1:
			b.WriteString(c + pad)
		default:
			b.WriteString(c)
		}
		if i < len(cells)-1 {
			b.WriteString("  ")
		}
	}
	_, err := fmt.Fprintln(p.a.out, b.String())
	return err
}

// end prints what is left.
func (p *rowPrinter) end() error {
	switch {
	case p.csv != nil:
		p.csv.Flush()
		return p.csv.Error()
	case p.format != "table":
		return nil
	}
	if p.begun && p.widths == nil {
		if err := p.flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(p.a.err, count(p.n, "row"))
	return err
}

// affected tells what a statement without a result did.
func (p *rowPrinter) affected(shard string, n int64) error {
	switch {
	case p.format != "table" && shard == "":
		return printLine(p.a.out, map[string]any{"rows_affected": n})
	case p.format != "table":
		return printLine(p.a.out, map[string]any{"shard": shard, "rows_affected": n})
	case shard == "":
		_, err := fmt.Fprintf(p.a.out, "%s affected\n", count(n, "row"))
		return err
	}
	_, err := fmt.Fprintf(p.a.out, "shard %s: %s affected\n", shard, count(n, "row"))
	return err
}

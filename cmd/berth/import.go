package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/cmd/berth/importer"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// importOptions are what "berth import" is told.
type importOptions struct {
	table        string
	memberColumn string
	columns      []string
	mapped       map[string]string
	skip         []string
	lineColumn   string
	delimiter    string
	null         string
	hasNull      bool
	state        string
	rejects      string
	allow        int64
	duplicates   bool
}

func newImport(a *app) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import --table TABLE [--member-column COLUMN] FILE.csv",
		Short: "Stream the rows of a file to their members' shards",
		Long: `Stream the rows of a file to their members' shards. FILE is - for standard input.
Its first line names the columns, or --columns does. A column goes to the table's
column of the same name, unless --map says otherwise.

Rows that can't be imported go to FILE.rejects.csv with their line and the reason,
and the exit status is then 1 (see --allow-rejects).

How far the import is stands in FILE.berth-import while it runs, and the same
command goes on from there after it was stopped. Ctrl-C stops it at an exact place.
What else is promised depends on the table's primary key:

  the file has its columns, or --line-column fills it
      Rows are inserted, or updated where they are there. Nothing is lost or doubled
      however the import was stopped; rows of the last thousands that were changed by
      others meanwhile are set back to what the file says.
  it has not, as with an AUTO_INCREMENT id
      Rows are inserted. After a crash (not after Ctrl-C) the last thousands may be
      there or not, and the import goes on only with --allow-duplicates.

Standard input has no place to go on from; run it again from its beginning.`,
		Example: `  berth import --table contacts --member-column member_id contacts.csv
  berth import --table messages --member-column src --map peer_id=dst --map sent_at=time \
      --line-column id --delimiter space CollegeMsg.txt
  mysql -e "SELECT * FROM old.contacts" | berth import --table contacts --delimiter tab --null NULL -`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.hasNull = cmd.Flags().Changed("null")
			return a.importFile(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.table, "table", "", "`NAME` of the table, a sharded one of the catalogue")
	f.StringVar(&o.memberColumn, "member-column", "", "the file's `COLUMN` with the member id (default: named as the table's)")
	f.StringSliceVar(&o.columns, "columns", nil, "`NAMES` of the columns, of a file without a header line")
	f.StringToStringVar(&o.mapped, "map", nil, "`TABLE_COLUMN=FILE_COLUMN`, where the names differ")
	f.StringSliceVar(&o.skip, "skip", nil, "`COLUMN` of the file that is not imported")
	f.StringVar(&o.lineColumn, "line-column", "", "table `COLUMN` that gets the line's number: a key for rows that have none")
	f.StringVar(&o.delimiter, "delimiter", ",", "one character, or tab, space")
	f.StringVar(&o.null, "null", "", "the `TEXT` that stands for NULL (default: nothing does)")
	f.StringVar(&o.state, "state", "", "`FILE` for how far the import is (default: FILE.berth-import)")
	f.StringVar(&o.rejects, "rejects", "", "`FILE` for rows that can't be imported (default: FILE.rejects.csv; of standard input: TABLE.rejects.csv)")
	f.Int64Var(&o.allow, "allow-rejects", 0, "exit with 0 when there are no more than that `MANY` rejects")
	f.BoolVar(&o.duplicates, "allow-duplicates", false, "go on after a crash although rows may be written twice")
	complete(cmd, "delimiter", ",", ";", "|", "tab", "space")
	completeBy(cmd, "table", a.fromMap(anyPlace, tableNames))
	a.dryRunFlag(cmd)
	return cmd
}

// format reads the flags as far as they can be judged by themselves.
func (o *importOptions) format() (importer.Format, error) {
	f := importer.Format{Columns: o.columns}
	switch o.delimiter {
	case "tab", `\t`:
		f.Delimiter = '\t'
	case "space":
		f.Delimiter = ' '
	default:
		r, n := utf8.DecodeRuneInString(o.delimiter)
		if n == 0 || n != len(o.delimiter) {
			return f, misuse("--delimiter %q: write one character, or tab, space", o.delimiter)
		}
		f.Delimiter = r
	}
	switch {
	case o.table == "":
		return f, misuse("import: name the table with --table")
	case o.allow < 0:
		return f, misuse("--allow-rejects %d: write 0 or more", o.allow)
	}
	return f, nil
}

func (a *app) importFile(ctx context.Context, o importOptions, file string) error {
	format, err := o.format()
	if err != nil {
		return err
	}
	in, err := a.openInput(&o, file, format)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	repo, done, err := c.repository(ctx)
	if err != nil {
		return err
	}
	defer done()
	m := repo.Router().Map()
	table, info, err := c.importTable(ctx, m, o.table)
	if err != nil {
		return err
	}
	layout, err := o.layout(in, table, info, m)
	if err != nil {
		return advise(fmt.Errorf("import %s: %w", file, err), "nothing was imported")
	}
	how, err := importer.Plan(info, layout)
	if err != nil {
		return err
	}
	p := plan{title: fmt.Sprintf("import %s into table %s on %s", file, table.Name, count(len(shardNames(m)), "shard"))}
	p.add("columns %s, dealt by %s", strings.Join(layout.Columns, ", "), table.MemberColumn)
	p.add("%s", how)
	p.add("rejects to %s", o.rejects)
	if ok, err := a.agree(ctx, p); err != nil || !ok {
		return err
	}
	progress := newImportProgress(a, in.Size)
	result, err := importer.Run(ctx, importer.Config{
		Repo: repo, Info: info, Input: in, Layout: layout, Settings: importer.NewSettings(m.Cluster(), table.Name, in, format, layout),
		State: o.state, Rejects: o.rejects, Anyway: o.duplicates, Progress: progress.show,
	})
	progress.end()
	return a.imported(o, file, result, err)
}

// openInput opens the file and fills in where its state and rejects go.
func (a *app) openInput(o *importOptions, file string, format importer.Format) (*importer.Input, error) {
	if file == "-" {
		if o.state != "" {
			return nil, misuse("--state: standard input has no place to go on from; give a file")
		}
		if o.rejects == "" {
			o.rejects = o.table + ".rejects.csv"
		}
		in, err := importer.NewInput(a.in, format)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return in, nil
	}
	if o.state == "" {
		o.state = file + ".berth-import"
	}
	if o.rejects == "" {
		o.rejects = file + ".rejects.csv"
	}
	return importer.Open(file, format)
}

// importTable is the table as the catalogue and as a shard has it.
func (c *cluster) importTable(ctx context.Context, m *shard.Map, name string) (shard.Table, instance.TableInfo, error) {
	t, ok := m.Table(name)
	switch {
	case !ok:
		return t, instance.TableInfo{}, advise(fmt.Errorf("table %s is not in the catalogue of epoch %d", name, m.Epoch()), `add it with "berth table set %s --kind sharded"`, name)
	case t.Kind != shard.Sharded:
		return t, instance.TableInfo{}, advise(fmt.Errorf("table %s is %s, and rows are imported to their members", name, t.Kind), "load it with the mysql client")
	}
	for s := range m.Shards() {
		tables, err := c.tables(ctx, m, s)
		if err != nil {
			return t, instance.TableInfo{}, err
		}
		for _, info := range tables {
			if info.Name == name {
				return t, info, nil
			}
		}
	}
	return t, instance.TableInfo{}, advise(fmt.Errorf("no shard has the table %s", name), "create it on all of them first")
}

func (o *importOptions) layout(in *importer.Input, t shard.Table, info instance.TableInfo, m *shard.Map) (*importer.Layout, error) {
	names := importer.Names{Table: t, Map: map[string]string{}, Skip: o.skip, LineColumn: o.lineColumn, Members: m.Members().Type}
	for column, field := range o.mapped {
		names.Map[column] = field
	}
	if o.memberColumn != "" && !strings.EqualFold(o.memberColumn, t.MemberColumn) {
		if other, ok := names.Map[t.MemberColumn]; ok && other != o.memberColumn {
			return nil, errors.New("--member-column and --map name different columns for the member id")
		}
		names.Map[t.MemberColumn] = o.memberColumn
	}
	for _, c := range info.Columns {
		names.Columns = append(names.Columns, c.Name)
	}
	if o.hasNull {
		names.Null = &o.null
	}
	return importer.NewLayout(in.Header, names)
}

// imported tells what came of it.
func (a *app) imported(o importOptions, file string, r importer.Result, err error) error {
	if a.json() {
		if jerr := printJSON(a.out, r); jerr != nil {
			return jerr
		}
	} else {
		from := ""
		if r.Resumed > 0 {
			from = fmt.Sprintf(" (going on after line %d)", r.Resumed)
		}
		fmt.Fprintf(a.out, "%s imported, %s%s\n", count(r.Rows, "row"), count(r.Rejected, "reject"), from)
	}
	switch {
	case errors.Is(err, context.Canceled) && o.state != "":
		return advise(fmt.Errorf("import %s: stopped after line %d", file, r.Line), "run the same command again to go on")
	case err != nil:
		return fmt.Errorf("import %s: %w", file, err)
	case r.Rejected > o.allow:
		return advise(fmt.Errorf("import %s: %s", file, count(r.Rejected, "row")+" could not be imported"), "see %s for the reasons", o.rejects)
	}
	return nil
}

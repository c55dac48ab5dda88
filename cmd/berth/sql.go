package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
)

// sqlOptions are what "berth sql" is told.
type sqlOptions struct {
	member   string
	all      bool
	shard    string
	unscoped bool
	format   string // table, json or csv
}

func newSQL(a *app) *cobra.Command {
	var o sqlOptions
	cmd := &cobra.Command{
		Use:   "sql (--member ID | --all | --shard S) SQL",
		Short: "Run a statement on a member's home, on all shards, or on one",
		Long: `Run one statement, with the account of applications:

  --member ID  on the member's home. The guard holds: every sharded table in it
               has to be tied to this member, in its own text, unless --unscoped.
  --all        on all shards side by side; rows carry the shard's name.
  --shard S    on one shard. What it finds there may include rows of members on
               their way to or from it.

SQL is - to read it from standard input. Rows are printed as they come, in the
widths of the first of them; -o json prints an object a line, with bytes that
are no text as "0x…". A statement that changes something is shown and asked
about first (--yes, --dry-run).`,
		Example: `  berth sql --member 42 "SELECT * FROM contacts WHERE member_id = 42"
  berth sql --all "SELECT COUNT(*) FROM contacts"
  berth sql --shard a --format csv "SELECT * FROM contacts" > a.csv
  echo "SELECT 1" | berth sql --shard a -`,
		Args:              arguments(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, a); err != nil {
				return err
			}
			return a.sql(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.member, "member", "", "run it on the home of the member of that `ID`")
	f.BoolVar(&o.all, "all", false, "run it on all shards")
	f.StringVar(&o.shard, "shard", "", "run it on the shard of that `NAME`")
	f.BoolVar(&o.unscoped, "unscoped", false, "with --member: switch the guard off, so that it may read and change other members' rows")
	f.StringVar(&o.format, "format", "", "table, json or csv (default: as -o says)")
	complete(cmd, "format", "table", "json", "csv")
	completeBy(cmd, "shard", a.fromMap(anyPlace, shardNames))
	a.dryRunFlag(cmd)
	return cmd
}

func (o *sqlOptions) check(cmd *cobra.Command, a *app) error {
	named := 0
	for _, flag := range []string{"member", "all", "shard"} {
		if cmd.Flags().Changed(flag) {
			named++
		}
	}
	if named != 1 {
		return misuse("sql: say where to run it: one of --member ID, --all, --shard S")
	}
	if o.unscoped && !cmd.Flags().Changed("member") {
		return misuse("--unscoped is for --member: there is no guard for whole shards")
	}
	switch o.format {
	case "":
		o.format = a.output
	case "table", "json", "csv":
	default:
		return misuse("--format %s: write table, json or csv", o.format)
	}
	return nil
}

func (a *app) sql(ctx context.Context, o sqlOptions, statement string) error {
	statement, err := a.statement(statement)
	if err != nil {
		return err
	}
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
	where, db, err := o.place(repo, m)
	if err != nil {
		return err
	}
	if !readsOnly(statement) {
		p := plan{title: "run " + where}
		p.add("%s", statement)
		if ok, err := a.agree(ctx, p); err != nil || !ok {
			return err
		}
	}
	out := newRowPrinter(a, o.format, o.all)
	if o.all {
		return a.sqlAll(ctx, repo, statement, out)
	}
	if !givesRows(statement) {
		res, err := db.ExecContext(ctx, statement)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		return out.affected("", n)
	}
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := out.begin(rows); err != nil { // an empty result has columns too
		return err
	}
	for rows.Next() {
		if err := out.row("", rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), out.end())
}

// statement is the text of the argument or, for -, of standard input.
func (a *app) statement(arg string) (string, error) {
	if arg == "-" {
		b, err := io.ReadAll(io.LimitReader(a.in, 64<<20))
		if err != nil {
			return "", fmt.Errorf("read the statement from standard input: %w", err)
		}
		arg = string(b)
	}
	arg = strings.TrimRight(arg, "; \t\r\n")
	if strings.TrimSpace(arg) == "" {
		return "", misuse("sql: the statement is empty")
	}
	return arg, nil
}

// place is where the statement goes, in words and as a way to it.
func (o *sqlOptions) place(repo *router.Repository, m *shard.Map) (string, database, error) {
	switch {
	case o.all:
		return fmt.Sprintf("on all %s", count(len(shardNames(m)), "shard")), nil, nil
	case o.shard != "":
		if _, ok := m.Shard(o.shard); !ok {
			return "", nil, noShard(m, o.shard)
		}
		return "on shard " + o.shard, repo.Shard(o.shard), nil
	}
	id, err := m.Members().Type.Parse(o.member)
	if err != nil {
		return "", nil, usageError{err}
	}
	member := repo.Member(id)
	home, err := member.Home()
	if err != nil {
		return "", nil, err
	}
	where := fmt.Sprintf("on shard %s, for member %s", home.Shard.Name, id)
	if o.unscoped {
		return where + ", without the guard", member.Unscoped(), nil
	}
	return where, member, nil
}

// noShard says which shards there are.
func noShard(m *shard.Map, name string) error {
	return misuse("the map of epoch %d has no shard %q; it has %s", m.Epoch(), name, strings.Join(shardNames(m), ", "))
}

// readsOnly reports whether the statement certainly changes nothing, going by
// its first word. When in doubt the user is asked.
func readsOnly(statement string) bool {
	word := firstWord(statement)
	switch word {
	case "SHOW", "DESC", "DESCRIBE", "TABLE", "VALUES":
		return true
	case "SELECT", "EXPLAIN", "WITH":
		// SELECT … INTO OUTFILE, EXPLAIN ANALYZE of a change, a change behind
		// WITH. One question too many is no harm.
		upper := strings.ToUpper(statement)
		return !slices.ContainsFunc([]string{"OUTFILE", "DUMPFILE", "UPDATE", "DELETE", "INSERT", "REPLACE"}, func(w string) bool { return strings.Contains(upper, w) })
	}
	return false
}

// givesRows reports whether the statement has a result.
func givesRows(statement string) bool {
	switch firstWord(statement) {
	case "CHECK", "ANALYZE", "OPTIMIZE", "REPAIR", "CHECKSUM", "CALL":
		return true
	case "SELECT", "EXPLAIN":
		return true
	}
	return readsOnly(statement)
}

// firstWord is the statement's first word, behind its comments and opening
// brackets, in capitals. It is empty where the server reads a comment.
func firstWord(statement string) string {
	for {
		statement = strings.TrimLeft(statement, "( \t\r\n")
		switch {
		case strings.HasPrefix(statement, "/*!"):
			return ""
		case strings.HasPrefix(statement, "/*"):
			_, rest, ok := strings.Cut(statement, "*/")
			if !ok {
				return ""
			}
			statement = rest
		case strings.HasPrefix(statement, "-- "), strings.HasPrefix(statement, "#"):
			_, statement, _ = strings.Cut(statement, "\n")
		default:
			end := strings.IndexFunc(statement, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
			if end >= 0 {
				statement = statement[:end]
			}
			return strings.ToUpper(statement)
		}
	}
}

package move

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/shard/move/rows"
)

// statement judges a statement that the binlog has as text. Row changes come
// as rows, so it is DDL, or DML of a session that logs statements. One that
// may concern a table that moves stops the job before it, with all that came
// earlier applied: whoever makes the same change on the other server resumes.
func (r *run) statement(ctx context.Context, s binlog.Statement, t *tail) error {
	word := strings.ToUpper(firstWord(strings.TrimSpace(comments.ReplaceAllString(s.Text, " "))))
	table := r.mentions(s.Text)
	source := t.source.shard
	switch word {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "TRUNCATE":
		if table == "" {
			return nil
		}
		if word == "TRUNCATE" {
			return stop("TRUNCATE of table %s in the binlog of shard %s: it takes all members' rows away at once, which can't be carried over; %s", table, source.Name, t.giveUp)
		}
		return stop("the binlog of shard %s has %s of table %s as a statement, not as rows: a session there has set binlog_format; set it to ROW, then %s", source.Name, word, table, t.giveUp)
	case "CREATE", "ALTER", "DROP", "RENAME":
		if table == "" && !dropsDatabase(s.Text, source.Database) {
			return nil
		}
	default:
		return nil
	}
	if err := t.through(ctx, t.complete()); err != nil {
		return err
	}
	j, err := r.worker.jobs.Get(ctx, r.id)
	if err != nil {
		return err
	}
	m, err := r.worker.cfg.Store.Load(ctx)
	if err != nil {
		return err
	}
	now, err := rows.Inspect(ctx, t.source.db, sharded(m))
	if err != nil {
		return err
	}
	if sameDefinitions(j.Tables, now) {
		return nil // of a table of that name in another database, or undone since
	}
	other, err := rows.Inspect(ctx, t.target.db, sharded(m))
	if err != nil {
		return err
	}
	var problems, differ []string
	for i := range now {
		problems = append(problems, now[i].Problems()...)
		differ = append(differ, rows.Differences(now[i], other[i])...)
	}
	if len(problems) > 0 {
		return stop("the schema was changed on shard %s while its rows are being moved, and they can't be any more: %s; or %s", source.Name, strings.Join(problems, "; "), t.giveUp)
	}
	if len(differ) == 0 && j.Approve {
		err := r.update(ctx, func(j *Job) {
			j.Tables, j.Approve = states(now), false
			j.note("went on behind a change of table %s on shard %s, which shard %s has too", table, source.Name, t.target.shard.Name)
		})
		return errors.Join(errAgain, err) // with the tables as they are now
	}
	return stop("the schema was changed on shard %s while its rows are being moved (%s of table %s); make the same change on shard %s and go on: `berth job resume %s`; or %s",
		source.Name, word, table, t.target.shard.Name, r.id, t.giveUp)
}

// sameShape refuses a target whose tables are no longer what the source's are.
// Its own changes are in no binlog that is read, and its applier drops what it
// has no column for without a word.
func (r *run) sameShape(ctx context.Context, t *tail) error {
	there, err := rows.Inspect(ctx, t.target.db, tablesOf(r.tables))
	if err != nil {
		return fmt.Errorf("shard %s: %w", t.target.shard.Name, err)
	}
	var differ []string
	for i := range there {
		differ = append(differ, rows.Differences(r.tables[i], there[i])...)
	}
	if len(differ) > 0 {
		return stop("the schema was changed on shard %s while rows are being moved there: %s; undo that and go on: `berth job resume %s`; or %s",
			t.target.shard.Name, strings.Join(differ, "; "), r.id, t.giveUp)
	}
	return nil
}

var comments = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)--\s.*$|(?m)#.*$`)

// mentions is the table that moves whose name is in the text, or nothing.
func (r *run) mentions(text string) string {
	lower := strings.ToLower(text)
	for _, t := range r.tables {
		if containsWord(lower, strings.ToLower(t.Name)) {
			return t.Name
		}
	}
	return ""
}

// dropsDatabase reports whether the text may take the whole database away.
func dropsDatabase(text, database string) bool {
	lower := strings.ToLower(text)
	return (containsWord(lower, "database") || containsWord(lower, "schema")) && containsWord(lower, strings.ToLower(database))
}

// containsWord looks for a name that is not part of a longer one.
func containsWord(text, word string) bool {
	part := func(c byte) bool {
		return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80
	}
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(word)
		if (i == 0 || !part(text[i-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		at = i + 1
	}
}

func states(tables []rows.Table) (states []TableState) {
	for _, t := range tables {
		states = append(states, TableState{Name: t.Name, Definition: t.Definition})
	}
	return states
}

func sameDefinitions(was []TableState, now []rows.Table) bool {
	if len(was) != len(now) {
		return false
	}
	for i, t := range now {
		if was[i].Name != t.Name || was[i].Definition != t.Definition {
			return false
		}
	}
	return true
}

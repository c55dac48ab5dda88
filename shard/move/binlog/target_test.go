package binlog_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/binlog"
)

// What a session does of its own and what the batch does is one transaction,
// with one GTID and the target's server id, and the session stays as it was.
func TestTheTransactionIsTheTargetsOwn(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))", "CREATE TABLE u (id INT PRIMARY KEY)", "CREATE TABLE mark (id INT PRIMARY KEY, n INT, at DATETIME)")
	if _, err := p.b.ExecContext(t.Context(), "INSERT INTO mark VALUES (1, 0, NULL)"); err != nil {
		t.Fatal(err)
	}
	watch := openStream(t, p.target, executed(t, p.b))
	p.onSource("INSERT INTO t VALUES (1, 'a')", "INSERT INTO u VALUES (1)", "DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (2, 'b')")
	batch, err := binlog.NewBatch(p.stream.Format(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := p.add(batch, p.nextRows()); err != nil {
			t.Fatal(err)
		}
	}
	statements := batch.Statements()
	if len(statements) != 2 || batch.Rows() != 4 {
		t.Fatalf("%d statements for %d rows", len(statements), batch.Rows())
	}
	p.onTarget("BEGIN", "UPDATE mark SET n = n + 1, at = NOW() WHERE id = 1")
	p.onTarget(statements...)
	p.onTarget("COMMIT")
	p.same("SELECT * FROM t")
	p.same("SELECT * FROM u")

	var story []string
	for story == nil || story[len(story)-1] != "commit" {
		e, err := watch.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch e := e.(type) {
		case binlog.Begin:
			story = append(story, "begin")
		case binlog.Rows:
			story = append(story, e.Kind.String()+" "+e.Table.Name)
		case binlog.Commit:
			story = append(story, "commit")
		default:
			story = append(story, fmt.Sprint(e))
		}
	}
	if got, want := strings.Join(story, ", "), "begin, update mark, insert t, insert u, delete t, insert t, commit"; got != want {
		t.Errorf("the target's binlog: %s, want %s", got, want)
	}

	p.onTarget("SET @then = NOW(6)")
	var frozen, fk, unique bool
	err = p.to.QueryRowContext(t.Context(), "SELECT SLEEP(0.01) OR @then = NOW(6), @@foreign_key_checks, @@unique_checks").Scan(&frozen, &fk, &unique)
	if err != nil || frozen || !fk || !unique {
		t.Errorf("session after a batch: clock stopped %v, foreign_key_checks %v, unique_checks %v, %v", frozen, fk, unique, err)
	}
	ids := answer(t, p.b, "SELECT @@server_id")
	for _, row := range answer(t, p.b, "SHOW BINLOG EVENTS IN '"+currentLog(t, p.b)+"'") {
		if f := strings.Split(strings.ReplaceAll(row, "true:", ""), "|"); strings.Contains(f[2], "rows") && f[3]+"|" != strings.TrimPrefix(ids[0], "true:") {
			t.Errorf("an event of another server's id: %v", f)
		}
	}
}

func currentLog(t testing.TB, db *sql.DB) string {
	t.Helper()
	for _, show := range []string{"SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"} {
		rows, err := db.QueryContext(t.Context(), show)
		if err != nil {
			continue
		}
		rows.Close()
		return strings.TrimPrefix(strings.Split(answer(t, db, show)[0], "|")[0], "true:")
	}
	t.Fatal("the server shows no binlog")
	return ""
}

// The privileges named are enough.
func TestPrivileges(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v INT UNIQUE)")
	source := account(t, p.a, binlog.SourcePrivileges())
	target := account(t, p.b, binlog.TargetPrivileges())

	cfg := streamConfig(p.source)
	cfg.User, cfg.Password = source, instance.Literal("secret")
	s, err := binlog.Open(t.Context(), cfg, executed(t, p.a))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p.stream = s

	db, err := sql.Open("mysql", fmt.Sprintf("%s:secret@tcp(%s)/", target, p.target.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p.b = db
	p.connect()
	p.onSource("INSERT INTO t VALUES (1, 1), (2, 2)", "UPDATE t SET v = 7 WHERE id = 1", "UPDATE t SET id = 3 WHERE id = 1", "DELETE FROM t WHERE id = 2")
	p.apply()
	p.b = p.target.OpenAdmin(t)
	p.same("SELECT * FROM t")
}

func TestWithoutPrivileges(t *testing.T) {
	p := newPair(t)
	cfg := streamConfig(p.source)
	cfg.User, cfg.Password = account(t, p.a, []string{"SELECT"}), instance.Literal("secret")
	s, err := binlog.Open(t.Context(), cfg, executed(t, p.a))
	if err == nil {
		s.Close()
		t.Fatal("an account without REPLICATION SLAVE reads the binlog")
	}
	if !strings.Contains(err.Error(), "REPLICATION SLAVE") {
		t.Errorf("the error names no privilege: %v", err)
	}
	cfg.Password = instance.Literal("wrong")
	if _, err := binlog.Open(t.Context(), cfg, binlog.Set{}); err == nil || strings.Contains(err.Error(), "wrong") || !strings.Contains(err.Error(), "1045") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func account(t testing.TB, db *sql.DB, privileges []string) string {
	t.Helper()
	name := "t_" + strings.ToLower(t.Name())
	name = strings.ReplaceAll(name[:min(len(name), 30)], "/", "_")
	for _, s := range []string{
		"CREATE USER " + name + " IDENTIFIED BY 'secret'",
		"GRANT " + strings.Join(privileges, ", ") + " ON *.* TO " + name,
	} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP USER " + name); err != nil {
			t.Error(err)
		}
	})
	return name
}

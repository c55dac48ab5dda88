package mysqld_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/berthdb/berth/tools/mysqld"
)

func start(t *testing.T, opts mysqld.Options) *mysqld.Server {
	t.Helper()
	s, err := mysqld.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// reachableDir is a temporary directory that the user whom servers of root run
// as can get to; those of the testing package are closed to others.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exec1(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask(t *testing.T, db *sql.DB, query string) (answer string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func TestServerIsWhatBerthNeeds(t *testing.T) {
	s := start(t, mysqld.Options{Flags: []string{"--innodb-lock-wait-timeout=7"}})
	db := open(t, s.DSN(s.Root(), ""))
	for query, want := range map[string]string{
		"SELECT @@gtid_mode":                "ON",
		"SELECT @@enforce_gtid_consistency": "ON",
		"SELECT @@binlog_format":            "ROW",
		"SELECT @@binlog_row_image":         "FULL",
		"SELECT @@log_bin":                  "1",
		"SELECT @@local_infile":             "1",
		"SELECT @@performance_schema":       "1",
		"SELECT @@gtid_executed":            "",
		"SELECT @@bind_address":             "127.0.0.1",
		"SELECT @@innodb_lock_wait_timeout": "7",
		"SELECT COUNT(*) > 3 FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID()": "1",
	} {
		if got := ask(t, db, query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestAccounts(t *testing.T) {
	s := start(t, mysqld.Options{RootPassword: `r'o\ot`, AppPassword: "application"})
	admin := open(t, s.DSN(s.Root(), ""))
	exec1(t, admin, "CREATE DATABASE app")
	app := open(t, s.DSN(s.App(), "app"))
	exec1(t, app, "CREATE TABLE t (id INT PRIMARY KEY)")
	exec1(t, app, "INSERT INTO t VALUES (1)")

	var refused *mysql.MySQLError
	if _, err := app.ExecContext(t.Context(), "CREATE USER x"); !errors.As(err, &refused) {
		t.Errorf("the application's account may create users: %v", err)
	}
	if _, err := app.ExecContext(t.Context(), "SET GLOBAL read_only = ON"); !errors.As(err, &refused) {
		t.Errorf("the application's account may change global variables: %v", err)
	}
	wrong := open(t, s.DSN(mysqld.Account{User: "app", Password: mysqld.TestAppPassword}, "app"))
	if err := wrong.PingContext(t.Context()); !errors.As(err, &refused) {
		t.Errorf("the template's password still works: %v", err)
	}
	cfg := s.Config(s.App(), "app")
	cfg.TLSConfig = "skip-verify"
	if got := ask(t, open(t, cfg.FormatDSN()), "SELECT VARIABLE_VALUE <> '' FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'"); got != "1" {
		t.Error("the connection is not encrypted")
	}
	if _, err := os.Stat(s.CAFile()); err != nil {
		t.Error(err)
	}
}

func TestCrashFreezeRestart(t *testing.T) {
	s := start(t, mysqld.Options{})
	db := open(t, s.DSN(s.Root(), ""))
	exec1(t, db, "CREATE DATABASE d")
	exec1(t, db, "CREATE TABLE d.t (id INT PRIMARY KEY)")
	exec1(t, db, "INSERT INTO d.t VALUES (1), (2)")
	uuid, port := ask(t, db, "SELECT @@server_uuid"), s.Port()

	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	state, err := exec.Command("sh", "-c", "cut -d' ' -f3 /proc/"+strconv.Itoa(s.PID())+"/stat").Output()
	if err == nil && strings.TrimSpace(string(state)) != "T" {
		t.Errorf("a frozen server is in state %s", state)
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	for name, stop := range map[string]func() error{
		"killed":       s.Kill,
		"shut down":    func() error { return s.Stop(t.Context()) },
		"still on air": func() error { return nil },
	} {
		if err := stop(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fresh := open(t, s.DSN(s.Root(), ""))
		if got := ask(t, fresh, "SELECT COUNT(*) FROM d.t"); got != "2" {
			t.Errorf("%s: %s rows came back, want 2", name, got)
		}
		if got := ask(t, fresh, "SELECT @@server_uuid"); got != uuid || s.Port() != port {
			t.Errorf("%s: another server came back: %s on %d, want %s on %d", name, got, s.Port(), uuid, port)
		}
	}
	dir := s.Dir()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Close left %s: %v", dir, err)
	}
}

func TestReplica(t *testing.T) {
	primary, replica := start(t, mysqld.Options{}), start(t, mysqld.Options{})
	source := open(t, primary.DSN(primary.Root(), ""))
	exec1(t, source, "CREATE DATABASE before_it")
	if err := replica.ReplicateFrom(t.Context(), primary); err != nil {
		t.Fatal(err)
	}
	exec1(t, source, "CREATE DATABASE after_it")
	gtids := ask(t, source, "SELECT @@gtid_executed")
	copied := open(t, replica.DSN(replica.Root(), ""))
	ask(t, copied, "SELECT WAIT_FOR_EXECUTED_GTID_SET('"+strings.ReplaceAll(gtids, "\n", "")+"')")
	if got := ask(t, copied, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN ('before_it', 'after_it')"); got != "2" {
		t.Errorf("%s of 2 databases arrived", got)
	}
	if _, err := copied.ExecContext(t.Context(), "CREATE DATABASE x"); err == nil {
		t.Error("the replica takes writes")
	}
}

func TestFailedStartSaysWhyAndLeavesNothing(t *testing.T) {
	dir := reachableDir(t)
	_, err := mysqld.Start(t.Context(), mysqld.Options{Dir: dir + "/server", Flags: []string{"--no-such-option=1"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("the error does not show the server's log: %v", err)
	}
	if _, err := os.Stat(dir + "/server"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := mysqld.Start(cancelled, mysqld.Options{}); err == nil {
		t.Error("started under a context that had ended")
		_ = s.Close()
	}
}

func TestDataOfAnEarlierServer(t *testing.T) {
	dir := reachableDir(t)
	opts := mysqld.Options{Dir: dir + "/server", RootPassword: "first", AppPassword: "second"}
	first := start(t, opts)
	exec1(t, open(t, first.DSN(first.Root(), "")), "CREATE DATABASE kept")
	if err := first.Detach(); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := start(t, opts)
	if got := ask(t, open(t, again.DSN(again.App(), "")), "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'kept'"); got != "1" {
		t.Error("the data is gone")
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(again.DataDir()); err != nil {
		t.Errorf("Close removed data that was there before: %v", err)
	}
}

func TestTools(t *testing.T) {
	in, err := mysqld.Ensure(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	argv, err := in.Tool("mysqldump")
	if err != nil {
		t.Skip(err) // a server without its client package
	}
	out, err := exec.CommandContext(t.Context(), argv[0], append(argv[1:], "--version")...).Output()
	if err != nil || !strings.Contains(string(out), "mysqldump") {
		t.Errorf("%v: %q, %v", argv, out, err)
	}
}

package instance_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

func TestHello(t *testing.T) {
	p := identified(t, "a")
	cfg := p.config()
	cfg.Expect.UUID = ask[string](t, p.admin, "SELECT @@server_uuid")
	conn := p.connect(cfg)
	if conn.UUID() != cfg.Expect.UUID || conn.ReadOnly() || !conn.Version().Supported() {
		t.Errorf("got UUID %s, read only %t, version %s", conn.UUID(), conn.ReadOnly(), conn.Version())
	}
	if n := ask[int](t, p.admin, "SELECT COUNT(*) FROM performance_schema.processlist WHERE id = ?", conn.ID()); n != 1 {
		t.Errorf("session %d is %d times in the process list", conn.ID(), n)
	}
}

func TestHelloRefuses(t *testing.T) {
	p := identified(t, "b")
	unknown := newPlace(t)
	tests := []struct {
		name   string
		place  *place
		expect instance.Expect
		want   error // its type
		says   []string
	}{
		{"another shard", p, instance.Expect{Cluster: "c1", Shard: "a"}, &instance.WrongShardError{},
			[]string{"asked to be shard a", "is shard b", p.server.Addr(), "berth map show"}},
		{"another cluster", p, instance.Expect{Cluster: "c2", Shard: "b"}, &instance.WrongShardError{},
			[]string{"shard b of cluster c2", "is shard b of cluster c1"}},
		{"another server", p, instance.Expect{Cluster: "c1", Shard: "b", UUID: "1-2"}, &instance.WrongServerError{},
			[]string{"the map says 1-2", "berth shard instance"}},
		{"no identity", unknown, instance.Expect{Cluster: "c1", Shard: "a"}, &instance.NoIdentityError{},
			[]string{"never given to a shard", "berth init --shard NAME=" + p.server.Addr(), "berth shard add"}},
		{"nothing expected, no identity", unknown, instance.Expect{}, &instance.NoIdentityError{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := tt.place.config()
			cfg.Expect = tt.expect
			err := tt.place.refused(cfg)
			if !errors.Is(err, instance.ErrRefused) || instance.Unavailable(err) {
				t.Errorf("refused %t, unavailable %t: %v", errors.Is(err, instance.ErrRefused), instance.Unavailable(err), err)
			}
			if got, want := typeName(err), typeName(tt.want); got != want {
				t.Errorf("got %s, want %s: %v", got, want, err)
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("the error does not say %q: %v", s, err)
				}
			}
		})
	}
}

// A server that berth has never touched has no table to read.
func TestHelloUntouchedServer(t *testing.T) {
	s := ownServer(t)
	p := placeOn(t, s)
	if err := as[*instance.NoIdentityError](t, p.refused(p.config())); !errors.Is(err, instance.ErrNoIdentity) {
		t.Errorf("not ErrNoIdentity: %v", err)
	}
	if _, err := instance.ReadIdentity(t.Context(), p.admin); !errors.Is(err, instance.ErrNoIdentity) {
		t.Errorf("ReadIdentity: %v", err)
	}

	// The same server, no longer writable.
	p.identify("a")
	run(t, p.admin, "SET GLOBAL super_read_only = ON")
	err := as[*instance.ReadOnlyError](t, p.refused(p.config()))
	if !err.Super || !strings.Contains(err.Error(), "the primary of shard a") {
		t.Errorf("got %v", err)
	}
	cfg := p.config()
	cfg.Expect.Role = instance.Replica
	conn := p.connect(cfg)
	if !conn.ReadOnly() {
		t.Error("the replica does not know that it is read only")
	}
	_, werr := conn.ExecContext(t.Context(), "CREATE TABLE t (id INT)", nil)
	if !instance.IsReadOnly(werr) || instance.Unavailable(werr) || instance.Definite(werr) {
		t.Errorf("a write there: %v", werr)
	}
	run(t, p.admin, "SET GLOBAL super_read_only = OFF")
	run(t, p.admin, "SET GLOBAL read_only = OFF")
}

func TestHelloPrivilege(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE USER 'narrow'@'%' IDENTIFIED BY 'secret'")
	t.Cleanup(func() { run(t, p.admin, "DROP USER 'narrow'@'%'") })
	run(t, p.admin, "GRANT ALL ON `"+p.database+"`.* TO 'narrow'@'%'")
	cfg := p.config()
	cfg.User, cfg.Password = "narrow", instance.Literal("secret")
	err := as[*instance.NoPrivilegeError](t, p.refused(cfg))
	grant := instance.Grant(err.Account)
	if want := "GRANT SELECT ON `_berth`.* TO 'narrow'@'%'"; grant != want || !strings.Contains(err.Error(), want) {
		t.Errorf("got %q in %v, want %q", grant, err, want)
	}
	run(t, p.admin, grant) // what the error says is what helps
	p.connect(cfg)
}

// Every connection of database/sql has its own hello, one after a broken
// connection too.
func TestHelloAfterReconnect(t *testing.T) {
	p := identified(t, "a")
	db := p.open(p.config())
	db.SetMaxOpenConns(1)
	id := ask[uint64](t, db, "SELECT CONNECTION_ID()")
	run(t, p.admin, "UPDATE `_berth`.identity SET shard = 'b' WHERE database_name = ?", p.database)
	if got := ask[uint64](t, db, "SELECT CONNECTION_ID()"); got != id {
		t.Fatalf("session %d became %d by itself", id, got)
	}
	if err := instance.Kill(t.Context(), p.admin, id); err != nil {
		t.Fatal(err)
	}
	_, err := db.ExecContext(t.Context(), "SELECT 1")
	if as[*instance.WrongShardError](t, err).Found.Shard != "b" {
		t.Errorf("got %v", err)
	}
	run(t, p.admin, "UPDATE `_berth`.identity SET shard = 'a' WHERE database_name = ?", p.database)
	if got := ask[uint64](t, db, "SELECT CONNECTION_ID()"); got == id {
		t.Error("the killed session is back")
	}
}

func TestAttributes(t *testing.T) {
	p := identified(t, "a")
	cfg := p.config()
	cfg.Incarnation, cfg.Router = "0f3c:1", "host.example, sync worker"
	conn := p.connect(cfg)
	rows, err := p.admin.QueryContext(t.Context(), "SELECT ATTR_NAME, ATTR_VALUE FROM performance_schema.session_connect_attrs WHERE PROCESSLIST_ID = ?", conn.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		got[name] = value
	}
	if other := p.connect(cfg); conn.Session() == "" || other.Session() == conn.Session() {
		t.Errorf("two sessions are named %q and %q", conn.Session(), other.Session())
	}
	for name, want := range map[string]string{"berth_session": conn.Session(), "berth_incarnation": "0f3c:1", "program_name": "berth", "berth_router": "host.example  sync worker"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

// Whatever the server's configuration is, a session reads statements as the
// router does.
func TestPinnedSession(t *testing.T) {
	s := ownServer(t, "--sql-mode=ANSI,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE,STRICT_ALL_TABLES",
		"--autocommit=0", "--completion-type=CHAIN", "--init-connect=SET NAMES latin1")
	p := placeOn(t, s).identify("a")
	// placeOn's own connections are pinned too, or nothing above had committed.
	for _, collation := range []string{"", "utf8mb4_0900_ai_ci", "utf8mb4_de_pb_0900_ai_ci"} {
		cfg := p.config()
		cfg.Options.Collation = collation
		db := p.open(cfg)
		modes := strings.Split(ask[string](t, db, "SELECT @@sql_mode"), ",")
		for _, bad := range []string{"ANSI", "ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "HIGH_NOT_PRECEDENCE"} {
			if slices.Contains(modes, bad) {
				t.Errorf("sql_mode still has %s: %v", bad, modes)
			}
		}
		if !slices.Contains(modes, "STRICT_ALL_TABLES") || !slices.Contains(modes, "IGNORE_SPACE") {
			t.Errorf("sql_mode lost what does no harm: %v", modes)
		}
		if got := ask[string](t, db, `SELECT CONCAT("a\\b", 1 || 0, NOT 2 BETWEEN 1 AND 3, 'ä')`); got != `a\b10ä` {
			t.Errorf("the session reads statements another way: %q", got)
		}
		if got := ask[string](t, db, "SELECT CONCAT(@@autocommit, @@completion_type, @@character_set_client, @@character_set_results)"); got != "1NO_CHAINutf8mb4utf8mb4" {
			t.Errorf("autocommit, completion type and character sets are %s", got)
		}
		if got := ask[string](t, db, "SELECT @@collation_connection"); collation != "" && got != collation {
			t.Errorf("collation is %s, want %s", got, collation)
		}
	}
}

func TestFenced(t *testing.T) {
	p := identified(t, "a")
	member := shard.Int(42)
	low, high, err := shard.Full.Split(0x80 << 56)
	if err != nil {
		t.Fatal(err)
	}
	mine, other := low, high
	if !mine.Contains(member.KeyspaceID()) {
		mine, other = high, low
	}
	raise := func(s shard.Span, epoch uint64) {
		t.Helper()
		if err := instance.RaiseFence(t.Context(), p.admin, s, epoch, "test"); err != nil {
			t.Fatal(err)
		}
	}
	connect := func(epoch uint64) *instance.Conn {
		cfg := p.config()
		cfg.Epoch = func() uint64 { return epoch }
		return p.connect(cfg)
	}
	check := func(c *instance.Conn, m shard.Member, epoch, wantMin uint64) {
		t.Helper()
		if minEpoch, fenced := c.Fenced(m, epoch); minEpoch != wantMin || fenced != (wantMin != 0) {
			t.Errorf("member %s at epoch %d: got %d, %t, want %d", m, epoch, minEpoch, fenced, wantMin)
		}
	}

	check(connect(4), member, 4, 0)
	raise(shard.Span{Range: mine}, 5)
	raise(shard.Span{Range: other}, 90)
	old := connect(4)
	check(old, member, 4, 5)
	check(old, member, 5, 0) // the same connection, once the map is newer
	check(connect(5), member, 5, 0)
	if n := len(connect(5).Fence()); n != 1 {
		t.Errorf("at epoch 5 hello read %d rows, want the one of 90", n)
	}

	raise(shard.Span{Pin: member}, 7)
	check(connect(6), member, 6, 7)
	check(connect(4), member, 4, 7) // the highest that covers it
	check(connect(6), shard.Int(43), 100, 0)

	// A late mover does not lower it.
	raise(shard.Span{Range: mine}, 8)
	raise(shard.Span{Range: mine}, 3)
	check(connect(7), member, 7, 8)
	if by := ask[string](t, p.admin, "SELECT updated_by FROM `_berth`.fence WHERE database_name = DATABASE() LIMIT 1"); by != "test" {
		t.Errorf("updated_by is %q", by)
	}
	fence, err := instance.ReadFence(t.Context(), p.admin)
	if err != nil || len(fence) != 3 {
		t.Errorf("the fence is %v, %v", fence, err)
	}

	noEpoch := p.connect(p.config()) // sees all rows
	check(noEpoch, member, 0, 8)
	check(noEpoch, member, 8, 0)
}

func TestFenceIsOfOneDatabase(t *testing.T) {
	a, b := identified(t, "a"), identified(t, "a2")
	if err := instance.RaiseFence(t.Context(), a.admin, shard.Span{}, 5, "test"); err != nil {
		t.Fatal(err)
	}
	cfg := b.config()
	cfg.Expect.Shard = "a2"
	if minEpoch, fenced := b.connect(cfg).Fenced(shard.Int(1), 1); fenced {
		t.Errorf("a fence of %d from the database beside it", minEpoch)
	}
	if err := instance.RaiseFence(t.Context(), newPlace(t).admin, shard.Span{}, 5, "test"); !errors.Is(err, instance.ErrNoIdentity) {
		t.Errorf("a fence without identity, which no hello would read: %v", err)
	}
}

// Spans compare by bytes: a pin named Ä or a is not the one named A or ä.
func TestFenceSpansCompareByBytes(t *testing.T) {
	p := identified(t, "a")
	for i, id := range []string{"a", "A", "ä", strings.Repeat("x", shard.MaxMemberBytes)} {
		m, err := shard.ParseMember(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := instance.RaiseFence(t.Context(), p.admin, shard.Span{Pin: m}, uint64(i+1), "test"); err != nil {
			t.Fatal(err)
		}
	}
	fence, err := instance.ReadFence(t.Context(), p.admin)
	if err != nil || len(fence) != 4 {
		t.Errorf("got %v, %v", fence, err)
	}
}

func TestFencedDoesNotAllocate(t *testing.T) {
	p := identified(t, "a")
	member := shard.Int(42)
	for _, rows := range []int{0, 2} {
		if rows > 0 {
			for _, s := range []shard.Span{{}, {Pin: shard.Int(7)}} {
				if err := instance.RaiseFence(t.Context(), p.admin, s, 9, "test"); err != nil {
					t.Fatal(err)
				}
			}
		}
		conn := p.connect(p.config())
		if n := len(conn.Fence()); n != rows {
			t.Fatalf("got %d fence rows, want %d", n, rows)
		}
		if n := testing.AllocsPerRun(100, func() { conn.Fenced(member, 1) }); n != 0 {
			t.Errorf("with %d rows it allocates %g times", rows, n)
		}
	}
}

func TestIdentity(t *testing.T) {
	p := newPlace(t)
	a := instance.Identity{Cluster: "c1", Shard: "a", CreatedBy: "ann"}
	for range 2 { // the second time changes nothing
		if err := instance.Identify(t.Context(), p.admin, a); err != nil {
			t.Fatal(err)
		}
		a.CreatedBy = "bob"
	}
	got, err := instance.ReadIdentity(t.Context(), p.admin)
	if err != nil || got.Cluster != "c1" || got.Shard != "a" || got.CreatedBy != "ann" || got.Database != p.database {
		t.Fatalf("got %+v, %v", got, err)
	}
	now := ask[float64](t, p.admin, "SELECT UNIX_TIMESTAMP(NOW(6))")
	if age := now - float64(got.CreatedAt.UnixMicro())/1e6; age < 0 || age > 3600 {
		t.Errorf("created %g s ago", age)
	}
	for _, other := range []instance.Identity{{Cluster: "c1", Shard: "b"}, {Cluster: "c2", Shard: "a"}} {
		err := instance.Identify(t.Context(), p.admin, other)
		if taken := as[*instance.TakenError](t, err); taken.Found.Shard != "a" || !strings.Contains(err.Error(), "it is shard a of cluster c1") {
			t.Errorf("got %v", err)
		}
		if taken := as[*instance.TakenError](t, instance.Forget(t.Context(), p.admin, other)); taken.Found.Shard != "a" {
			t.Errorf("Forget: %v", taken)
		}
	}
	if err := instance.RaiseFence(t.Context(), p.admin, shard.Span{}, 5, "test"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := instance.Forget(t.Context(), p.admin, a); err != nil {
			t.Fatal(err)
		}
	}
	if fence, err := instance.ReadFence(t.Context(), p.admin); err != nil || len(fence) != 0 {
		t.Errorf("what is left: %v, %v", fence, err)
	}
	if _, err := instance.ReadIdentity(t.Context(), p.admin); !errors.Is(err, instance.ErrNoIdentity) {
		t.Errorf("got %v", err)
	}
}

// Of two that give one database to two shards at once, one wins.
func TestIdentifyRace(t *testing.T) {
	p := newPlace(t)
	results := make(chan error)
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		go func() {
			results <- instance.Identify(t.Context(), p.admin, instance.Identity{Cluster: "c1", Shard: name})
		}()
	}
	won := 0
	for range names {
		if err := <-results; err == nil {
			won++
		} else {
			lost := as[*instance.TakenError](t, err)
			t.Log(lost)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

func TestWithoutHello(t *testing.T) {
	p := newPlace(t)
	app := p.server.App()
	conn := p.connect(instance.Config{User: app.User, Password: instance.Literal(app.Password), WithoutHello: true})
	if conn.ID() == 0 || conn.UUID() != "" || !conn.Version().Supported() {
		t.Errorf("got %d, %q, %s", conn.ID(), conn.UUID(), conn.Version())
	}
	db := p.open(instance.Config{User: app.User, Password: instance.Literal(app.Password), WithoutHello: true})
	if _, err := instance.ReadIdentity(t.Context(), db); err == nil || errors.Is(err, instance.ErrNoIdentity) {
		t.Errorf("without a database there is nothing to ask for: %v", err)
	}
}

// typeName is the type of the refusal, whatever wraps it.
func typeName(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if name := fmt.Sprintf("%T", err); strings.HasPrefix(name, "*instance.") {
			return name
		}
	}
	return ""
}

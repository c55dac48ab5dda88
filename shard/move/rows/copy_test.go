package rows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/rows"
)

// loaders are both ways of writing.
var loaders = map[string]rows.Loader{"LOAD DATA": rows.LoadData, "INSERT": rows.Inserts}

// fill makes n rows of about 290 bytes, perMember to a member.
func fill(n, perMember int) []string {
	return []string{
		"CREATE TABLE contacts (member_id BIGINT NOT NULL, id BIGINT NOT NULL, name VARCHAR(100) NOT NULL, email VARCHAR(100) NOT NULL, body VARCHAR(400) NOT NULL, PRIMARY KEY (member_id, id))",
		fmt.Sprintf("INSERT INTO contacts WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 999)"+
			" SELECT x DIV %d, x, CONCAT('name ', x), CONCAT('user', x, '@example.com'), RPAD(CONCAT('body ', x, '\\t'), 230, 'lorem ipsum dolor ')"+
			" FROM (SELECT a.n * 1000 + b.n AS x FROM s AS a, s AS b WHERE a.n < %d AND a.n * 1000 + b.n < %d) AS numbers", perMember, (n+999)/1000, n),
	}
}

const digest = "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', member_id, id, name, email, body))), BIT_XOR(CRC32(CONCAT_WS('|', body, email, name, id, member_id))) FROM contacts"

func TestCopyPicksItsMembers(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	run(t, from, fill(2000, 100)...)
	run(t, to, fill(0, 100)...)
	for name, how := range loaders {
		t.Run(name, func(t *testing.T) {
			source, target := session(t, from, rows.NewSource), targetOf(t, to, how)
			table := inspect(t, from, sharded("member_id", "contacts")...)[0]
			run(t, target.conn, "DELETE FROM contacts", "BEGIN")
			done, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(3, 7, 7, 12, 99, -1)})
			if err != nil || done.Rows != 300 || done.Bytes < 300*230 || done.More || done.Last != "" {
				t.Errorf("%+v, %v", done, err)
			}
			if n := ask[int](t, to, "SELECT COUNT(*) FROM contacts"); n != 0 {
				t.Error("it committed")
			}
			run(t, target.conn, "COMMIT")
			if got, want := lines(t, to, digest), lines(t, from, digest+" WHERE member_id IN (3, 7, 12)"); got[0] != want[0] {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// Columns that an INSERT without names would not reach, or would fill by
// itself, arrive as they are.
func TestCopySetsEveryColumn(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	const define = "CREATE TABLE t (m INT, id INT NOT NULL AUTO_INCREMENT, hidden INT INVISIBLE DEFAULT 5, random CHAR(36) DEFAULT (UUID())," +
		" changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), twice INT AS (hidden * 2) STORED, thrice INT AS (hidden * 3) INVISIBLE," +
		" `odd, \"name` ENUM('x') NOT NULL DEFAULT 'x', PRIMARY KEY (m, id), KEY (id))"
	run(t, from, define)
	source := session(t, from, rows.NewSource)
	run(t, source.conn, "INSERT INTO t (m, id, hidden, random, changed, `odd, \"name`) VALUES (1, 0, 7, 'mine', '2001-02-03 04:05:06.7', 'x'), (1, 5, NULL, NULL, '2001-02-03', 0), (1, -1, 8, DEFAULT, DEFAULT, 'x')")
	const show = "SELECT m, id, hidden, random, changed, twice, thrice, `odd, \"name` + 0 FROM t ORDER BY id"
	for name, how := range loaders {
		t.Run(name, func(t *testing.T) {
			run(t, to, "DROP TABLE IF EXISTS t", define)
			target := targetOf(t, to, how)
			table := inspect(t, from, sharded("m", "t")...)[0]
			if _, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(1)}); err != nil {
				t.Fatal(err)
			}
			if got, want := lines(t, target.conn, show), lines(t, source.conn, show); len(want) != 3 || !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// A member of 50,000 rows, by parts, each in a transaction of its own.
func TestCopyHeavyMember(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	run(t, from, fill(50000, 50000)...)
	for name, how := range loaders {
		t.Run(name, func(t *testing.T) {
			run(t, to, "DROP TABLE IF EXISTS contacts")
			run(t, to, fill(0, 1)...)
			source, target := session(t, from, rows.NewSource), targetOf(t, to, how)
			table := inspect(t, from, sharded("member_id", "contacts")...)[0]
			if parts, n := copyParts(t, table, source.of, target.of, shard.Int(0), 7001); parts != 8 || n != 50000 {
				t.Errorf("%d rows in %d parts", n, parts)
			}
			if got, want := lines(t, to, digest), lines(t, from, digest); got[0] != want[0] {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// A row whose key is there, or whose value does not fit, is an error that says
// so, not a warning.
func TestCopyRefusesWhatDoesNotFit(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	const define = "CREATE TABLE t (m INT, id INT, v VARCHAR(20), n INT, PRIMARY KEY (m, id), UNIQUE KEY name (v))"
	run(t, from, define, "INSERT INTO t VALUES (1, 1, 'a', 1), (1, 2, 'long enough', 300), (1, 3, 'c', 3)")
	for _, tt := range []struct{ name, define, there, want string }{
		{"primary key", define, "INSERT INTO t VALUES (1, 2, 'other', 0)", "PRIMARY"},
		{"unique key", define, "INSERT INTO t VALUES (2, 2, 'c', 0)", "t.name"},
		{"text too long", strings.Replace(define, "20", "5", 1), "", "'v'"},
		{"number too large", strings.Replace(define, "n INT", "n TINYINT", 1), "", "'n'"},
	} {
		for name, how := range loaders {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				run(t, to, "DROP TABLE IF EXISTS t", tt.define)
				if tt.there != "" {
					run(t, to, tt.there)
				}
				source, target := session(t, from, rows.NewSource), targetOf(t, to, how)
				table := inspect(t, from, sharded("m", "t")...)[0]
				_, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(1)})
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// Rows of 16 MB and more, also beside others, and with bytes that all have to
// be escaped.
func TestCopyWideRows(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	const define = "CREATE TABLE t (m INT, id INT, a LONGBLOB, j JSON, PRIMARY KEY (m, id))"
	run(t, from, define, "INSERT INTO t VALUES (1, 1, 'small', '[1]'), (1, 2, REPEAT(x'5c0a0900', 4 << 20), '{}'), (1, 3, REPEAT('x', 17 << 20), JSON_OBJECT('a', REPEAT('y', 1 << 20), 'b', 9.90)), (1, 4, 'small', NULL)")
	run(t, to, define)
	const show = "SELECT id, LENGTH(a), SHA2(a, 256), LENGTH(j), SHA2(CAST(j AS CHAR), 256) FROM t ORDER BY id"
	for name, how := range loaders {
		t.Run(name, func(t *testing.T) {
			source, target := session(t, from, rows.NewSource), targetOf(t, to, how)
			run(t, target.conn, "DELETE FROM t")
			table := inspect(t, from, sharded("m", "t")...)[0]
			if _, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(1)}); err != nil {
				t.Fatal(err)
			}
			got, want := lines(t, to, show), lines(t, from, show)
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s, want %s", got[i], want[i])
				}
			}
		})
	}
	t.Run("larger than the target takes", func(t *testing.T) {
		run(t, from, "INSERT INTO t VALUES (2, 1, REPEAT('\\\\', 33 << 20), '1')")
		source, target := session(t, from, rows.NewSource), targetOf(t, to, rows.Inserts)
		table := inspect(t, from, sharded("m", "t")...)[0]
		if _, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(2)}); err == nil || !strings.Contains(err.Error(), "max_allowed_packet") {
			t.Errorf("%v", err)
		}
		run(t, to, "DELETE FROM t WHERE m = 2")
		source, target = session(t, from, rows.NewSource), targetOf(t, to, rows.LoadData)
		if done, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(2)}); err != nil || done.Rows != 1 {
			t.Errorf("LOAD DATA knows no such limit: %v", err)
		}
	})
}

// What is cancelled leaves nothing, once it is rolled back.
func TestCopyCancelled(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	run(t, from, fill(50000, 50000)...)
	for name, how := range loaders {
		t.Run(name, func(t *testing.T) {
			run(t, to, "DROP TABLE IF EXISTS contacts")
			run(t, to, fill(0, 1)...)
			run(t, to, "CREATE TABLE IF NOT EXISTS progress (n INT)")
			// A row that is locked on the target stops the copy in the middle.
			blocker, err := to.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = blocker.Rollback() }()
			run(t, blocker, "INSERT INTO contacts VALUES (0, 40000, '', '', '')")

			source, target := session(t, from, rows.NewSource), targetOf(t, to, how)
			run(t, target.conn, "BEGIN", "INSERT INTO progress VALUES (1)")
			id := ask[uint64](t, target.conn, "SELECT CONNECTION_ID()")
			table := inspect(t, from, sharded("member_id", "contacts")...)[0]
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				_, err := table.Copy(ctx, source.of, target.of, rows.Part{Members: members(0)})
				ended <- err
			}()
			for ask[int](t, to, "SELECT COUNT(*) FROM performance_schema.data_lock_waits AS w JOIN performance_schema.threads AS t ON t.THREAD_ID = w.REQUESTING_THREAD_ID WHERE t.PROCESSLIST_ID = ?", id) == 0 {
				select {
				case err := <-ended:
					t.Fatalf("it did not wait: %v", err)
				default:
				}
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			_ = target.conn.Close()
			run(t, blocker, "ROLLBACK")
			// The server notices the end of the connection in its own time.
			for ask[int](t, to, "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_ID = ?", id) > 0 && t.Context().Err() == nil {
			}
			if n := ask[int](t, to, "SELECT (SELECT COUNT(*) FROM contacts) + (SELECT COUNT(*) FROM progress)"); n != 0 {
				t.Errorf("%d rows are left", n)
			}
		})
	}
}

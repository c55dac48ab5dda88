package binlog_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move/binlog"
)

func TestRowOf32MB(t *testing.T) {
	p := newPair(t)
	p.limit = 60 << 20
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)")
	p.onSource("INSERT INTO t VALUES (1, REPEAT(UNHEX('00FF0A27'), 8 << 20)), (2, 'small')", "UPDATE t SET id = 3 WHERE id = 1")
	p.apply()
	p.same("SELECT id, LENGTH(v), SHA2(v, 256) FROM t ORDER BY id")

	batch, err := binlog.NewBatch(p.stream.Format(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	p.onSource("UPDATE t SET id = 4 WHERE id = 3")
	if err := p.add(batch, p.nextRows()); !errors.Is(err, binlog.ErrTooBig) || !strings.Contains(err.Error(), "max_allowed_packet") {
		t.Errorf("a row of 32 MB within 1 MB: %v", err)
	}
}

// A batch that its limit cuts into many statements is still one order of changes.
func TestManyStatements(t *testing.T) {
	p := newPair(t)
	p.limit = 4000
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))", "CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(200))")
	p.onSource("BEGIN",
		"INSERT INTO t SELECT n, REPEAT('x', n % 200) FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500) SELECT n FROM s) s",
		"INSERT INTO u SELECT * FROM t WHERE id < 100", "UPDATE t SET v = REVERSE(CONCAT(id, 'y'))", "DELETE FROM t WHERE id % 3 = 0",
		"UPDATE t SET id = id + 1000 WHERE id % 5 = 0", "INSERT INTO t SELECT id * 3, 'again' FROM u", "UPDATE u SET v = 'end'", "COMMIT")
	end := executed(t, p.a)
	batch, err := binlog.NewBatch(p.stream.Format(), p.limit)
	if err != nil {
		t.Fatal(err)
	}
	for !p.stream.Received().Contains(end) {
		if e, ok := p.next().(binlog.Rows); ok {
			if err := p.add(batch, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	statements := batch.Statements()
	if len(statements) < 10 {
		t.Errorf("%d statements", len(statements))
	}
	for _, s := range statements {
		if len(s) > p.limit {
			t.Errorf("a statement of %d bytes, the limit is %d", len(s), p.limit)
		}
	}
	if err := p.commit(batch); err != nil {
		t.Fatal(err)
	}
	p.same("SELECT * FROM t ORDER BY id")
	p.same("SELECT * FROM u ORDER BY id")
}

// What is held of a transaction does not grow with it, compressed or not.
func TestLargeTransactionInBoundedMemory(t *testing.T) {
	for _, compression := range []string{"OFF", "ON"} {
		t.Run("compression "+compression, func(t *testing.T) {
			p := newPair(t)
			p.both("CREATE TABLE t (id INT PRIMARY KEY, v CHAR(200))")
			p.onSource("SET SESSION cte_max_recursion_depth = 1000000, binlog_transaction_compression = "+compression,
				"INSERT INTO t WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000) SELECT n, REPEAT(CHAR(65 + n % 26), 200) FROM s")
			end := executed(t, p.a)
			rows, most, sum := 0, uint64(0), 0
			start := held()
			for !p.stream.Received().Contains(end) {
				e, ok := p.next().(binlog.Rows)
				if !ok || e.Table.Database != p.source.Database {
					continue
				}
				for _, image := range e.After {
					sum += len(image)
				}
				if rows += len(e.After); rows/20000 != (rows-len(e.After))/20000 {
					most = max(most, held())
				}
			}
			if rows != 200000 {
				t.Errorf("%d rows", rows)
			}
			// The whole of it is 40 MB; the compressed event and the window of
			// its decompressor are a few.
			if grown := int64(most) - int64(start); sum < 40e6 || grown > 10e6 {
				t.Errorf("%d bytes of rows; memory grew by %d", sum, grown)
			}
		})
	}
}

// held is the memory in use that a collection leaves.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestCompressedTransactionsArrive(t *testing.T) {
	p := newPair(t)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v TEXT, j JSON)")
	p.onSource("SET SESSION binlog_transaction_compression = ON", "BEGIN",
		"INSERT INTO t VALUES (1, REPEAT('a', 60000), '[1.10]'), (2, NULL, NULL), (3, '', '{}')", "UPDATE t SET id = 9 WHERE id = 2", "COMMIT",
		"SET SESSION binlog_transaction_compression_level_zstd = 22", "UPDATE t SET v = REPEAT(UUID(), 100)",
		"SET SESSION binlog_transaction_compression = OFF", "DELETE FROM t WHERE id = 3")
	p.apply()
	p.same("SELECT * FROM t ORDER BY id")
}

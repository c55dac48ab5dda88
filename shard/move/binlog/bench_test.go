package binlog_test

import (
	"testing"

	"github.com/berthdb/berth/shard/move/binlog"
)

// BenchmarkApply is rows of about 300 bytes from the source's binlog to the
// target's tables, in transactions of a thousand.
func BenchmarkApply(b *testing.B) {
	p := newPair(b)
	p.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(300))")
	const rows = 50000
	p.onSource("SET SESSION cte_max_recursion_depth = 1000000",
		"INSERT INTO t WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 50000) SELECT n, REPEAT(CHAR(65 + n % 26), 280) FROM s")
	start, end := p.stream.Received(), executed(b, p.a)
	read := func(each func(binlog.Rows)) {
		s := openStream(b, p.source, start)
		defer s.Close()
		for !s.Received().Contains(end) {
			e, err := s.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if r, ok := e.(binlog.Rows); ok {
				each(r)
			}
		}
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			read(func(binlog.Rows) {})
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			batch, err := binlog.NewBatch(p.stream.Format(), 0)
			if err != nil {
				b.Fatal(err)
			}
			flush := func() {
				if err := p.commit(batch); err != nil {
					b.Fatal(err)
				}
			}
			read(func(r binlog.Rows) {
				if err := p.add(batch, r); err != nil {
					b.Fatal(err)
				}
				if batch.Rows() >= 1000 {
					flush()
				}
			})
			flush()
			b.StopTimer()
			p.onTarget("TRUNCATE TABLE t")
			b.StartTimer()
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

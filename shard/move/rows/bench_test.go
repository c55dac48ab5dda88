package rows_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
	"golang.org/x/sync/errgroup"
)

// BenchmarkCopy copies a table of 100,000 rows of 290 bytes, 5,000 a chunk and
// a transaction, and shows rows a second. "ready" is what the target takes
// alone: LOAD DATA of the same rows from memory.
func BenchmarkCopy(b *testing.B) {
	const n, perMember = 100000, 50
	from, to := open(b, 0), open(b, 1)
	run(b, from, fill(n, perMember)...)
	run(b, from, "ANALYZE TABLE contacts")
	table := inspect(b, from, sharded("member_id", "contacts")...)[0]
	var chunks [][]shard.Member
	for m := int64(0); m < n/perMember; m += 100 {
		var chunk []shard.Member
		for i := range int64(100) {
			chunk = append(chunk, shard.Int(m+i))
		}
		chunks = append(chunks, chunk)
	}
	b.Run("ready", func(b *testing.B) { loadReady(b, from, to) })
	for _, bb := range []struct {
		name    string
		how     rows.Loader
		workers int
	}{{"LOAD DATA", rows.LoadData, 1}, {"LOAD DATA by 4", rows.LoadData, 4}, {"INSERT", rows.Inserts, 1}, {"INSERT by 4", rows.Inserts, 4}} {
		b.Run(bb.name, func(b *testing.B) {
			var copied int64
			for b.Loop() {
				b.StopTimer()
				run(b, to, "DROP TABLE IF EXISTS contacts")
				run(b, to, fill(0, 1)...)
				sources, targets := make([]pinned[rows.Source], bb.workers), make([]pinned[rows.Target], bb.workers)
				for w := range bb.workers {
					sources[w], targets[w] = session(b, from, rows.NewSource), targetOf(b, to, bb.how)
				}
				counts := make([]int64, bb.workers)
				b.StartTimer()
				var g errgroup.Group
				for w := range bb.workers {
					g.Go(func() error {
						for i := w; i < len(chunks); i += bb.workers {
							if _, err := targets[w].conn.ExecContext(b.Context(), "BEGIN"); err != nil {
								return err
							}
							done, err := table.Copy(b.Context(), sources[w].of, targets[w].of, rows.Part{Members: chunks[i]})
							if err != nil {
								return err
							}
							counts[w] += done.Rows
							if _, err := targets[w].conn.ExecContext(b.Context(), "COMMIT"); err != nil {
								return err
							}
						}
						return nil
					})
				}
				if err := g.Wait(); err != nil {
					b.Fatal(err)
				}
				for _, c := range counts {
					copied += c
				}
			}
			b.ReportMetric(float64(copied)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func loadReady(b *testing.B, from, to *sql.DB) {
	var chunks []string
	source := session(b, from, rows.NewSource)
	all := lines(b, source.conn, "SELECT CONCAT_WS('\t', member_id, id, name, email, REPLACE(body, '\t', '\\\\t')) FROM contacts")
	for i := 0; i < len(all); i += 5000 {
		chunks = append(chunks, strings.Join(all[i:i+5000], "\n")+"\n")
	}
	for b.Loop() {
		b.StopTimer()
		run(b, to, "DROP TABLE IF EXISTS contacts")
		run(b, to, fill(0, 1)...)
		target := targetOf(b, to, rows.LoadData)
		b.StartTimer()
		for _, chunk := range chunks {
			err := target.conn.Raw(func(c any) error {
				n, err := c.(*instance.Conn).LoadLocal(b.Context(), "INTO TABLE contacts CHARACTER SET binary", strings.NewReader(chunk))
				if err == nil && n != 5000 {
					err = fmt.Errorf("%d rows of 5000", n)
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// way is one way to send a statement; way 0 of a group is the plain driver,
// which the others are compared with.
type way struct {
	name string
	read statement
	add  statement // of a row that is not there; the id is chosen by fresh
}

const (
	selectContact = "SELECT name, email, body FROM contacts WHERE member_id = ? AND id = ?"
	insertContact = "INSERT INTO contacts (member_id, id, name, email, body) VALUES (?, ?, 'n', 'e', 'b')"
)

// router compares the repository and the driver with the plain driver, for
// statements sent in the same manner.
func (b *bench) router(ctx context.Context) error {
	t, err := newTarget(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	fmt.Fprintf(b.out, "\nMySQL %s; %d rows of %d members; bars: p50 at most 1.03 times the plain driver's, throughput at least 0.97 times\n",
		t.server.Version(), members*perMember, members)
	var ids atomic.Int64 // of inserted rows
	for _, manner := range []struct {
		name string
		ways func(context.Context, *target, int) ([]way, func(), error)
	}{
		{"prepared statements", preparedWays},
		{"parameters put into the text by the client (interpolateParams)", interpolatedWays},
		{"parameters as the drivers send them by default", defaultWays},
	} {
		fmt.Fprintf(b.out, "\n%s\n%-14s %4s  %-12s %10s %9s %9s %10s   %s\n", manner.name, "statement", "conn", "through", "per s", "p50 ms", "p99 ms", "cpu ms/k", "p50 ratio, throughput ratio")
		for _, connections := range []int{1, 8, 32} {
			ways, done, err := manner.ways(ctx, t, connections)
			if err != nil {
				return err
			}
			err = b.compare(ctx, "point select", connections, ways, func(w way) statement { return w.read })
			if err == nil {
				err = b.compare(ctx, "insert", connections, ways, func(w way) statement { return fresh(&ids, w.add) })
			}
			done()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh gives each row an id of its own.
func fresh(ids *atomic.Int64, add statement) statement {
	return func(ctx context.Context, member, _ int64) error { return add(ctx, member, perMember+ids.Add(1)) }
}

// compare measures the ways in turns and prints a line for each.
func (b *bench) compare(ctx context.Context, what string, connections int, ways []way, pick func(way) statement) error {
	results := make([][]result, len(ways))
	for round := range b.rounds + 1 {
		for i := range ways {
			at := (i + round) % len(ways) // nobody is always the first
			r, err := measure(ctx, b.duration, connections, pick(ways[at]))
			if err != nil {
				return fmt.Errorf("%s through %s: %w", what, ways[at].name, err)
			}
			if round > 0 { // the first round warms up
				results[at] = append(results[at], r)
			}
		}
	}
	base := medians(results[0])
	for i, w := range ways {
		m := medians(results[i])
		ratio := ""
		if i > 0 {
			ratio = fmt.Sprintf("%.2f, %.2f", m.p50/base.p50, m.perSecond/base.perSecond)
		}
		fmt.Fprintf(b.out, "%-14s %4d  %-12s %10.0f %9.3f %9.3f %10.1f   %s\n", what, connections, w.name, m.perSecond, m.p50, m.p99, m.cpu, ratio)
	}
	return nil
}

func preparedWays(ctx context.Context, t *target, n int) ([]way, func(), error) {
	plain, r, done, err := both(ctx, t, n, false)
	if err != nil {
		return nil, nil, err
	}
	db := r.DB()
	var ways []way
	for _, d := range []struct {
		name string
		db   *sql.DB
	}{{"plain driver", plain}, {"berth driver", db}} {
		read, err := d.db.PrepareContext(ctx, selectContact)
		if err != nil {
			return nil, nil, err
		}
		add, err := d.db.PrepareContext(ctx, insertContact)
		if err != nil {
			return nil, nil, err
		}
		ways = append(ways, way{d.name,
			func(ctx context.Context, m, id int64) error { return scan(read.QueryRowContext(ctx, m, id)) },
			func(ctx context.Context, m, id int64) error { _, err := add.ExecContext(ctx, m, id); return err }})
	}
	return ways, func() { db.Close(); done() }, nil
}

func interpolatedWays(ctx context.Context, t *target, n int) ([]way, func(), error) {
	return adHoc(ctx, t, n, true)
}

func defaultWays(ctx context.Context, t *target, n int) ([]way, func(), error) {
	return adHoc(ctx, t, n, false)
}

func adHoc(ctx context.Context, t *target, n int, interpolate bool) ([]way, func(), error) {
	plain, r, done, err := both(ctx, t, n, interpolate)
	if err != nil {
		return nil, nil, err
	}
	p, db := router.NewRepository(r), r.DB()
	return []way{
		{"plain driver",
			func(ctx context.Context, m, id int64) error {
				return scan(plain.QueryRowContext(ctx, selectContact, m, id))
			},
			func(ctx context.Context, m, id int64) error {
				_, err := plain.ExecContext(ctx, insertContact, m, id)
				return err
			}},
		{"repository",
			func(ctx context.Context, m, id int64) error {
				return scan(p.Member(m).QueryRowContext(ctx, selectContact, m, id))
			},
			func(ctx context.Context, m, id int64) error {
				_, err := p.Member(m).ExecContext(ctx, insertContact, m, id)
				return err
			}},
		{"berth driver",
			func(ctx context.Context, m, id int64) error {
				return scan(db.QueryRowContext(ctx, selectContact, m, id))
			},
			func(ctx context.Context, m, id int64) error {
				_, err := db.ExecContext(ctx, insertContact, m, id)
				return err
			}},
	}, func() { p.Close(); db.Close(); done() }, nil
}

// both opens the plain driver and a router, with as many connections each.
func both(ctx context.Context, t *target, n int, interpolate bool) (*sql.DB, *router.Router, func(), error) {
	plain, err := t.plain(n, interpolate)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := t.router(ctx, n, instance.Options{InterpolateParams: interpolate})
	if err != nil {
		return nil, nil, nil, err
	}
	return plain, r, func() { plain.Close(); r.Close() }, nil
}

func scan(row *sql.Row) error {
	var name, email, body string
	return row.Scan(&name, &email, &body)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

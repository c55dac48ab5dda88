package move

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move/rows"
)

// inspect looks at both servers.
func (p *Plan) inspect(ctx context.Context, cfg Config, m *shard.Map) error {
	incarnation := rand.Text() // so that the plan's own sessions are no strangers
	from, err := cfg.open(m, p.From, incarnation)
	if err != nil {
		return err
	}
	defer from.close()
	to, err := cfg.open(m, p.To, incarnation)
	if err != nil {
		return err
	}
	defer to.close()

	var source, target instance.Report
	var here, there []rows.Table
	g, gctx := errgroup.WithContext(ctx)
	for _, side := range []struct {
		s      *server
		report *instance.Report
		tables *[]rows.Table
	}{{from, &source, &here}, {to, &target, &there}} {
		g.Go(func() (err error) {
			if *side.report, err = instance.Inspect(gctx, side.s.db, instance.Primary); err != nil {
				return fmt.Errorf("shard %s: %w", side.s.shard.Name, err)
			}
			if *side.tables, err = rows.Inspect(gctx, side.s.db, sharded(m)); err != nil {
				return fmt.Errorf("shard %s: %w", side.s.shard.Name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		if errors.Is(err, instance.ErrRefused) {
			p.refuse("%v", err)
			return nil
		}
		return err
	}
	p.settings("shard "+p.From, source)
	p.settings("shard "+p.To, target)
	if older(target.Version, source.Version) {
		p.refuse("shard %s is MySQL %s and shard %s is %s: rows are not moved to a lower version; upgrade %s first", p.To, target.Version.Text, p.From, source.Version.Text, p.To)
	}
	if source.UUID == target.UUID && from.shard.Database == to.shard.Database {
		p.refuse("shards %s and %s are the same database", p.From, p.To)
	}
	p.tables(here, there)
	if len(p.Refusals) > 0 {
		return nil
	}
	if p.Kind == KindSplit {
		if err := p.cut(ctx, from, here); err != nil {
			return err
		}
		if len(p.Refusals) > 0 {
			return nil
		}
	}
	if err := p.strangers(ctx, from); err != nil {
		return err
	}
	if err := p.leftovers(ctx, m, to, there); err != nil {
		return err
	}
	if err := p.estimate(ctx, from, here); err != nil {
		return err
	}
	return p.space(ctx, to)
}

func older(a, b instance.Version) bool {
	if a.Major != b.Major {
		return a.Major < b.Major
	}
	return a.Minor < b.Minor
}

// tables refuses what can't be moved.
func (p *Plan) tables(here, there []rows.Table) {
	if len(here) == 0 {
		p.refuse("the map lists no sharded table, so there is nothing to move; see `berth table list`, and `berth table set NAME --kind sharded`")
	}
	for i, t := range here {
		p.Refusals = append(p.Refusals, t.Problems()...)
		p.Warnings = append(p.Warnings, t.Warnings()...)
		p.Refusals = append(p.Refusals, rows.Differences(t, there[i])...)
	}
}

// cut decides where a split cuts.
func (p *Plan) cut(ctx context.Context, from *server, tables []rows.Table) error {
	at := p.request.At
	if at == 0 {
		var err error
		if at, err = rows.Middle(ctx, from.db, tables, p.request.Range); err != nil {
			p.refuse("range %s has no middle: %v; name the place to cut: --at KEYSPACE_ID", p.request.Range, err)
			return nil //nolint:nilerr // it is the plan's to tell
		}
	}
	_, upper, err := p.request.Range.Split(at)
	if err != nil {
		p.refuse("%v", err)
		return nil //nolint:nilerr // it is the plan's to tell
	}
	p.span, p.Range, p.Cut = shard.Span{Range: upper}, &upper, at.String()
	return nil
}

// strangers are those who can write to the source and are no router.
func (p *Plan) strangers(ctx context.Context, from *server) (err error) {
	if p.Sessions, err = openTransactions(ctx, from.db, from.cfg.Incarnation, longTransaction); err != nil {
		return fmt.Errorf("looking for open transactions on shard %s: %w", p.From, err)
	}
	for _, s := range p.Sessions {
		p.warn("session %d of %s@%s (%s) on shard %s has a transaction open for %s; the cutover waits for it if it is of the members that move",
			s.ID, s.User, s.Host, orNone(s.Program), p.From, s.Age.Round(100_000_000))
	}
	all, err := listSessions(ctx, from.db)
	if err != nil {
		return fmt.Errorf("listing the sessions of shard %s: %w", p.From, err)
	}
	n := 0
	var some []string
	for _, s := range all {
		if s.incarnation == "" {
			n++
			if len(some) < 3 {
				some = append(some, fmt.Sprintf("%d (%s@%s, %s)", s.ID, s.User, s.Host, orNone(s.Program)))
			}
		}
	}
	if n > 0 {
		p.warn("%d sessions on shard %s are of no router and will be ended at the cutover: %s", n, p.From, strings.Join(some, ", "))
	}
	c := &cutover{from: from}
	var off *errBackOff
	if err := c.prepared(ctx); errors.As(err, &off) {
		p.warn("%v", off)
	} else if err != nil {
		return err
	}
	var events int
	if err := from.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.EVENTS WHERE STATUS = 'ENABLED' AND EVENT_SCHEMA = DATABASE()").Scan(&events); err != nil {
		return err
	}
	if events > 0 {
		p.refuse("database %s of shard %s has %d enabled events, which write past the routers; disable them for the move: ALTER EVENT … DISABLE", from.shard.Database, p.From, events)
	}
	switch r, err := instance.Lag(ctx, from.db); {
	case errors.Is(err, instance.ErrNotReplica):
	case err != nil:
		return err
	case r.Applying || r.Receiving:
		p.refuse("shard %s replicates from %s, which writes past the routers; stop that first: STOP REPLICA", p.From, r.Source)
	}
	return nil
}

// leftovers refuses a target that has rows of the span already.
func (p *Plan) leftovers(ctx context.Context, m *shard.Map, to *server, there []rows.Table) error {
	belongs := func(id shard.Member) bool {
		if p.span.IsPin() {
			return id == p.span.Pin
		}
		return p.span.Covers(id) && !m.Entry(m.Lookup(id)).Span.IsPin()
	}
	for _, t := range there {
		id, err := leftover(ctx, to.db, t, p.span, belongs)
		if err != nil {
			return err
		}
		if !id.IsZero() {
			p.refuse("%s", leftoverText(t.Name, id, p.To))
		}
	}
	return nil
}

// leftover finds a member of the span with rows in the table.
func leftover(ctx context.Context, db *sql.DB, t rows.Table, span shard.Span, belongs func(shard.Member) bool) (shard.Member, error) {
	if span.IsPin() {
		sums, err := t.Sums(ctx, db, []shard.Member{span.Pin})
		if err != nil || sums[span.Pin].Rows == 0 {
			return shard.Member{}, err
		}
		return span.Pin, nil
	}
	const page = 5000
	for after := (shard.Member{}); ; {
		list, err := t.Members(ctx, db, after, page)
		if err != nil {
			return shard.Member{}, err
		}
		for _, id := range list {
			if belongs(id) {
				return id, nil
			}
		}
		if len(list) < page {
			return shard.Member{}, nil
		}
		after = list[len(list)-1]
	}
}

// The rates that a plan reckons with, on a machine of two cores; the record
// keeps the prediction beside what happened.
const (
	copyRowsPerSecond   = 100_000
	copyBytesPerSecond  = 30 << 20
	verifyRowsPerSecond = 300_000
	overheadSeconds     = 2
	usualPauseMs        = 30
)

func (p *Plan) estimate(ctx context.Context, from *server, tables []rows.Table) error {
	for _, t := range tables {
		e, err := t.Estimate(ctx, from.db, p.span)
		if err != nil {
			return fmt.Errorf("estimating table %s on shard %s: %w", t.Name, p.From, err)
		}
		p.Tables = append(p.Tables, PlanTable{Name: t.Name, Rows: int64(e.Rows), Bytes: int64(e.Bytes)})
		p.Rows += int64(e.Rows)
		p.Bytes += int64(e.Bytes)
		p.Members = max(p.Members, int64(e.Members))
	}
	copying := max(float64(p.Rows)/copyRowsPerSecond, float64(p.Bytes)/copyBytesPerSecond)
	if rate := p.request.Options.Rate; rate > 0 {
		copying = max(copying, float64(p.Rows)/float64(rate))
	}
	p.CopySeconds = copying + float64(p.Rows)/verifyRowsPerSecond + overheadSeconds
	p.PauseMs = usualPauseMs
	var keep int64
	if err := from.db.QueryRowContext(ctx, "SELECT @@GLOBAL.binlog_expire_logs_seconds").Scan(&keep); err != nil {
		return err
	}
	if keep > 0 && float64(keep) < 2*p.CopySeconds {
		p.refuse("shard %s keeps its binlog for %d s, and the copy may take %.0f s: SET PERSIST binlog_expire_logs_seconds = 259200", p.From, keep, p.CopySeconds)
	}
	return nil
}

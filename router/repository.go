package router

import (
	"context"
	"database/sql"
	"time"

	"github.com/berthdb/berth/shard"
)

// Repository is the shard-aware way to the data, for application and sync
// code. It is safe for concurrent use and holds nothing per member.
type Repository struct {
	r      *Router
	db     *sql.DB
	limits *syncLimits
}

// NewRepository makes a repository on the router, which stays the caller's to
// close, after the repository.
func NewRepository(r *Router) *Repository {
	return &Repository{r: r, db: r.DB(), limits: newSyncLimits(r.cfg.Sync)}
}

// Close ends the repository.
func (p *Repository) Close() error { return p.db.Close() }

// Router is the router beneath.
func (p *Repository) Router() *Router { return p.r }

// DB routes each statement by its own text and parameters.
func (p *Repository) DB() *sql.DB { return p.db }

// Member gives access to one member's data. The id is an integer of any kind,
// a string, or a shard.Member; a bad one is reported by the first call.
//
// Every statement has to be tied to this member in its own text (see
// router/scope), or it is refused before it reaches a server.
func (p *Repository) Member(id any) Member {
	m, err := memberOf(id)
	return Member{p: p, rt: routing{member: m, err: err}}
}

// Member is one member's data. It is a small value that is made anew whenever
// it is needed, and it has the methods that sqlc, sqlx and their like expect
// of a database.
type Member struct {
	p  *Repository
	rt routing
}

// ID is the member's id.
func (m Member) ID() shard.Member { return m.rt.member }

// Home says where the member lives by the current map.
func (m Member) Home() (shard.Home, error) {
	if m.rt.err != nil {
		return shard.Home{}, m.rt.err
	}
	return m.p.r.Map().Home(m.rt.member)
}

// Unscoped is the explicit way out of the guard: what is run through it goes
// to the member's home as it is, and may read and change any row there, of
// other members too.
func (m Member) Unscoped() Member {
	m.rt.unscoped = true
	return m
}

// ExecContext runs a statement that gives no rows.
func (m Member) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return m.p.db.ExecContext(withRouting(ctx, m.rt), query, args...)
}

// QueryContext runs a statement that gives rows; close them.
func (m Member) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return m.p.db.QueryContext(withRouting(ctx, m.rt), query, args...)
}

// QueryRowContext runs a statement that gives at most one row.
func (m Member) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return m.p.db.QueryRowContext(withRouting(ctx, m.rt), query, args...)
}

// PrepareContext prepares a statement, for this member only; close it.
func (m Member) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if m.rt.err != nil {
		return nil, m.rt.err
	}
	return m.p.db.PrepareContext(ctx, m.p.r.mark.apply(m.rt, query))
}

// BeginTx begins a transaction at the member's home. It counts as in flight
// until its end: when the member moves meanwhile, it has until half of the
// freeze's time to finish, and then ends with ErrEnded.
func (m Member) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error) {
	return m.p.db.BeginTx(withRouting(ctx, m.rt), opts)
}

// InTx runs fn in a transaction and commits it, unless fn fails. When the
// transaction provably did not commit for a reason that may pass (a deadlock,
// a connection lost before COMMIT, a member that moved), all of it runs again,
// so fn must have no other effects than through tx. An outcome that is unknown
// is reported as ErrUnknownOutcome and never tried again.
func (m Member) InTx(ctx context.Context, opts *sql.TxOptions, fn func(ctx context.Context, tx *sql.Tx) error) error {
	until := time.Now().Add(m.p.r.cfg.Buffer.Window)
	for pause := newPause(); ; {
		err := m.once(ctx, opts, fn)
		if err == nil || !Retryable(err) || ctx.Err() != nil || time.Now().After(until) || !sleep(ctx, pause.NextBackOff()) {
			return err
		}
	}
}

func (m Member) once(ctx context.Context, opts *sql.TxOptions, fn func(context.Context, *sql.Tx) error) error {
	tx, err := m.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			_ = tx.Rollback() // also when fn panics; the cause is reported, not this
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	committed = true
	return tx.Commit()
}

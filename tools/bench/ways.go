package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

const (
	selectContact = "SELECT name, email, body FROM contacts WHERE member_id = ? AND id = ?"
	insertContact = "INSERT INTO contacts (member_id, id, name, email, body) VALUES (?, ?, 'n', 'e', 'b')"
)

// way is one way to send a statement. The first of several is the plain
// driver, which the others are compared with.
type way struct {
	name string
	read statement
	add  statement
}

// manner is how the parameters of a statement reach the server.
type manner struct {
	name        string
	interpolate bool
	ways        func(context.Context, *sides) ([]way, error)
}

func manners() []manner {
	return []manner{
		{"Prepared by the application (the repository prepares by itself)", false, func(ctx context.Context, s *sides) ([]way, error) {
			plain, err := prepared(ctx, "plain driver", s.plain)
			if err != nil {
				return nil, err
			}
			berth, err := prepared(ctx, "berth driver", s.repo.DB())
			return []way{plain, repository(s.repo), berth}, err
		}},
		{"Parameters put into the text by the driver (interpolateParams=true)", true, adHoc},
		{"Parameters as the driver sends them when nothing is said", false, adHoc},
	}
}

func adHoc(_ context.Context, s *sides) ([]way, error) {
	return []way{direct("plain driver", s.plain), repository(s.repo), direct("berth driver", s.repo.DB())}, nil
}

func prepared(ctx context.Context, name string, db *sql.DB) (way, error) {
	read, err := db.PrepareContext(ctx, selectContact)
	if err != nil {
		return way{}, err
	}
	add, err := db.PrepareContext(ctx, insertContact)
	if err != nil {
		return way{}, err
	}
	return way{name, // closed with the database
		func(ctx context.Context, m, id int64) error { return scan(read.QueryRowContext(ctx, m, id)) },
		func(ctx context.Context, m, id int64) error { _, err := add.ExecContext(ctx, m, id); return err },
	}, nil
}

func direct(name string, db *sql.DB) way {
	return way{name,
		func(ctx context.Context, m, id int64) error {
			return scan(db.QueryRowContext(ctx, selectContact, m, id))
		},
		func(ctx context.Context, m, id int64) error {
			_, err := db.ExecContext(ctx, insertContact, m, id)
			return err
		},
	}
}

func repository(p *router.Repository) way {
	return way{"repository",
		func(ctx context.Context, m, id int64) error {
			return scan(p.Member(m).QueryRowContext(ctx, selectContact, m, id))
		},
		func(ctx context.Context, m, id int64) error {
			_, err := p.Member(m).ExecContext(ctx, insertContact, m, id)
			return err
		},
	}
}

func scan(row *sql.Row) error {
	var name, email, body string
	return row.Scan(&name, &email, &body)
}

// sides are what is compared, with as many connections each.
type sides struct {
	plain  *sql.DB
	router *router.Router
	repo   *router.Repository
}

func (t *target) sides(ctx context.Context, connections int, interpolate bool) (*sides, error) {
	plain, err := t.plain(connections, interpolate)
	if err != nil {
		return nil, err
	}
	r, err := t.router(ctx, connections, instance.Options{InterpolateParams: interpolate})
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return &sides{plain: plain, router: r, repo: router.NewRepository(r)}, nil
}

func (s *sides) close() error {
	return errors.Join(s.plain.Close(), s.repo.Close(), s.router.Close())
}

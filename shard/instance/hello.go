package instance

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/berthdb/berth/shard"
)

// The whole hello is one statement, so that a new connection costs one round
// trip more than a plain one. It is read before the session's sql_mode is
// known, so it has no string, no backslash and no double quote in it. It names
// the database by DATABASE(), which is spelled as the server spells it.
//
// The session begins with it, so what it reads is committed and fresh.
const (
	helloSession = "SELECT CONNECTION_ID(), @@version, @@version_comment, @@session.sql_mode," +
		" @@session.autocommit, @@session.completion_type, @@session.character_set_client, @@session.collation_connection"
	helloServer = ", @@server_uuid, @@global.read_only, @@global.super_read_only," +
		" i.cluster, i.shard, f.span, f.min_epoch" +
		" FROM (SELECT 1) AS nothing" +
		" LEFT JOIN `_berth`.`identity` AS i ON i.database_name = DATABASE()" +
		" LEFT JOIN `_berth`.`fence` AS f ON f.database_name = i.database_name AND f.min_epoch > "
	helloAccount = "SELECT CURRENT_USER(), @@version, @@version_comment"
)

// greeting is the server's answer.
type greeting struct {
	id       uint64
	version  Version
	settings sessionSettings

	// The rest is empty without hello.
	uuid            string
	readOnly, super bool
	known           bool // there is an identity
	identity        Identity
	fence           []FenceRow
}

// hello asks the server who it is, judges the answer, and pins the session's
// settings.
func (c *Connector) hello(ctx context.Context, s session) (*Conn, error) {
	var g *greeting
	var err error
	if c.cfg.WithoutHello {
		if g, err = ask(ctx, s, helloSession); err != nil {
			return nil, err
		}
	} else {
		var epoch uint64
		if c.cfg.Epoch != nil {
			epoch = c.cfg.Epoch()
		}
		if g, err = ask(ctx, s, helloSession+helloServer+strconv.FormatUint(epoch, 10)); err != nil {
			return nil, c.explain(ctx, s, err)
		}
		if err := c.judge(g); err != nil {
			return nil, err
		}
	}
	if set := g.settings.pin(c.cfg.Options.Collation); set != "" {
		if _, err := s.ExecContext(ctx, set, nil); err != nil {
			return nil, fmt.Errorf("pin the session's settings (%s): %w", set, err)
		}
	}
	return &Conn{session: s, id: g.id, version: g.version, uuid: g.uuid, readOnly: g.readOnly || g.super, fence: g.fence}, nil
}

// judge compares what the server is with what it is asked to be: the worst
// mistake first.
func (c *Connector) judge(g *greeting) error {
	want := c.cfg.Expect
	switch {
	case !g.version.Supported():
		return &UnsupportedError{Address: c.cfg.Address, Version: g.version}
	case !g.known:
		return &NoIdentityError{Address: c.cfg.Address, Database: c.cfg.Database}
	case want.Cluster != "" && want.Cluster != g.identity.Cluster, want.Shard != "" && want.Shard != g.identity.Shard:
		return &WrongShardError{Address: c.cfg.Address, Database: c.cfg.Database,
			Want: Identity{Cluster: want.Cluster, Shard: want.Shard}, Found: g.identity}
	case want.UUID != "" && want.UUID != g.uuid:
		return &WrongServerError{Address: c.cfg.Address, Shard: g.identity.Shard, Want: want.UUID, Found: g.uuid}
	case want.Role == Primary && (g.readOnly || g.super):
		return &ReadOnlyError{Address: c.cfg.Address, Shard: g.identity.Shard, Super: g.super}
	}
	return nil
}

// explain finds out why hello's statement failed: another product has no
// server_uuid, a server without identity no such table, and an account
// without privilege can't tell which.
func (c *Connector) explain(ctx context.Context, s session, cause error) error {
	if !isServerError(cause) {
		return cause
	}
	rows, err := query(ctx, s, helloAccount)
	if err != nil {
		return errors.Join(cause, err)
	}
	version := ParseVersion(text(rows[0][1]), text(rows[0][2]))
	switch {
	case !version.Supported():
		return &UnsupportedError{Address: c.cfg.Address, Version: version}
	case IsNoSuchTable(cause), IsUnknownDatabase(cause):
		return &NoIdentityError{Address: c.cfg.Address, Database: c.cfg.Database}
	case IsAccessDenied(cause):
		return &NoPrivilegeError{Address: c.cfg.Address, Account: text(rows[0][0]), Err: cause}
	}
	return fmt.Errorf("read the server's identity: %w", cause)
}

func ask(ctx context.Context, s session, statement string) (*greeting, error) {
	rows, err := query(ctx, s, statement)
	if err != nil {
		return nil, err
	}
	first := rows[0]
	g := &greeting{
		version: ParseVersion(text(first[1]), text(first[2])),
		settings: sessionSettings{
			sqlMode: text(first[3]), autocommit: text(first[4]), completion: text(first[5]),
			charset: text(first[6]), collation: text(first[7]),
		},
	}
	if g.id, err = strconv.ParseUint(text(first[0]), 10, 64); err != nil {
		return nil, fmt.Errorf("connection id: %w", err)
	}
	if len(first) == 8 {
		return g, nil
	}
	g.uuid, g.readOnly, g.super = text(first[8]), text(first[9]) == "1", text(first[10]) == "1"
	if first[11] == nil {
		return g, nil
	}
	g.known, g.identity = true, Identity{Cluster: text(first[11]), Shard: text(first[12])}
	for _, row := range rows {
		if row[13] == nil {
			continue
		}
		f := FenceRow{}
		// A fence that can't be read must not be passed over.
		if f.Span, err = shard.ParseSpan(text(row[13])); err != nil {
			return nil, fmt.Errorf("fence row: %w", err)
		}
		if f.MinEpoch, err = strconv.ParseUint(text(row[14]), 10, 64); err != nil {
			return nil, fmt.Errorf("fence row of %s: %w", f.Span, err)
		}
		g.fence = append(g.fence, f)
	}
	return g, nil
}

// query runs a statement that gives at least one row, and reads all of it.
func query(ctx context.Context, s session, statement string) ([][]driver.Value, error) {
	rows, err := s.QueryContext(ctx, statement, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]driver.Value
	for {
		row := make([]driver.Value, len(rows.Columns()))
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF) && len(out) == 0:
			return nil, errors.New("the server gave no row")
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		for i, v := range row { // the driver reuses its buffer
			if b, ok := v.([]byte); ok {
				row[i] = string(b)
			}
		}
		out = append(out, row)
	}
}

func text(v driver.Value) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

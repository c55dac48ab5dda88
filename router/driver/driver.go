package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
)

// init registers the driver, which is how database/sql finds one by its name.
func init() { sql.Register("berth", Driver{}) }

// Driver is the driver; its zero value is ready.
type Driver struct{}

var (
	_ driver.DriverContext = Driver{}
	_ driver.Connector     = (*Connector)(nil)
)

// Open is of driver.Driver; database/sql calls OpenConnector.
func (d Driver) Open(name string) (driver.Conn, error) {
	return nil, errors.New("berth: open the driver with sql.Open")
}

// OpenConnector reads the data source name.
func (d Driver) OpenConnector(name string) (driver.Connector, error) {
	cfg, err := parse(name)
	if err != nil {
		return nil, err
	}
	return &Connector{cfg: cfg, turn: make(chan struct{}, 1)}, nil
}

// Connector opens one router, when it is first needed, for all connections of
// an sql.DB. A router that can't be opened is tried again by the next one.
type Connector struct {
	cfg *configs.Config

	// turn is full while somebody opens or closes. It is no mutex because who
	// waits for it, behind a store that does not answer, has a context.
	turn   chan struct{}
	store  shard.Store
	router *router.Router
	closed bool
}

// Connect gives a session of the router.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	r, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return r.Connector().Connect(ctx)
}

func (c *Connector) open(ctx context.Context) (*router.Router, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	switch {
	case c.closed:
		return nil, router.ErrClosed
	case c.router != nil:
		return c.router, nil
	}
	store, err := c.cfg.OpenStore(ctx)
	if err != nil {
		return nil, err
	}
	r, err := router.Open(ctx, c.cfg.Router(store, nil))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	c.store, c.router = store, r
	return r, nil
}

// Driver is of driver.Connector.
func (c *Connector) Driver() driver.Driver { return Driver{} }

// Close closes the router. sql.DB's Close calls it.
func (c *Connector) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.closed = true
	if c.router == nil {
		return nil
	}
	err := errors.Join(c.router.Close(), c.store.Close())
	c.router = nil
	return err
}

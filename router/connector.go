package router

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Connector gives database/sql the router as if it were one database. Each
// statement goes to the home of the member that its text and parameters name,
// or that WithMember put into its context; a transaction is bound to the
// member of its first statement and refuses others.
func (r *Router) Connector() driver.Connector { return connector{r} }

type connector struct{ r *Router }

// Connect opens a session, which has no server yet.
func (c connector) Connect(context.Context) (driver.Conn, error) { return &session{r: c.r}, nil }

// Driver is of driver.Connector; its Open is no way to a router.
func (c connector) Driver() driver.Driver { return closedDriver{} }

type closedDriver struct{}

func (closedDriver) Open(string) (driver.Conn, error) {
	return nil, refused("open a router with router.Open, or sql.Open with the driver berth")
}

// DB is the router as an sql.DB. Its own pool holds sessions only, which cost
// nothing, so its limits stay off; PoolConfig bounds the servers' connections.
func (r *Router) DB() *sql.DB {
	db := sql.OpenDB(r.Connector())
	db.SetMaxIdleConns(256)
	return db
}

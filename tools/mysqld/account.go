package mysqld

import (
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// Account is a MySQL user and its password.
type Account struct {
	User, Password string
}

const (
	rootUser = "root"
	appUser  = "app"
	replUser = "repl"
	// The replication account is never shown to a client and its server
	// listens on loopback, so its password is fixed.
	replPassword = "berth-repl"
)

// accountsSQL runs once, when the template is initialised; one statement a
// line, as --init-file wants it. The accounts are made for any host because
// servers skip name resolution; they listen on 127.0.0.1 only.
//
// The application's account gets what applications use and nothing that an
// administrator does, so that a test which passes with it needs no more. The
// mysql schema is taken from it again: who may insert there may create users.
const accountsSQL = `ALTER USER 'root'@'localhost' IDENTIFIED WITH caching_sha2_password BY '` + TestRootPassword + `';
CREATE USER 'root'@'%' IDENTIFIED WITH caching_sha2_password BY '` + TestRootPassword + `';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY '` + TestAppPassword + `';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES, EXECUTE, LOCK TABLES ON *.* TO 'app'@'%';
REVOKE SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES, EXECUTE, LOCK TABLES ON mysql.* FROM 'app'@'%';
CREATE USER 'repl'@'%' IDENTIFIED WITH caching_sha2_password BY '` + replPassword + `';
GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%';
`

// Config returns the Go driver's configuration for an account of the server
// and one of its databases ("" for none), to be adjusted and formatted.
func (s *Server) Config(a Account, database string) *mysql.Config {
	c := mysql.NewConfig()
	c.Net = "tcp"
	c.Addr = s.Addr()
	c.User = a.User
	c.Passwd = a.Password
	c.DBName = database
	c.ParseTime = true
	return c
}

// DSN is Config, formatted for sql.Open("mysql", dsn).
func (s *Server) DSN(a Account, database string) string {
	return s.Config(a, database).FormatDSN()
}

// Root is the account that may do everything.
func (s *Server) Root() Account { return Account{rootUser, s.opts.RootPassword} }

// App is the account with an application's privileges on every database.
func (s *Server) App() Account { return Account{appUser, s.opts.AppPassword} }

// Host is the loopback address the server listens on.
func (s *Server) Host() string { return "127.0.0.1" }

// Port is the TCP port the server listens on, the same after a restart.
func (s *Server) Port() int { return s.opts.Port }

// Addr is Host:Port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())) }

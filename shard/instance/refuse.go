package instance

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRefused is what every refusal by hello is: the server answers, and is not
// the one to use. No statement of the caller was sent.
var ErrRefused = errors.New("server refused by hello")

type refusal struct{}

// Is makes errors.Is(err, ErrRefused) true.
func (refusal) Is(target error) bool { return target == ErrRefused }

// WrongShardError: the address leads to another shard, or another cluster.
type WrongShardError struct {
	refusal
	Address, Database string
	Want, Found       Identity // Cluster and Shard; empty in Want: not asked for
}

func (e *WrongShardError) Error() string {
	next := "correct the address in the map (berth map show) or the network's names"
	if e.Want.Cluster != "" && e.Want.Cluster != e.Found.Cluster {
		return fmt.Sprintf("MySQL server %s was asked to be %s and its database %s is %s: %s",
			e.Address, e.Want.long(), e.Database, e.Found.long(), next)
	}
	return fmt.Sprintf("MySQL server %s was asked to be %s and its database %s is %s: %s",
		e.Address, e.Want.short(), e.Database, e.Found.short(), next)
}

// WrongServerError: right shard, but not the server of that UUID.
type WrongServerError struct {
	refusal
	Address, Shard string
	Want, Found    string // server_uuid
}

func (e *WrongServerError) Error() string {
	return fmt.Sprintf("MySQL server %s of shard %s has the server_uuid %s and the map says %s: if it was replaced on purpose, tell the map (berth shard instance remove, then add)",
		e.Address, e.Shard, e.Found, e.Want)
}

// NoIdentityError: the server's database was never given to a shard.
type NoIdentityError struct {
	Address, Database string
}

// Is makes it ErrNoIdentity as well as ErrRefused.
func (e *NoIdentityError) Is(target error) bool {
	return target == ErrRefused || target == ErrNoIdentity
}

func (e *NoIdentityError) Error() string {
	return fmt.Sprintf("the database %s on MySQL server %s was never given to a shard: give it to a new cluster with \"berth init --shard NAME=%s/%s\", or to this one with \"berth shard add NAME %s/%s\" (a new replica gets its identity by replication)",
		e.Database, e.Address, e.Address, e.Database, e.Address, e.Database)
}

// NoPrivilegeError: the account may not read the identity.
type NoPrivilegeError struct {
	refusal
	Address string
	Account string // as CURRENT_USER() writes it: user@host
	Err     error
}

func (e *NoPrivilegeError) Error() string {
	return fmt.Sprintf("the account %s may not read the identity of MySQL server %s: run %q there (%v)",
		e.Account, e.Address, Grant(e.Account), e.Err)
}

// Unwrap gives the server's error.
func (e *NoPrivilegeError) Unwrap() error { return e.Err }

// Grant is the statement that lets an account ("user@host") say hello.
func Grant(account string) string {
	return "GRANT SELECT ON `_berth`.* TO " + quoteAccount(account)
}

// quoteAccount writes an account as statements want it. Users may have an @ in
// their name, hosts not.
func quoteAccount(account string) string {
	i := strings.LastIndexByte(account, '@')
	if i < 0 {
		return quote(account)
	}
	return quote(account[:i]) + "@" + quote(account[i+1:])
}

// quote writes a string literal that reads the same in every sql_mode but for
// a backslash, which account names don't have.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ReadOnlyError: a primary that takes no writes.
type ReadOnlyError struct {
	refusal
	Address, Shard string
	Super          bool // super_read_only, not just read_only
}

func (e *ReadOnlyError) Error() string {
	setting := "read_only"
	if e.Super {
		setting = "super_read_only"
	}
	return fmt.Sprintf("MySQL server %s is the primary of shard %s in the map, and is %s: if another server was promoted, the map has to say so; if not, run \"SET GLOBAL read_only = OFF\" on it",
		e.Address, e.Shard, setting)
}

// UnsupportedError: not a MySQL that berth works with.
type UnsupportedError struct {
	refusal
	Address string
	Version Version
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("server %s is %s: berth works with MySQL 8.0 (from 8.0.22), 8.4 and 9.x", e.Address, e.Version)
}

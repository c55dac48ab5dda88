package instance

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Options are settings of github.com/go-sql-driver/mysql under the names that
// its users know. What would take statements past the router is not among
// them: multiStatements, allowAllFiles, rejectReadOnly, charset.
type Options struct {
	ParseTime         bool           // DATE and DATETIME as time.Time
	Loc               *time.Location // of those times; nil: UTC
	InterpolateParams bool           // put arguments into the text: one round trip for two
	ClientFoundRows   bool           // RowsAffected counts found rows, not changed ones
	ColumnsWithAlias  bool           // column names as table.column
	Collation         string         // of the connection; must be one of utf8mb4; empty: utf8mb4_general_ci
	MaxAllowedPacket  int            // bytes; 0: 64 MiB; -1: ask the server, a round trip more
	TimeTruncate      time.Duration  // times in arguments are cut to it; 0: not

	AllowCleartextPasswords bool // for PAM and LDAP accounts; only with TLS

	// Session variables to set on each connection, values as SQL writes them
	// ('+00:00' with its quotes). What hello pins wins over them.
	Session map[string]string
}

// Set sets one option by its name in the driver's DSN. It reports false for a
// name that is none of them.
func (o *Options) Set(name, value string) (known bool, err error) {
	flags := map[string]*bool{
		"parseTime": &o.ParseTime, "interpolateParams": &o.InterpolateParams,
		"clientFoundRows": &o.ClientFoundRows, "columnsWithAlias": &o.ColumnsWithAlias,
		"allowCleartextPasswords": &o.AllowCleartextPasswords,
	}
	if flag, ok := flags[name]; ok {
		if *flag, err = strconv.ParseBool(value); err != nil {
			return true, fmt.Errorf("option %s is %q; write true or false", name, value)
		}
		return true, nil
	}
	switch name {
	case "loc":
		o.Loc, err = time.LoadLocation(value)
	case "collation":
		o.Collation, err = value, checkCollation(value)
	case "maxAllowedPacket":
		if o.MaxAllowedPacket, err = strconv.Atoi(value); err == nil && o.MaxAllowedPacket == 0 {
			o.MaxAllowedPacket = -1 // what 0 means in the driver's DSN
		}
	case "timeTruncate":
		o.TimeTruncate, err = time.ParseDuration(value)
	default:
		return false, nil
	}
	if err != nil {
		return true, fmt.Errorf("option %s is %q: %w", name, value, err)
	}
	return true, nil
}

func (o *Options) validate() error {
	if err := checkCollation(o.Collation); err != nil {
		return err
	}
	if o.MaxAllowedPacket < -1 || o.MaxAllowedPacket > 1<<30 {
		return fmt.Errorf("MaxAllowedPacket is %d; MySQL's largest packet is 1 GiB", o.MaxAllowedPacket)
	}
	if o.TimeTruncate < 0 {
		return fmt.Errorf("TimeTruncate is negative: %s", o.TimeTruncate)
	}
	for name, value := range o.Session {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) && r != '@' && r != '.' }) {
			return fmt.Errorf("%q is no name of a session variable", name)
		}
		if value == "" {
			return fmt.Errorf("the session variable %s has no value; write '' for an empty text", name)
		}
	}
	return nil
}

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// checkCollation keeps the connection in utf8mb4: the router reads statements
// as UTF-8, and in another character set the server may read other ones.
func checkCollation(name string) error {
	if name == "" || strings.HasPrefix(name, "utf8mb4_") && !strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) }) {
		return nil
	}
	return fmt.Errorf("collation %q is not one of utf8mb4", name)
}

func (o *Options) apply(c *mysql.Config) error {
	c.ParseTime = o.ParseTime
	if o.Loc != nil {
		c.Loc = o.Loc
	}
	c.InterpolateParams = o.InterpolateParams
	c.ClientFoundRows = o.ClientFoundRows
	c.ColumnsWithAlias = o.ColumnsWithAlias
	c.Collation = o.Collation
	c.AllowCleartextPasswords = o.AllowCleartextPasswords
	c.Params = o.Session
	switch {
	case o.MaxAllowedPacket > 0:
		c.MaxAllowedPacket = o.MaxAllowedPacket
	case o.MaxAllowedPacket < 0:
		c.MaxAllowedPacket = 0
	}
	return c.Apply(mysql.TimeTruncate(o.TimeTruncate))
}

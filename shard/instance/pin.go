package instance

import (
	"slices"
	"strings"
)

// sessionSettings are those that a router depends on, as a new session has
// them from the server's configuration.
type sessionSettings struct {
	sqlMode, autocommit, completion, charset, collation string
}

// unreadable are the sql_modes in which the server reads a statement otherwise
// than the router does, who parses it in the default mode: a quoted string
// becomes a name, a backslash ends one elsewhere, || concatenates, NOT binds
// tighter. ANSI stands for several, and would bring them back.
var unreadable = []string{"ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "HIGH_NOT_PRECEDENCE"}

// pin is the statement that puts right what is wrong for a router, or empty,
// as nearly always. The modes are taken away rather than the server refused,
// so that other clients may keep them.
func (s sessionSettings) pin(collation string) string {
	var set []string
	modes := strings.Split(s.sqlMode, ",")
	if kept := slices.DeleteFunc(slices.Clone(modes), func(m string) bool { return slices.Contains(unreadable, m) }); len(kept) < len(modes) {
		set = append(set, "sql_mode = "+quote(strings.Join(kept, ",")))
	}
	// Without autocommit every statement opens a transaction that the router
	// does not know of, hello's own above all.
	if s.autocommit != "1" {
		set = append(set, "autocommit = 1")
	}
	// COMMIT AND CHAIN would open the next one, COMMIT RELEASE end the session.
	if s.completion != "NO_CHAIN" && s.completion != "0" {
		set = append(set, "completion_type = NO_CHAIN")
	}
	// A server may ignore the character set that the client names at login.
	if s.charset != "utf8mb4" || (collation != "" && s.collation != collation) {
		names := "NAMES utf8mb4"
		if collation != "" {
			names += " COLLATE " + collation
		}
		set = append(set, names)
	}
	if len(set) == 0 {
		return ""
	}
	return "SET " + strings.Join(set, ", ")
}

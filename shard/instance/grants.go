package instance

import (
	"slices"
	"strings"
)

// needed are the privileges, on *.*, that the account of moves and commands
// uses.
var needed = []struct {
	privilege string
	severity  Severity
	why       string
}{
	{"PROCESS", Warning, "a cutover silently misses sessions that it can't see"},
	{"CONNECTION_ADMIN", Warning, "a cutover has to end other accounts' sessions"},
	{"SYSTEM_USER", Warning, "a cutover can't end sessions of accounts that have it, such as root"},
	{"REPLICATION SLAVE", Warning, "a move tails the binary log"},
	{"REPLICATION CLIENT", Warning, "a move reads the binary log's position, and health the replicas' lag"},
	{"REPLICATION_APPLIER", Warning, "a move applies rows of another server's binary log"},
	{"XA_RECOVER_ADMIN", Warning, "a cutover has to see prepared XA transactions, which outlive their sessions"},
	{"SELECT", Warning, "a copy reads all tables"},
	{"INSERT", Warning, "a copy writes all tables"},
	{"UPDATE", Warning, "a copy writes all tables"},
	{"DELETE", Warning, "the clean-up after a move deletes rows"},
	{"CREATE", Warning, "berth keeps its identity and fence in a database of its own"},
}

// globalPrivileges reads the lines of SHOW GRANTS: what is granted on *.*, in
// upper case.
func globalPrivileges(lines []string) []string {
	var out []string
	for _, line := range lines {
		list, ok := strings.CutPrefix(line, "GRANT ")
		if !ok {
			continue
		}
		// A role's or an account's name can't be mistaken for it: they are quoted.
		list, _, ok = strings.Cut(list, " ON *.* TO ")
		if !ok || strings.Contains(list, "`") {
			continue
		}
		for p := range strings.SplitSeq(list, ",") {
			if p = strings.ToUpper(strings.TrimSpace(p)); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}

// JudgeGrants looks at an account's lines of SHOW GRANTS and lists what it
// lacks of what moves and commands need.
func JudgeGrants(account string, lines []string) []Finding {
	have := globalPrivileges(lines)
	if slices.Contains(have, "ALL PRIVILEGES") {
		return nil
	}
	var found []Finding
	for _, n := range needed {
		// SUPER, deprecated, includes the dynamic ones.
		super := strings.Contains(n.privilege, "_ADMIN") && slices.Contains(have, "SUPER")
		if slices.Contains(have, n.privilege) || super {
			continue
		}
		found = append(found, Finding{n.severity, "privilege " + n.privilege, "missing", "granted to " + account, n.why,
			"run: GRANT " + n.privilege + " ON *.* TO " + quoteAccount(account)})
	}
	return found
}

package instance

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Report is what Inspect found.
type Report struct {
	Version  Version           `json:"version"`
	UUID     string            `json:"uuid"` // empty when the product has none
	Account  string            `json:"account"`
	Settings map[string]string `json:"settings"` // those that were looked at
	Findings []Finding         `json:"findings"` // the gravest first
}

// Blocking are the findings with which the server must not be used.
func (r Report) Blocking() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Severity != Blocking })
}

// Inspect looks at the server's version and settings, and at the privileges of
// the account that db uses, which should be the one of moves and commands. It
// changes nothing. Use a Connector WithoutHello for a server that has no
// identity yet or may be anything.
func Inspect(ctx context.Context, db DB, role Role) (Report, error) {
	var r Report
	var version, comment string
	if err := db.QueryRowContext(ctx, "SELECT @@version, @@version_comment, CURRENT_USER()").Scan(&version, &comment, &r.Account); err != nil {
		return r, fmt.Errorf("inspect server: %w", err)
	}
	r.Version = ParseVersion(version, comment)
	var err error
	if r.Settings, err = readSettings(ctx, db); err != nil {
		return r, fmt.Errorf("inspect server: %w", err)
	}
	r.UUID = r.Settings["server_uuid"]
	r.Findings = Judge(r.Version, r.Settings, role)
	if !r.Version.Supported() {
		return r, nil
	}
	grants, err := texts(ctx, db, "SHOW GRANTS", 1)
	if err != nil {
		return r, fmt.Errorf("inspect server: %w", err)
	}
	var lines []string
	for _, g := range grants {
		lines = append(lines, g[0])
	}
	r.Findings = append(r.Findings, JudgeGrants(r.Account, lines)...)
	grave := map[Severity]int{Blocking: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return grave[a.Severity] - grave[b.Severity] })
	return r, nil
}

func readSettings(ctx context.Context, db DB) (map[string]string, error) {
	names := []string{quote("server_uuid")}
	for _, list := range [][]rule{rules, primaryRules, replicaRules} {
		for _, r := range list {
			names = append(names, quote(r.setting))
		}
	}
	rows, err := texts(ctx, db, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ("+strings.Join(names, ", ")+")", 2)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, row := range rows {
		settings[strings.ToLower(row[0])] = row[1]
	}
	return settings, nil
}

// texts reads all rows of a statement with that many columns; NULL is empty.
func texts(ctx context.Context, db DB, statement string, columns int, args ...any) ([][]string, error) {
	rows, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	var out [][]string
	for rows.Next() {
		values := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, columns)
		for i, v := range values {
			row[i] = v.String
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

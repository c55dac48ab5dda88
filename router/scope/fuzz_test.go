package scope_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// FuzzParse: no text makes the guard panic, what it accepts means the same with
// white space around it, and it accepts no executable comment.
func FuzzParse(f *testing.F) {
	for _, s := range accepted {
		f.Add(s.sql)
	}
	for _, group := range refusals {
		for _, sql := range group.sql {
			f.Add(sql)
		}
	}
	p, c := newParser(f), catalogue(f, shard.Integer)
	f.Fuzz(func(t *testing.T, sql string) {
		stmt, err := p.Parse(sql)
		if err != nil {
			return
		}
		values := make([]any, stmt.Params())
		for i := range values {
			values[i] = 42
		}
		got, err := member(p, c, sql, values...)
		if err != nil {
			return
		}
		padded, err := member(newParser(t), c, " \n/* x */ "+sql+"\n", values...)
		if err != nil || padded != got {
			t.Errorf("%q is tied to %q, and in white space to %q (%v)", sql, got, padded, err)
		}
		if strings.Contains(sql, "/*!") && !strings.ContainsAny(sql, `'"`+"`") {
			t.Errorf("%q has an executable comment and is accepted", sql)
		}
	})
}

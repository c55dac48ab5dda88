package rows_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move/rows"
)

// numbers are texts that MySQL prints for DECIMAL values.
func numbers(n int) (all []string) {
	r := rand.New(rand.NewPCG(1, 2))
	for len(all) < n {
		scale := r.IntN(31)
		whole := r.IntN(min(65-scale, 1+r.IntN(40)) + 1)
		var b strings.Builder
		for i := range whole {
			b.WriteByte(byte('0' + r.IntN(10)))
			if i == 0 && b.String() == "0" {
				b.Reset()
				b.WriteByte('1')
			}
		}
		if whole == 0 {
			b.WriteByte('0')
		}
		if scale > 0 {
			b.WriteByte('.')
			zeros := r.IntN(scale + 1)
			b.WriteString(strings.Repeat("0", zeros))
			for range scale - zeros {
				b.WriteByte(byte('0' + r.IntN(10)))
			}
		}
		text := b.String()
		if r.IntN(3) == 0 && strings.Trim(text, "0.") != "" {
			text = "-" + text
		}
		all = append(all, text)
	}
	return append(all, "0", "0.0", "1.0", "1.50", "9.90", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
		"100000000000000.0", "1000000000000000.0", "999999999999999.0", "1234567890123456.8", "12345678901234567.8", "0.000000000000001", "0.0000000000000001", "0.0000000000000012345", "0.1", "123456789012345.6")
}

// The guess which numbers come out of a JSON text otherwise is the server's own
// answer, and each such number is put in exactly.
func TestExactNumbersAreThoseTheServerChanges(t *testing.T) {
	db := open(t, 0)
	var values, exact, want []string
	all := numbers(3000)
	for _, n := range all {
		values = append(values, fmt.Sprintf("ROW('%s')", n))
		if !rows.PrintsAlike([]byte(n)) {
			exact, want = append(exact, string(rows.AppendExact(nil, []byte(n)))), append(want, n)
		}
	}
	for i, line := range lines(t, db, "SELECT CAST(CAST(n AS JSON) AS CHAR) FROM (VALUES "+strings.Join(values, ", ")+") AS v (n)") {
		if got, want := rows.PrintsAlike([]byte(all[i])), line == all[i]; got != want {
			t.Errorf("%s becomes %s, and PrintsAlike is %v", all[i], line, got)
		}
	}
	got := strings.Split(lines(t, db, "SELECT CONCAT_WS(' ', "+strings.Join(exact, ", ")+")")[0], " ")
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("written exactly: %s, want %s", got[i], want[i])
		}
	}
	if len(want) < 100 || len(want) == len(all) {
		t.Errorf("%d of %d numbers are exact: too little of either", len(want), len(all))
	}
}

func TestIsExact(t *testing.T) {
	for doc, want := range map[string]bool{
		``: false, `null`: false, `[]`: false, `"9.90"`: false, `{"9.90": "1.10\" 2.20"}`: false, `[1, 2.5, -3, 1e20, 1.5e-7]`: false,
		`9.90`: true, `[1, {"a": -0.10}]`: true, `{"a\\": 1.0, "b": 123456789012345678901}`: true, `{"a": "\\", "b": 1.10}`: true,
	} {
		if rows.IsExact([]byte(doc)) != want {
			t.Errorf("%s: want %v", doc, want)
		}
	}
}

// Nothing that looks like a document makes the walk fall or run for ever, and
// what is exact is put in.
func FuzzDocument(f *testing.F) {
	for _, doc := range []string{`{"a": [1, 2.50, {"b\"c": -9.90}]}`, `[`, `{"a`, `"\`, `-`, `[[[1.10]]]`, `{"a": , 1.10}`, `}`, `]1.10`, `[ .{ a}\ ]-`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		rows.IsExact(doc)
		rows.AppendExact(nil, doc)
	})
}

func FuzzPosition(f *testing.F) {
	for _, p := range []string{"", "1:", "1:31,32", "1:-,31", "1:zz", "2:31", "1:31,,"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		condition, err := (rows.Table{Name: "t"}).Beyond(rows.Position(p))
		if (err == nil) != (condition != "") {
			t.Errorf("%q: %q, %v", p, condition, err)
		}
	})
}

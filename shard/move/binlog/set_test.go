package binlog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move/binlog"
	"github.com/berthdb/berth/tools/testcluster"
)

const (
	uuidA = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
	uuidB = "4350f323-7565-4e59-8763-4b1b83a0ce0e"
)

func set(t testing.TB, text string) binlog.Set {
	t.Helper()
	s, err := binlog.ParseSet(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func gtid(t testing.TB, text string) binlog.GTID {
	t.Helper()
	g, err := binlog.ParseGTID(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var setTexts = []struct{ text, want string }{
	{"", ""},
	{" \n", ""},
	{uuidA + ":1", uuidA + ":1"},
	{strings.ToUpper(uuidA) + ":1-1", uuidA + ":1"},
	{uuidA + ":5-9:1-3:4", uuidA + ":1-9"},
	{uuidA + ":1-3:3-7:20:9-11", uuidA + ":1-7:9-11:20"},
	{uuidB + ":1,\n" + uuidA + ":2", uuidA + ":2," + uuidB + ":1"},
	{uuidA + ":1:Tag:4-5:b_2:1," + uuidA + ":2", uuidA + ":1-2:b_2:1:tag:4-5"},
	{uuidA + ":_x:1-9223372036854775806", uuidA + ":_x:1-9223372036854775806"},
}

func TestParseSet(t *testing.T) {
	for _, tt := range setTexts {
		s := set(t, tt.text)
		if s.String() != tt.want || s.IsEmpty() != (tt.want == "") {
			t.Errorf("%q: got %q, want %q", tt.text, s, tt.want)
		}
		var back binlog.Set
		if b, err := json.Marshal(s); err != nil || json.Unmarshal(b, &back) != nil || !back.Equal(s) {
			t.Errorf("%q does not come back from JSON: %s, %v", tt.text, b, err)
		}
	}
	for _, bad := range []string{
		"x", ":", ",", uuidA, uuidA + ":", uuidA + ":0", uuidA + ":2-1", uuidA + ":1-", uuidA + ":-1", uuidA + ":1,", uuidA + ":9223372036854775807",
		uuidA + ":tag", uuidA + ":1:tag", uuidA + ":1:9tag:1", uuidA + ":a-b:1", uuidA + ":" + strings.Repeat("t", 33) + ":1", uuidA + ":1:2:3x",
		strings.ReplaceAll(uuidA, "-", "") + ":1", "{" + uuidA + "}:1",
	} {
		if s, err := binlog.ParseSet(bad); err == nil {
			t.Errorf("%q is taken for %q", bad, s)
		}
	}
}

// The server agrees on the text, and takes our form of it.
func TestSetsAsTheServerHasThem(t *testing.T) {
	db := testcluster.Database(t, 0).OpenAdmin(t)
	for _, tt := range setTexts {
		got := answer(t, db, fmt.Sprintf("SELECT GTID_SUBTRACT('%s', ''), GTID_SUBSET('%s', '%[1]s') AND GTID_SUBSET('%[1]s', '%[2]s')", tt.text, tt.want))
		if want := "true:" + strings.ReplaceAll(tt.want, ",", ",\n") + "|true:1|"; got[0] != want {
			t.Errorf("%q: the server has %q, we %q", tt.text, got[0], want)
		}
	}
}

func TestGTID(t *testing.T) {
	for _, text := range []string{uuidA + ":1", uuidA + ":tag:77"} {
		if got := gtid(t, text).String(); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	for _, bad := range []string{"", uuidA + ":1-2", uuidA + ":1:3", uuidA + ":1," + uuidB + ":1", uuidA + ":1:t:1"} {
		if g, err := binlog.ParseGTID(bad); err == nil {
			t.Errorf("%q is taken for %s", bad, g)
		}
	}
}

func TestSetAlgebra(t *testing.T) {
	for _, tt := range []struct{ a, b, union, both string }{
		{"", "", "", ""},
		{"A:1-5", "", "A:1-5", ""},
		{"A:1-5", "A:3-9", "A:1-9", "A:3-5"},
		{"A:1-5", "A:6-9", "A:1-9", ""},
		{"A:1-5:9-20", "A:4-10:15-30", "A:1-30", "A:4-5:9-10:15-20"},
		{"A:1-100", "A:1:3:5-7:100", "A:1-100", "A:1:3:5-7:100"},
		{"A:1-5", "B:1-5", "A:1-5,B:1-5", ""},
		{"A:1-5", "A:t:1-5", "A:1-5:t:1-5", ""},
	} {
		names := strings.NewReplacer("A", uuidA, "B", uuidB)
		a, b := set(t, names.Replace(tt.a)), set(t, names.Replace(tt.b))
		for range 2 {
			union, both := a.Union(b), a.Intersect(b)
			if union.String() != names.Replace(tt.union) || both.String() != names.Replace(tt.both) {
				t.Errorf("%s and %s: union %s, intersection %s", a, b, union, both)
			}
			if !union.Contains(a) || !union.Contains(b) || !a.Contains(both) || !b.Contains(both) {
				t.Errorf("%s and %s: Contains", a, b)
			}
			if a.Contains(b) != (both.Equal(b)) || a.Contains(b) != union.Equal(a) {
				t.Errorf("%s contains %s: %v", a, b, a.Contains(b))
			}
			a, b = b, a
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	a := set(t, uuidA+":1-5")
	b := a.Clone()
	b.Add(gtid(t, uuidA+":6"))
	b.Add(gtid(t, uuidB+":1"))
	if a.String() != uuidA+":1-5" || b.String() != uuidA+":1-6,"+uuidB+":1" {
		t.Errorf("%s and its clone %s", a, b)
	}
	if !b.Has(gtid(t, uuidA+":6")) || a.Has(gtid(t, uuidA+":6")) || b.Has(gtid(t, uuidA+":t:6")) {
		t.Error("Has")
	}
}

// A set built one by one, in an order that the numbers give, is the set.
func FuzzAdd(f *testing.F) {
	f.Add([]byte{1, 2, 3, 9, 8, 4, 4, 0, 255})
	f.Fuzz(func(t *testing.T, order []byte) {
		var s binlog.Set
		in := make(map[int64]bool)
		for _, n := range order {
			g := binlog.GTID{Number: int64(n) + 1}
			s.Add(g)
			in[g.Number] = true
		}
		for n := int64(1); n <= 257; n++ {
			if s.Has(binlog.GTID{Number: n}) != in[n] {
				t.Fatalf("%v: %d in %s", order, n, s)
			}
		}
		if back := set(t, s.String()); !back.Equal(s) || back.String() != s.String() {
			t.Fatalf("%s came back as %s", s, back)
		}
	})
}

func FuzzParseSet(f *testing.F) {
	for _, tt := range setTexts {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := binlog.ParseSet(text)
		if err != nil {
			return
		}
		back, err := binlog.ParseSet(s.String())
		if err != nil || !back.Equal(s) || back.String() != s.String() {
			t.Fatalf("%q: %s came back as %s, %v", text, s, back, err)
		}
		if s.IsEmpty() != (s.String() == "") || !s.Contains(s) || !s.Intersect(s).Equal(s) || !s.Union(s).Equal(s) {
			t.Fatalf("%q: %s", text, s)
		}
		binlog.EncodeSet(s)
	})
}

package shard_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"vitess.io/vitess/go/sqltypes"

	"github.com/berthdb/berth/shard"
)

func TestParseMember(t *testing.T) {
	for _, tc := range []struct {
		text    string
		integer bool
	}{
		{"0", true},
		{"42", true},
		{"-1", true},
		{"9223372036854775807", true},
		{"-9223372036854775808", true},
		{"18446744073709551615", true},
		{"18446744073709551616", false}, // past uint64: MySQL has no such integer
		{"-9223372036854775809", false},
		{"99999999999999999999", false},
		{"042", false}, // texts, which an integer column would find equal to a number
		{"+1", false},
		{"-0", false},
		{"-", false},
		{"--1", false},
		{"-042", false},
		{" 42", false},
		{"42.0", false},
		{"4e1", false},
		{"0x2a", false},
		{"٤٢", false}, // digits, but not MySQL's
		{"alice", false},
		{"Ä", false},
		{strings.Repeat("x", shard.MaxMemberBytes), false},
		{strings.Repeat("9", shard.MaxMemberBytes), false},
	} {
		m, err := shard.ParseMember(tc.text)
		if err != nil {
			t.Errorf("%q is refused: %v", tc.text, err)
			continue
		}
		if m.IsInteger() != tc.integer || m.IsZero() || m.String() != tc.text {
			t.Errorf("%q is read as %q, an integer: %v", tc.text, m, m.IsInteger())
		}
	}
}

func TestParseMemberRefuses(t *testing.T) {
	for _, tc := range []struct{ text, why string }{
		{"", "it is empty"},
		{strings.Repeat("x", shard.MaxMemberBytes+1), "256 bytes long, the limit is 255"},
		{strings.Repeat("Ä", 128), "256 bytes long"},
		{"42 ", "ends in a space"},
		{" ", "ends in a space"},
		{"a\x00b", "control character"},
		{"42\n", "control character"},
		{"a\u0085", "control character"},
		{"\xff", "not valid UTF-8"},
		{"a\xc3", "not valid UTF-8"},
		{"\xed\xa0\x80", "not valid UTF-8"}, // half a surrogate pair
	} {
		m, err := shard.ParseMember(tc.text)
		if !errors.Is(err, shard.ErrBadMember) || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%q: %v; want an ErrBadMember that says %q", tc.text, err, tc.why)
		}
		if !m.IsZero() {
			t.Errorf("%q is refused and yet read as %q", tc.text, m)
		}
	}
}

// One id has one form, whatever it was made from.
func TestMembersOfOneIDAreEqual(t *testing.T) {
	for _, tc := range []struct {
		a shard.Member
		b string
	}{
		{shard.Int(42), "42"},
		{shard.Uint(42), "42"},
		{shard.Int(0), "0"},
		{shard.Int(-42), "-42"},
		{shard.Int(math.MinInt64), "-9223372036854775808"},
		{shard.Int(math.MaxInt64), "9223372036854775807"},
		{shard.Uint(math.MaxUint64), "18446744073709551615"},
	} {
		if b := mustMember(t, tc.b); tc.a != b || tc.a.KeyspaceID() != b.KeyspaceID() || tc.a.String() != tc.b {
			t.Errorf("member %s made of an integer differs from the one read from %q", tc.a, tc.b)
		}
	}
	if shard.Int(-1) == shard.Uint(math.MaxUint64) || shard.Int(1) == shard.Int(-1) {
		t.Error("members of different ids are equal")
	}
}

// Integers are formatted and hashed by code of our own, for speed.
func TestIntegerTextAndHash(t *testing.T) {
	check := func(m shard.Member, want string) {
		t.Helper()
		text, err := m.AppendText([]byte("id="))
		if err != nil || string(text) != "id="+want || m.String() != want {
			t.Fatalf("the text of %s is %s and %s (%v)", want, m, text, err)
		}
		sum := xxhash.Sum64String(want)
		b := m.KeyspaceID().Bytes()
		for i := range b {
			if b[i] != byte(sum>>(8*i)) {
				t.Fatalf("the keyspace id of %s is %x, its hash %016x", want, b, sum)
			}
		}
	}
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 200_000 {
		n := r.Uint64() >> r.IntN(64) // every length alike
		if i < 2000 {
			n = uint64(i)
		}
		check(shard.Uint(n), strconv.FormatUint(n, 10))
		check(shard.Int(-int64(n)), strconv.FormatInt(-int64(n), 10))
	}
}

func TestZeroMember(t *testing.T) {
	var m shard.Member
	if b, err := m.MarshalText(); err == nil {
		t.Errorf("the zero member has the text %q", b)
	}
	if m.String() != "" || m.IsInteger() || !m.IsZero() {
		t.Errorf("the zero member is %q", m)
	}
}

func TestMemberType(t *testing.T) {
	for _, tc := range []struct {
		typ  shard.MemberType
		text string
		ok   bool
	}{
		{shard.Integer, "42", true},
		{shard.Integer, "-1", true},
		{shard.Integer, "042", false},
		{shard.Integer, "18446744073709551616", false},
		{shard.Integer, "alice", false},
		{shard.Integer, "", false},
		{shard.String, "42", true},
		{shard.String, "042", true},
		{shard.String, "alice", true},
		{shard.String, "", false},
	} {
		if _, err := tc.typ.Parse(tc.text); (err == nil) != tc.ok || (err != nil && !errors.Is(err, shard.ErrBadMember)) {
			t.Errorf("%q as an id of type %s: %v", tc.text, tc.typ, err)
		}
	}
}

func FuzzParseMember(f *testing.F) {
	for _, s := range []string{"", "0", "42", "-1", "042", "-0", "18446744073709551615", "-9223372036854775808", "18446744073709551616", "Ä", "a\x00", "\xff", "x "} {
		f.Add(s)
	}
	v := vindex(f)
	f.Fuzz(func(t *testing.T, s string) {
		m, err := shard.ParseMember(s)
		if err != nil {
			if !errors.Is(err, shard.ErrBadMember) || !m.IsZero() {
				t.Fatalf("%q: member %q, error %v", s, m, err)
			}
			return
		}
		if m.String() != s {
			t.Fatalf("%q is read as %q", s, m)
		}
		_, errS := strconv.ParseInt(s, 10, 64)
		_, errU := strconv.ParseUint(s, 10, 64)
		canonical := (errS == nil || errU == nil) && s[0] != '+' && !strings.HasPrefix(s, "0") && !strings.HasPrefix(s, "-0")
		if want := canonical || s == "0"; m.IsInteger() != want {
			t.Fatalf("%q is an integer: %v, want %v", s, m.IsInteger(), want)
		}
		checkVitess(t, v, m, sqltypes.NewVarChar(s))
		var back shard.Member
		if err := back.UnmarshalText([]byte(s)); err != nil || back != m {
			t.Fatalf("%q is read back as %q (%v)", s, back, err)
		}
	})
}

package scope_test

import (
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

type (
	namedInt  int32
	namedText string
	valuer    int64
)

func (valuer) Value() (driver.Value, error) { return "7", nil }

func TestArguments(t *testing.T) {
	const equal = "SELECT * FROM contacts WHERE member_id = ?"
	const row = "SELECT * FROM contacts WHERE (member_id, id) IN ((?, 1))"
	for _, tt := range []struct {
		members shard.MemberType
		sql     string
		arg     any
		want    string // empty if it is refused
	}{
		{shard.Integer, equal, int64(-42), "-42"},
		{shard.Integer, equal, uint64(1<<64 - 1), "18446744073709551615"},
		{shard.Integer, equal, uint8(42), "42"},
		{shard.Integer, equal, namedInt(42), "42"},
		{shard.Integer, equal, namedText("42"), "42"},
		{shard.Integer, equal, "9007199254740993", "9007199254740993"},
		{shard.Integer, row, int64(9007199254740993), "9007199254740993"},
		{shard.Integer, row, "9007199254740991", "9007199254740991"},
		{shard.Integer, row, "9007199254740993", ""},
		{shard.Integer, row, "9007199254740992", ""},
		{shard.Integer, equal, valuer(42), ""},
		{shard.Integer, equal, nil, ""},
		{shard.Integer, equal, []byte(nil), ""},
		{shard.Integer, equal, []byte{}, ""},
		{shard.Integer, equal, "", ""},
		{shard.Integer, equal, "042", ""},
		{shard.Integer, equal, "42 ", ""},
		{shard.Integer, equal, " 42", ""},
		{shard.Integer, equal, "+42", ""},
		{shard.Integer, equal, "42.0", ""},
		{shard.Integer, equal, "0x2A", ""},
		{shard.Integer, equal, "-0", ""},
		{shard.Integer, equal, "18446744073709551616", ""},
		{shard.Integer, equal, "42\x00", ""},
		{shard.Integer, equal, "42abc", ""},
		{shard.Integer, equal, 42.0, ""},
		{shard.Integer, equal, float32(42), ""},
		{shard.Integer, equal, true, ""},
		{shard.Integer, equal, time.Unix(42, 0), ""},
		{shard.Integer, equal, new(int64), ""},
		{shard.Integer, equal, []int{42}, ""},
		{shard.String, equal, "ada", "ada"},
		{shard.String, equal, []byte("ada"), "ada"},
		{shard.String, equal, "42", "42"},
		{shard.String, equal, "042", "042"},
		{shard.String, row, "9007199254740993", "9007199254740993"},
		{shard.String, equal, "5f0c1b0e-6d1e-4a55-8a5e-2f4f2d7c9e01", "5f0c1b0e-6d1e-4a55-8a5e-2f4f2d7c9e01"},
		{shard.String, equal, 42, ""},
		{shard.String, equal, uint64(42), ""},
		{shard.String, equal, "ada ", ""},
		{shard.String, equal, "", ""},
		{shard.String, equal, "a\x00", ""},
		{shard.String, equal, "\xff", ""},
		{shard.String, equal, strings.Repeat("a", 256), ""},
		{shard.String, equal, nil, ""},
	} {
		got, err := member(newParser(t), catalogue(t, tt.members), tt.sql, tt.arg)
		var v *scope.ValueError
		if got.String() != tt.want || (tt.want == "") != errors.As(err, &v) {
			t.Errorf("%s members, %s, %T %v: %q, %v; want %q", tt.members, tt.sql, tt.arg, tt.arg, got, err, tt.want)
		}
	}
}

func TestLiteralsOfTextMembers(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT * FROM contacts WHERE member_id = 'ada'":                "ada",
		`SELECT * FROM contacts WHERE member_id = "ada"`:                "ada",
		"SELECT * FROM contacts WHERE member_id = 'o''hara'":            "o'hara",
		`SELECT * FROM contacts WHERE member_id = 'o\'hara'`:            "o'hara",
		`SELECT * FROM contacts WHERE member_id = 'a\\b'`:               `a\b`,
		"SELECT * FROM contacts WHERE member_id = 'ADA'":                "ADA",
		"SELECT * FROM contacts WHERE member_id = 'é'":                  "é",
		"SELECT * FROM contacts WHERE member_id = '42'":                 "42",
		"INSERT INTO contacts (member_id) VALUES ('042')":               "042",
		"SELECT * FROM contacts WHERE member_id = 42":                   "",
		"SELECT * FROM contacts WHERE member_id = -42":                  "",
		"SELECT * FROM contacts WHERE member_id = 'ada '":               "",
		`SELECT * FROM contacts WHERE member_id = 'a\0'`:                "",
		`SELECT * FROM contacts WHERE member_id = 'a\n'`:                "",
		"SELECT * FROM contacts WHERE member_id = N'ada'":               "",
		"SELECT * FROM contacts WHERE member_id = _utf8mb4'ada'":        "",
		"SELECT * FROM contacts WHERE member_id = 'ada' COLLATE binary": "",
		"SELECT * FROM contacts WHERE member_id = x'616461'":            "",
		"SELECT * FROM contacts WHERE member_id LIKE 'ada'":             "",
		"INSERT INTO contacts (member_id) VALUES (42)":                  "",
	} {
		got, err := member(newParser(t), catalogue(t, shard.String), sql)
		if got.String() != want || (want == "") != (err != nil) {
			t.Errorf("%s: %q, %v; want %q", sql, got, err, want)
		}
	}
}

func TestArgumentsThatDisagree(t *testing.T) {
	p, c := newParser(t), catalogue(t, shard.Integer)
	const two = "SELECT * FROM contacts c JOIN messages m WHERE c.member_id = ? AND m.member_id = ?"
	var differ *scope.TwoMembersError
	if _, err := member(p, c, two, 42, 43); !errors.As(err, &differ) || differ.First != "42" || differ.Second != "43" {
		t.Errorf("42 and 43: %v", err)
	}
	var count *scope.ArgumentsError
	if _, err := member(p, c, two, 42); !errors.As(err, &count) || count.Want != 2 || count.Have != 1 {
		t.Errorf("one argument: %v", err)
	}
	stmt, err := p.Parse(two)
	if err != nil {
		t.Fatal(err)
	}
	s, err := stmt.Scope(c)
	if err != nil {
		t.Fatal(err)
	}
	named := args(42, 42)
	named[1].Name = "m"
	if _, err := s.Member(named); !errors.As(err, &count) || count.Named != "m" {
		t.Errorf("a named argument: %v", err)
	}
	swapped := args(42, 42)
	swapped[0].Ordinal, swapped[1].Ordinal = 2, 1
	if _, err := s.Member(swapped); !errors.As(err, &count) {
		t.Errorf("arguments out of order: %v", err)
	}
}

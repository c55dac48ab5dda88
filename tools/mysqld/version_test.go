package mysqld_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/mysqld"
)

func TestParseVersion(t *testing.T) {
	for _, tc := range []struct {
		text, want, err string
	}{
		{text: "/usr/sbin/mysqld  Ver 9.7.4-2 for debian-linux-gnu on x86_64 ((Debian))\n", want: "9.7.4"},
		{text: "mysqld  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))", want: "8.0.36"},
		{text: "/opt/homebrew/bin/mysqld  Ver 8.4.3 for macos15.1 on arm64 (Homebrew)", want: "8.4.3"},
		{text: "mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64", err: "is MariaDB"},
		{text: "mysqld  Ver 5.7.44 for Linux on x86_64", err: "too old"},
		{text: "hello", err: "names no MySQL version"},
		{text: "", err: "names no MySQL version"},
	} {
		got, err := mysqld.ParseVersion(tc.text)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("ParseVersion(%q): %v, want an error with %q", tc.text, err, tc.err)
			}
			continue
		}
		if err != nil || got.String() != tc.want {
			t.Errorf("ParseVersion(%q) = %s, %v; want %s", tc.text, got, err, tc.want)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("mysqld  Ver 8.0.36 for Linux on x86_64")
	f.Add("Ver 99999999999999999999.0.0")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := mysqld.ParseVersion(text)
		if err != nil {
			return
		}
		if v.Major < 8 || strings.Contains(strings.ToLower(text), "mariadb") {
			t.Errorf("ParseVersion(%q) = %s", text, v)
		}
		again, err := mysqld.ParseVersion("Ver " + v.String())
		if err != nil || again != v {
			t.Errorf("%s does not parse as itself: %s, %v", v, again, err)
		}
	})
}

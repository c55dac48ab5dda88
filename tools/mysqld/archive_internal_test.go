package mysqld

import (
	"slices"
	"strings"
	"testing"
)

// What apt prints is read by functions that nothing outside has a use for, so
// these tests lie in the package.

func TestArchiveBase(t *testing.T) {
	for _, tc := range []struct {
		name, targets, want string
	}{
		{"the release, not its updates", "http://a.example/debian-security/ main bookworm-security\nhttp://a.example/debian/ main bookworm\nhttp://a.example/debian/ main bookworm-updates\n", "http://a.example/debian/"},
		{"main, not contrib", "http://b.example/x/ contrib bookworm\nhttp://a.example/debian/ main trixie\n", "http://a.example/debian/"},
		{"nothing", "", ""},
		{"security alone", "http://a.example/debian-security/ main bookworm-security\n", ""},
	} {
		got, err := archiveBase(tc.targets)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: %q, %v; want %q", tc.name, got, err, tc.want)
		}
	}
}

const depends = `mysql-server-core
  Depends: libc6
  Depends: <virtual-thing>
    libreal
 |Depends: debconf
libc6
<virtual-thing>
debconf
perl
libperl5.42
libc6
mysql-client-core
`

func TestDependencies(t *testing.T) {
	want := []string{"mysql-server-core", "libc6", "mysql-client-core"}
	if got := dependencies(depends); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzDependencies(f *testing.F) {
	f.Add(depends)
	f.Add("a\r\nb")
	f.Fuzz(func(t *testing.T, out string) {
		got := dependencies(out)
		for i, name := range got {
			if name == "" || strings.ContainsAny(name[:1], " |<") || strings.Contains(name, "\n") {
				t.Errorf("%q is no package", name)
			}
			if slices.Contains(got[:i], name) {
				t.Errorf("%q is there twice", name)
			}
		}
	})
}

package instance

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a server's version.
type Version struct {
	Major, Minor, Patch int
	Product             string // "MySQL", or what else answers
	Text                string // as the server says it
}

// ParseVersion reads @@version and @@version_comment. What it can't read has
// Major 0.
func ParseVersion(text, comment string) Version {
	v := Version{Text: text, Product: "MySQL"}
	all := strings.ToLower(text + " " + comment)
	// The ones that speak the protocol and are something else inside. Percona
	// Server and the clouds' MySQL are the same inside.
	for _, name := range []string{"MariaDB", "TiDB", "Vitess", "SingleStore", "OceanBase", "Doris"} {
		if strings.Contains(all, strings.ToLower(name)) {
			v.Product = name
		}
	}
	number := text
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); i >= 0 {
		number = text[:i]
	}
	parts := strings.Split(number, ".")
	if len(parts) < 3 {
		return v
	}
	var n [3]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(parts[i]); err != nil {
			return v
		}
	}
	v.Major, v.Minor, v.Patch = n[0], n[1], n[2]
	return v
}

// Supported reports whether berth works with it: MySQL 8.0 from 8.0.22 on,
// where performance_schema.processlist came, 8.4 and 9.x.
func (v Version) Supported() bool {
	if v.Product != "MySQL" {
		return false
	}
	switch {
	case v.Major == 8 && v.Minor == 0:
		return v.Patch >= 22
	case v.Major == 8:
		return v.Minor == 4
	}
	return v.Major == 9
}

// AtLeast reports whether it is that version or a later one.
func (v Version) AtLeast(major, minor, patch int) bool {
	if v.Major != major {
		return v.Major > major
	}
	if v.Minor != minor {
		return v.Minor > minor
	}
	return v.Patch >= patch
}

// String is product and version.
func (v Version) String() string { return fmt.Sprintf("%s %s", v.Product, v.Text) }

package mysqld

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Version is a MySQL version, such as 8.4.3.
type Version struct {
	Major, Minor, Patch int
}

func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// versionPattern finds the number in "mysqld  Ver 8.0.36 for Linux on x86_64".
var versionPattern = regexp.MustCompile(`\bVer (\d{1,4})\.(\d{1,4})\.(\d{1,4})\b`)

// ParseVersion reads what `mysqld --version` prints. Servers that are not
// MySQL 8.0 or later are refused by name, MariaDB first of all: its server is
// called mysqld too, and differs in all that Berth relies on.
func ParseVersion(text string) (Version, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(strings.ToLower(text), "mariadb") {
		return Version{}, fmt.Errorf("%q is MariaDB, and Berth works with MySQL 8.0 or later", text)
	}
	m := versionPattern.FindStringSubmatch(text)
	if m == nil {
		return Version{}, fmt.Errorf("%q names no MySQL version", text)
	}
	var v Version
	for i, part := range []*int{&v.Major, &v.Minor, &v.Patch} {
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return Version{}, fmt.Errorf("%q names no MySQL version: %w", text, err)
		}
		*part = n
	}
	if v.Major < 8 {
		return Version{}, fmt.Errorf("MySQL %s is too old; Berth works with MySQL 8.0 or later", v)
	}
	return v, nil
}

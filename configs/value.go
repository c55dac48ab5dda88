package configs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time, written as Go writes it: 500ms, 10s, 1h30m.
type Duration time.Duration

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no length of time; write it as 500ms, 10s or 1h", b)
	}
	*d = Duration(v)
	return nil
}

// Size is a number of bytes, plain or with a unit: 1048576, 64KiB, 64MiB, 1GiB.
type Size int64

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}, {"", 1}}

// UnmarshalText reads it.
func (s *Size) UnmarshalText(b []byte) error {
	for _, u := range units {
		digits, ok := strings.CutSuffix(string(b), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/u.bytes {
			break
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size; write it as 1048576, 512KiB or 64MiB", b)
}

package main

import (
	"fmt"
	"time"
)

// percent is a share for people.
func percent(share float64) string { return fmt.Sprintf("%.1f%%", share*100) }

// count is a number with its noun: "1 row", "2 rows".
func count[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// moment is a time for people, in UTC: operators in different zones read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// milliseconds is a duration for people who look at latencies.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// humanBytes is a size for people.
func humanBytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n), 0
	for size >= 1024 && unit < 5 {
		size /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", size, " KMGTP"[unit])
}

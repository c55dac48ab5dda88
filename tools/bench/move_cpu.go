package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// used is the time on the processor so far.
type used struct{ here, source, target time.Duration }

func (c *cluster) used() used {
	return used{cpuTime(), cpuOf(c.servers[s1].PID()), cpuOf(c.servers[s2].PID())}
}

// cpuOf is what a process has used, user and system; 0 where there is no /proc.
func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may have spaces in it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12
	if len(fields) <= system {
		return 0
	}
	var ticks int64
	for _, at := range []int{user, system} {
		n, err := strconv.ParseInt(string(fields[at]), 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ
}

// loadAverage is the machine's, for who reads the figures; empty where there
// is no /proc.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := bytes.Fields(b)
	return string(bytes.Join(fields[:min(3, len(fields))], []byte(" ")))
}

package main

import (
	"bytes"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The demo, from its first line to its last, and nothing is left of it.
func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now}
	if status := run(t.Context(), s, []string{"demo", "--once", "--seconds", "1", "--members", "100", "--shards", "2"}); status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, out.String(), errs.String())
	}
	said := out.String()
	for _, want := range []string{
		"2 shards, 100 members", "map       -80 on s1, 80- on s2", "of 100 members in", "none failed",
		"SHARD  MEMBERS", "$ berth map lookup", "by range", "berth: table messages is not tied to one member",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	servers := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(said, -1)
	if len(servers) == 0 {
		t.Fatalf("it names no server:\n%s", said)
	}
	for _, address := range servers {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			c.Close()
			t.Errorf("a server is left on %s", address)
		}
	}
}

func TestDemoRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"demo", "--store", "consul://127.0.0.1:8500/berth"}, {"demo", "--members", "0"}, {"demo", "--seconds", "-1"}, {"demo", "more"},
	} {
		var errs bytes.Buffer
		s := streams{in: strings.NewReader(""), out: &errs, err: &errs, now: time.Now}
		if status := run(t.Context(), s, args); status != exitUsage {
			t.Errorf("%v: exit status %d\n%s", args, status, errs.String())
		}
	}
}

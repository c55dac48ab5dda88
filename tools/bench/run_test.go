package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// All of the comparison, on a real server, in turns too short to say anything.
func TestRouterRuns(t *testing.T) {
	var out bytes.Buffer
	cmd := newRoot(&out)
	cmd.SetArgs([]string{"router", "--rounds", "1", "--duration", "20ms", "--connections", "2", "--json"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var r struct{ Results struct{ Router routerResult } }
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	const kinds, ways = 2, 3
	if got := len(r.Results.Router.Lines); got != len(manners())*kinds*ways {
		t.Errorf("%d lines:\n%s", got, out.String())
	}
	for _, l := range r.Results.Router.Lines {
		if l.PerSecond <= 0 || l.P50 <= 0 || l.Allocs <= 0 || (l.Latency == nil) != (l.Through == "plain driver") {
			t.Errorf("%+v", l)
		}
	}
}

func TestRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"--rounds", "0"}, {"router", "--duration", "0s"}, {"router", "--connections", "0"}, {"nothing"},
	} {
		var out bytes.Buffer
		cmd := newRoot(&out)
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s was done", strings.Join(args, " "))
		}
	}
}

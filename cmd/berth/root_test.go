package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// TestHelp holds every command to a help that ends with an example.
func TestHelp(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if !cmd.Hidden {
			t.Run(cmd.CommandPath(), func(t *testing.T) {
				out := help(t, strings.Fields(cmd.CommandPath())[1:]...)
				_, example, ok := strings.Cut(out, "\nExample:\n")
				if !ok || !strings.HasPrefix(strings.TrimSpace(example), "berth") && !strings.HasPrefix(strings.TrimSpace(example), "mysql") {
					t.Errorf("the help does not end with an example:\n%s", out)
				}
				if !strings.HasSuffix(out, cmd.Example+"\n") {
					t.Errorf("something follows the example:\n%s", out)
				}
			})
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot(streams{now: time.Now}))
}

func help(t *testing.T, path ...string) string {
	t.Helper()
	var out bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &out, now: time.Now}
	if status := run(t.Context(), s, append(path, "--help")); status != 0 {
		t.Fatalf("exit status %d: %s", status, out.String())
	}
	return out.String()
}

// TestConfirm answers the question in the ways there are.
func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name     string
		in       string
		asks     bool
		yes, dry bool
		want     bool
		err      string
	}{
		{name: "y", in: "y\n", asks: true, want: true},
		{name: "yes in capitals", in: " YES \n", asks: true, want: true},
		{name: "n", in: "n\n", asks: true, err: "nothing was changed"},
		{name: "just Enter", in: "\n", asks: true, err: "nothing was changed"},
		{name: "nothing more comes", in: "", asks: true, err: "nothing was changed"},
		{name: "no terminal", in: "y\n", err: "no terminal to ask at"},
		{name: "--yes", yes: true, want: true},
		{name: "--dry-run", dry: true, yes: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			a := &app{streams: streams{in: strings.NewReader(c.in), out: &out, err: &errs, now: time.Now, asks: c.asks}, yes: c.yes, dryRun: c.dry}
			ok, err := a.agree(t.Context(), plan{title: "do it", steps: []string{"first\nand more", "second"}})
			if ok != c.want || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %t, %v", ok, err)
			}
			if !strings.HasPrefix(out.String(), "do it\n  first\n  and more\n  second\n") {
				t.Errorf("the plan reads %q", out.String())
			}
			if asked := strings.Contains(errs.String(), "Go on? [y/N]"); asked != (c.asks && !c.yes && !c.dry) {
				t.Errorf("it asked: %t", asked)
			}
		})
	}
}

// TestConfirmEnds: Ctrl-C at the question changes nothing.
func TestConfirmEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	r, w := blocked(t)
	defer w()
	a := &app{streams: streams{in: r, out: &out, err: &out, now: time.Now, asks: true}}
	cancel()
	if ok, err := a.agree(ctx, plan{title: "do it"}); ok || err == nil {
		t.Errorf("got %t, %v", ok, err)
	}
}

// TestGrid: numbers stand to the right, and nothing follows the last column.
func TestGrid(t *testing.T) {
	var out bytes.Buffer
	a := &app{streams: streams{out: &out}}
	a.grid([]column{left("name"), right("rows"), left("what")}, [][]any{{"a", 5, ""}, {"long name", 12345, "x"}})
	want := "NAME        ROWS  WHAT\na              5\nlong name  12345  x\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	a.colour = true
	a.grid([]column{left("name")}, nil)
	if !strings.Contains(out.String(), "\x1b[") {
		t.Errorf("no colour on a terminal: %q", out.String())
	}
}

// TestComplete asks for the words that a shell would offer.
func TestComplete(t *testing.T) {
	p := newPlace(t, "", 2)
	p.must(append([]string{"init"}, p.shards...)...)
	for _, c := range []struct {
		args string
		want string
	}{
		{"sql --shard ", "s1\ns2\n"},
		{"shard remove ", "s1\ns2\n"},
		{"shard set ", "s1\ns2\n"},
		{"table remove ", "berth_cursors\n"},
		{"import --table ", "berth_cursors\n"},
		{"table set x --kind ", "sharded\nreference\nglobal\n"},
		{"map show -o ", "table\njson\n"},
		{"shard remove s1 ", ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			out := p.must(append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(c.args, " ")...)...)
			if words, _, _ := strings.Cut(out, ":"); words != c.want {
				t.Errorf("the shell would offer %q, not %q", words, c.want)
			}
		})
	}
}

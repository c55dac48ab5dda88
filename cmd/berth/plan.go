package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// plan is what a command is about to do, a line for each thing.
type plan struct {
	title string
	steps []string
}

func (p *plan) add(format string, args ...any) {
	p.steps = append(p.steps, fmt.Sprintf(format, args...))
}

// agree prints the plan and asks whether to go on. It gives false, and no
// error, under --dry-run. The plan goes where people look: standard output, or
// standard error when the output is for a script.
func (a *app) agree(ctx context.Context, p plan) (bool, error) {
	to := a.out
	if a.json() {
		to = a.err
	}
	a.printPlan(to, p)
	if a.dryRun {
		fmt.Fprintln(to, "nothing was changed (--dry-run)")
		return false, nil
	}
	return a.confirm(ctx)
}

func (a *app) printPlan(to io.Writer, p plan) {
	fmt.Fprintln(to, p.title)
	for _, s := range p.steps {
		fmt.Fprintln(to, "  "+strings.ReplaceAll(s, "\n", "\n  "))
	}
}

func (a *app) confirm(ctx context.Context) (bool, error) {
	switch {
	case a.yes:
		return true, nil
	case !a.asks:
		return false, misuse("nothing was changed: there is no terminal to ask at; add --yes to go on, or --dry-run to see the plan only")
	}
	fmt.Fprint(a.err, "Go on? [y/N] ")
	answer := make(chan string, 1)
	// The read can't be interrupted; after Ctrl-C the process ends around it.
	go func() {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return false, fmt.Errorf("nothing was changed: %w", context.Cause(ctx))
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		}
		return false, advise(errors.New("nothing was changed"), "answer y to go on")
	}
}

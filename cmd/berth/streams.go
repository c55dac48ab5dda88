package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// streams is the world outside a run of the program, so that a test can be it.
type streams struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	asks   bool // there is somebody to answer a question
	colour bool // out is a terminal whose user did not refuse colour (NO_COLOR)
	live   bool // err is a terminal, so that a line of progress may be redrawn
}

func standardStreams() streams {
	out, err := term.IsTerminal(int(os.Stdout.Fd())), term.IsTerminal(int(os.Stderr.Fd()))
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now,
		asks:   term.IsTerminal(int(os.Stdin.Fd())) && err,
		colour: out && os.Getenv("NO_COLOR") == "",
		live:   err,
	}
}

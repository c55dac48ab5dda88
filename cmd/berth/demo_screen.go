package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// screen is where the demo says how far it is: a line that is renewed on a
// terminal, and a line now and then elsewhere. It is also the log of what
// takes time behind the demo, such as the fetch of MySQL.
type screen struct {
	live bool

	mu   sync.Mutex // of the writer, and of the line on it
	to   io.Writer
	line string // on a terminal, the one that is to be renewed
}

const (
	renewEvery  = 200 * time.Millisecond // on a terminal
	repeatEvery = 5 * time.Second        // elsewhere
)

func newScreen(a *app) *screen { return &screen{live: a.live, to: a.err} }

// progress shows the line, again and again, until stop is called.
func (s *screen) progress(line func() string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	every := repeatEvery
	if s.live {
		every = renewEvery
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				s.renew("")
				return
			case <-tick.C:
				s.renew(line())
			}
		}
	}()
	return func() { close(done); <-ended }
}

// renew puts another line in the place of the one that is shown, or none.
func (s *screen) renew(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.live:
		fmt.Fprintf(s.to, "\r\x1b[K%s", line)
		s.line = line
	case line != "":
		fmt.Fprintln(s.to, line)
	}
}

// Enabled, Handle, WithAttrs and WithGroup are of slog.Handler.
func (s *screen) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle prints a record as a line of the demo, above the one that is renewed.
func (s *screen) Handle(_ context.Context, r slog.Record) error {
	var more []string
	r.Attrs(func(a slog.Attr) bool {
		more = append(more, a.Key+" "+a.Value.String())
		return true
	})
	said := "          " + r.Message
	if len(more) > 0 {
		said += " (" + strings.Join(more, ", ") + ")"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live {
		said = "\r\x1b[K" + said
	}
	_, err := fmt.Fprintf(s.to, "%s\n%s", said, s.line)
	return err
}

// WithAttrs and WithGroup change nothing: the demo's servers use neither.
func (s *screen) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup is of slog.Handler.
func (s *screen) WithGroup(string) slog.Handler { return s }

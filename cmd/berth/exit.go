package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// Exit statuses of every command but health.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command line that can't be meant.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// misuse is a usageError.
func misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// statusError ends the program with a status and no message: what there was to
// say has been said.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// report tells the error and gives the exit status.
func report(s streams, err error) int {
	var status statusError
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(s.err, "berth: "+explain(err))
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// explain is the error as one line, with a next step if it has none of its
// own. The error nearest to the cause knows best, so most have.
func explain(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if next := nextStep(err); next != "" {
		return text + "; " + next
	}
	return text
}

func nextStep(err error) string {
	var advised adviceError
	var connect *instance.ConnectError
	var taken *instance.TakenError
	switch {
	case errors.As(err, &advised), errors.As(err, &taken), errors.Is(err, instance.ErrRefused):
		return "" // they end with one
	case errors.Is(err, context.Canceled):
		return "it was interrupted; run it again to go on"
	case errors.Is(err, shard.ErrNoMap):
		return `put one that was lost back with "berth map restore"`
	case errors.Is(err, shard.ErrConflict):
		return `see who changed it with "berth map history", and run the command again`
	case errors.Is(err, shard.ErrUnknownOutcome):
		return `see whether it was with "berth map history"`
	case errors.Is(err, shard.ErrTooLarge):
		return "the stored map is unchanged"
	case errors.Is(err, shard.ErrNoEpoch):
		return `see which there are with "berth map history"`
	case errors.Is(err, shard.ErrBadMember):
		return "write a member id as the member column holds it, negative ones after --"
	case errors.As(err, &connect):
		return `check that the server runs and the account in the configuration, or run "berth health"`
	case errors.Is(err, router.ErrUnavailable):
		return `it did not run; see what is wrong with "berth health"`
	case errors.Is(err, router.ErrUnknownOutcome):
		return "look at the data before running it again"
	case errors.Is(err, context.DeadlineExceeded):
		return `no answer in time; see what is wrong with "berth health"`
	}
	return ""
}

// adviceError is an error whose text ends with the next step.
type adviceError struct {
	err  error
	next string
}

func (e adviceError) Error() string { return e.err.Error() + "; " + e.next }
func (e adviceError) Unwrap() error { return e.err }

// advise adds the next step to an error.
func advise(err error, format string, args ...any) error {
	return adviceError{err, fmt.Sprintf(format, args...)}
}

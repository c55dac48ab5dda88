package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// reached: the members live on the target, or the job waits for a word to
// bring them there.
func reached(j *move.Job) bool {
	return j.Phase == move.Reversible || j.Phase == move.Done || j.Phase == move.Cleaning || j.Phase == move.Ready
}

// conclude tells what came of a job, and what to run next.
func (a *app) conclude(j *move.Job, f following) error {
	if a.json() {
		if !f.watching { // then each change was printed
			if err := printJSON(a.out, j); err != nil {
				return err
			}
		}
	} else {
		fmt.Fprintf(a.out, "job %s, %s from %s to %s: %s\n", j.ID, j.Subject(), j.From, j.To, verdict(j))
		a.compareForecast(j)
		a.next(j)
	}
	switch {
	case j.Phase == move.Failed:
		return advise(fmt.Errorf("job %s failed: %w", j.ID, errors.New(j.Error)), `see it with "berth job show %s"`, j.ID)
	case j.Paused && j.Error != "":
		return advise(fmt.Errorf("job %s is paused: %w", j.ID, errors.New(j.Error)), `when that is mended, "berth job resume %s" goes on`, j.ID)
	case f.good != nil && !f.good(j):
		return statusError(exitFailed) // the verdict has said why
	}
	return nil
}

// verdict is what a job's state means for the members.
func verdict(j *move.Job) string {
	switch {
	case j.Paused:
		return "paused while " + string(j.Phase) + "; its members are on " + j.Owner()
	case j.Phase == move.Ready && j.Options.Hold:
		return "all is ready; its members are on " + j.From + " until you say so"
	}
	switch j.Phase {
	case move.Reversible:
		return "its members live on " + j.To + "; the way back is open"
	case move.Done:
		return "done; its members live on " + j.To
	case move.RolledBack:
		return "rolled back; its members live on " + j.From
	case move.Cancelled:
		return "cancelled; its members are on " + j.From
	case move.Failed:
		return "failed; its members are on " + j.Owner()
	}
	return string(j.Phase)
}

// compareForecast puts what was predicted beside what happened.
func (a *app) compareForecast(j *move.Job) {
	if j.Switched.IsZero() {
		return
	}
	f := j.Prediction
	fmt.Fprintln(a.out)
	a.grid([]column{left(""), right("predicted"), right("happened")}, [][]any{
		{"rows", f.Rows, j.RowsCopied},
		{"bytes", humanBytes(uint64(max(f.Bytes, 0))), humanBytes(uint64(max(j.BytesCopied, 0)))},
		{"copy and verify", roughly(secondsOf(f.CopyS)), roughly(copyTime(j))},
		{"pause", roughly(secondsOf(f.PauseMs / 1000)), pauseText(j.PauseMs)},
	})
	if j.Attempts > 1 {
		fmt.Fprintf(a.out, "the cutover took %s\n", count(j.Attempts, "attempt"))
	}
}

func pauseText(ms float64) string { return milliseconds(time.Duration(ms * float64(time.Millisecond))) }

// copyTime is how long the job copied, caught up and verified.
func copyTime(j *move.Job) time.Duration {
	var ms int64
	for _, s := range j.Steps {
		if s.Phase == move.Copying || s.Phase == move.CatchingUp || s.Phase == move.Verifying {
			ms += s.Ms
		}
	}
	return time.Duration(ms) * time.Millisecond
}

// nextCommand is a command that may be run next, and what it does.
type nextCommand struct{ command, does string }

// nextCommands are those that make sense in the job's state.
func nextCommands(j *move.Job) []nextCommand {
	var (
		resume   = nextCommand{"resume", "goes on"}
		cancel   = nextCommand{"cancel", "gives up and removes the copy from " + j.To}
		rollback = nextCommand{"rollback", "brings the members back to " + j.From + ", with all that was written since"}
		complete = nextCommand{"complete", "closes the way back and removes the old rows from " + j.From}
		watch    = nextCommand{"watch", "shows its progress"}
		pause    = nextCommand{"pause", "makes it stand still"}
	)
	switched := !j.Switched.IsZero()
	undo := cancel
	if switched {
		undo = rollback
	}
	switch {
	case j.Phase.Ended():
		return nil
	case j.Phase == move.Cleaning && (j.Paused || j.Want == move.WantPause):
		return []nextCommand{resume}
	case j.Phase == move.Failed, j.Paused:
		return []nextCommand{resume, undo}
	case j.Phase == move.Ready && j.Options.Hold:
		resume.does = "cuts over"
		return []nextCommand{resume, cancel}
	case j.Phase == move.Reversible && j.Want == move.WantRun:
		return []nextCommand{complete, rollback}
	case j.Phase == move.Cleaning:
		return []nextCommand{watch, pause}
	}
	return []nextCommand{watch, pause, undo}
}

// next lists them.
func (a *app) next(j *move.Job) {
	commands := nextCommands(j)
	if len(commands) == 0 {
		return
	}
	fmt.Fprintln(a.out, "\nnext:")
	for _, n := range commands {
		fmt.Fprintf(a.out, "  berth job %-8s %s   %s\n", n.command, j.ID, n.does)
	}
}

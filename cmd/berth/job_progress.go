package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/berthdb/berth/shard/move"
)

// jobProgress shows how far a job is: some lines that are redrawn on a
// terminal; elsewhere a line at each change of phase and every ten seconds;
// and for scripts the job itself, a document a line, whenever it has changed.
// It is also where to write what is said meanwhile, above the drawn lines.
type jobProgress struct {
	a      *app
	stream bool // documents, for scripts

	mu    sync.Mutex
	drawn []string  // on the terminal now
	told  time.Time // when the last line was written
	last  move.Job  // as shown last
}

func newJobProgress(a *app, stream bool) *jobProgress { return &jobProgress{a: a, stream: stream} }

// show shows the job as it is now.
func (p *jobProgress) show(j *move.Job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := j.Phase != p.last.Phase || j.Paused != p.last.Paused || j.Want != p.last.Want
	switch {
	case p.stream && (changed || j.UpdatedAt.After(p.last.UpdatedAt)):
		if err := printLine(p.a.out, j); err != nil {
			return err
		}
	case p.stream:
	case p.a.live:
		p.clear()
		p.drawn = blockOf(j)
		p.draw()
	case changed || p.a.now().Sub(p.told) >= tellEvery:
		fmt.Fprintf(p.a.err, "%s %s\n", p.a.now().UTC().Format("15:04:05"), lineOf(j))
		p.told = p.a.now()
	}
	p.last = *j
	return nil
}

// say writes a line of its own.
func (p *jobProgress) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p, format+"\n", args...)
}

// Write puts what is said, as by a log, above the lines that are redrawn.
func (p *jobProgress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.a.err.Write(b)
	p.draw()
	return n, err
}

// end takes the redrawn lines away: what came of the job is told instead.
func (p *jobProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.drawn = nil
}

func (p *jobProgress) clear() {
	if len(p.drawn) > 0 {
		fmt.Fprintf(p.a.err, "\x1b[%dA\r\x1b[J", len(p.drawn))
	}
}

func (p *jobProgress) draw() {
	for _, line := range p.drawn {
		fmt.Fprintln(p.a.err, line)
	}
}

// lineOf is a job's progress on one line.
func lineOf(j *move.Job) string {
	words := []string{stateOf(j)}
	if share, ok := shareDone(j); ok {
		words = append(words, percent(share))
	}
	words = append(words, counts(j)...)
	if throttled(j) {
		words = append(words, "held by "+j.ThrottledBy)
	}
	if j.Error != "" && inMotion(j) {
		words = append(words, j.Error)
	}
	return strings.Join(words, ", ")
}

// widest is what fits a terminal's line: one that wraps can't be redrawn.
const widest = 78

// blockOf is a job's progress on some lines.
func blockOf(j *move.Job) []string {
	const cells = 30
	bar := ""
	if share, ok := shareDone(j); ok {
		full := min(max(int(share*cells), 0), cells)
		bar = "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] " + percent(share)
	}
	lines := []string{
		fmt.Sprintf("job %s: %s from %s to %s", j.ID, j.Subject(), j.From, j.To),
		fmt.Sprintf("  %-14s %s", stateOf(j), bar),
	}
	lines = append(lines, wrapped(counts(j), "  ", widest)...)
	if throttled(j) {
		lines = append(lines, "  held by "+j.ThrottledBy)
	}
	if j.Error != "" && inMotion(j) {
		lines = append(lines, "  "+j.Error)
	} else if n := len(j.Notes); n > 0 {
		lines = append(lines, "  "+j.Notes[n-1])
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(fitted(l, widest), " ")
	}
	return lines
}

// wrapped puts words with commas between them onto lines.
func wrapped(words []string, indent string, widest int) (lines []string) {
	line := ""
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		if line != "" && len(line)+1+len(w) > widest {
			lines, line = append(lines, line), ""
		}
		if line == "" {
			line = indent + w
			continue
		}
		line += " " + w
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// stateOf is a job's phase, and what is wanted of it.
func stateOf(j *move.Job) string {
	state := string(j.Phase)
	switch {
	case j.Paused:
		state += " (paused)"
	case j.Want != move.WantRun:
		state += " (asked to " + asked(j.Want) + ")"
	case j.Phase == move.Ready && j.Options.Hold:
		state += " (held)"
	}
	return state
}

// throttled reports whether something holds what the phase does.
func throttled(j *move.Job) bool {
	return j.ThrottledBy != "" && (j.Phase == move.Copying || j.Phase == move.Verifying || j.Phase == move.Cleaning)
}

// asked is what is wanted, after "to".
func asked(w move.Want) string {
	if w == move.WantRollback {
		return "roll back"
	}
	return string(w)
}

// shareDone is how much of the phase is done, if it is of the kind that shows.
func shareDone(j *move.Job) (float64, bool) {
	done := int64(-1)
	switch j.Phase {
	case move.Copying:
		done = j.RowsCopied
	case move.Verifying:
		done = j.VerifiedRows
	case move.Cleaning:
		done = j.RowsCleaned
	}
	if done < 0 || j.RowsTotal <= 0 {
		return 0, false
	}
	return min(float64(done)/float64(j.RowsTotal), 1), true
}

// counts are the numbers of the phase.
func counts(j *move.Job) (words []string) {
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch j.Phase {
	case move.Copying:
		add("%d of about %s", j.RowsCopied, count(j.RowsTotal, "row"))
		add("%s", humanBytes(uint64(max(j.BytesCopied, 0))))
	case move.Verifying:
		add("%d of %s compared", j.VerifiedRows, count(j.RowsTotal, "row"))
	case move.Cleaning:
		add("%d of about %s removed", j.RowsCleaned, count(j.RowsTotal, "row"))
	case move.CuttingOver:
		add("attempt %d", max(j.Attempts, 1))
	}
	if j.RowsPerSecond > 0 && (j.Phase == move.Copying || j.Phase == move.Cleaning) {
		add("%d a second", j.RowsPerSecond)
	}
	switch j.Phase {
	case move.Copying, move.CatchingUp, move.Verifying, move.Ready, move.CuttingOver, move.Reversible:
		add("%s behind", roughly(time.Duration(j.LagMs)*time.Millisecond))
	}
	if left, ok := timeLeft(j); ok {
		add("about %s left", roughly(left))
	}
	if j.Mismatches > 0 {
		add("%s different", count(j.Mismatches, "row"))
	}
	return words
}

// timeLeft is how much longer the job copies and verifies, if it can be told.
func timeLeft(j *move.Job) (time.Duration, bool) {
	works := j.Phase == move.Copying || j.Phase == move.CatchingUp || j.Phase == move.Verifying
	return time.Duration(j.ETASeconds) * time.Second, works && j.ETASeconds > 0
}

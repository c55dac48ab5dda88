package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// jobHealth is a job that has not ended, with the names of "job show".
type jobHealth struct {
	ID          string       `json:"id"`
	Kind        move.Kind    `json:"kind"`
	Range       *shard.Range `json:"range"`  // null: a member moves
	Member      string       `json:"member"` // empty: a range moves
	From        string       `json:"from"`
	To          string       `json:"to"`
	Phase       move.Phase   `json:"phase"`
	Paused      bool         `json:"paused"`
	RowsCopied  int64        `json:"rows_copied"`
	RowsTotal   int64        `json:"rows_total"`
	LagMs       int64        `json:"lag_ms"`
	ETASeconds  int64        `json:"eta_s"`
	ThrottledBy string       `json:"throttled_by"`
	Worker      string       `json:"worker"`
	UpdatedAt   time.Time    `json:"updated_at"`
	Error       string       `json:"error"`
	Problems    []problem    `json:"problems"`

	subject, state string // for people
}

// reversibleFor is how long a way back may stay open before it is mentioned:
// it costs the source's space and a stream.
const reversibleFor = 24 * time.Hour

// overdueBy is how late a thaw may be: routers wait a moment past the deadline
// so as not to be in the way of the worker.
const overdueBy = 10 * time.Second

// askJobs fills in the jobs that have not ended, and what is wrong with them
// and with what they froze.
func (h *healthDocument) askJobs(ctx context.Context, c *cluster, m *shard.Map, now time.Time, add func(severity, next, format string, args ...any)) {
	jobs, err := move.NewJobs(c.store).List(ctx)
	if err != nil {
		add(warning, "see whether the store is overloaded", "the jobs can't be listed: %s", hung(ctx, err))
	}
	for _, j := range jobs {
		if !j.Phase.Ended() {
			h.Jobs = append(h.Jobs, jobHealthOf(j, now))
		}
	}
	for _, e := range m.Entries() {
		if e.Frozen == nil || now.Sub(e.Frozen.Deadline) < overdueBy {
			continue
		}
		add(critical, fmt.Sprintf(`its members wait: run "berth job resume %s", which thaws it; routers that reach the store do so too`, jobOf(e.Frozen.Attempt)),
			"%s is frozen on shard %s by attempt %s, and should have been let go at %s", e.Span, e.Shard, e.Frozen.Attempt, moment(e.Frozen.Deadline))
	}
}

// jobOf is the job that made an attempt, whose name begins with the job's.
func jobOf(attempt string) string {
	id, _, _ := strings.Cut(attempt, "/")
	return id
}

func jobHealthOf(j *move.Job, now time.Time) jobHealth {
	return jobHealth{
		ID: j.ID, Kind: j.Kind, Range: j.Range, Member: j.Member, From: j.From, To: j.To, Phase: j.Phase, Paused: j.Paused,
		RowsCopied: j.RowsCopied, RowsTotal: j.RowsTotal, LagMs: j.LagMs, ETASeconds: j.ETASeconds, ThrottledBy: j.ThrottledBy,
		Worker: j.Worker, UpdatedAt: j.UpdatedAt, Error: j.Error, Problems: jobProblems(j, now),
		subject: j.Subject(), state: stateOf(j),
	}
}

// jobProblems is what is wrong with a job.
func jobProblems(j *move.Job, now time.Time) []problem {
	undo := "cancel"
	if !j.Switched.IsZero() {
		undo = "rollback"
	}
	resume := fmt.Sprintf(`mend that and run "berth job resume %s", or give up with "berth job %s %[1]s"`, j.ID, undo)
	silent := now.Sub(j.UpdatedAt)
	switch {
	case j.Phase == move.Failed:
		return []problem{{warning, "it failed: " + j.Error, resume}}
	case j.Paused && j.Error != "":
		return []problem{{warning, "it is paused: " + j.Error, resume}}
	case j.Paused:
		return []problem{{warning, "it is paused while " + string(j.Phase), fmt.Sprintf(`"berth job resume %s" goes on; the servers must keep their binary logs until then`, j.ID)}}
	case inMotion(j) && silent > silentAfter:
		who := "no worker has taken it up"
		if j.Worker != "" {
			who = "its worker " + j.Worker + " is silent"
		}
		return []problem{{warning, fmt.Sprintf("%s for %s", who, roughly(silent)),
			fmt.Sprintf(`start a worker ("berth serve --worker"), or run it here: "berth job resume %s"`, j.ID)}}
	case j.Phase == move.Reversible && silent > silentAfter:
		return []problem{{note, fmt.Sprintf("nobody has kept its way back current for %s", roughly(silent)),
			fmt.Sprintf(`"berth job complete %s" if all is well; else start a worker ("berth serve --worker"), for a rollback has to catch up first`, j.ID)}}
	case j.Phase == move.Reversible && now.Sub(j.Switched) > reversibleFor:
		return []problem{{note, fmt.Sprintf("its way back is open for %s", roughly(now.Sub(j.Switched))),
			fmt.Sprintf(`if all is well, "berth job complete %s" frees the space on %s`, j.ID, j.From)}}
	}
	return []problem{}
}

func (a *app) showJobs(h *healthDocument) {
	if len(h.Jobs) == 0 {
		return
	}
	var rows [][]any
	for _, j := range h.Jobs {
		rows = append(rows, []any{j.ID, j.subject, j.From, j.To, j.state})
	}
	fmt.Fprintln(a.out)
	a.grid([]column{left("job"), left("what"), left("from"), left("to"), left("phase")}, rows)
}

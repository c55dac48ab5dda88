package move

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
)

// Kind is the command that a job came from.
type Kind string

const (
	KindSplit Kind = "split" // the upper part of a range moves
	KindMove  Kind = "move"  // a range, or one member, moves
	KindMerge Kind = "merge" // a range moves beside its neighbour
	KindUnpin Kind = "unpin" // a pinned member moves home
)

// Phase is how far a job is.
type Phase string

// The phases, in their order; then the ends that are not done.
const (
	Planned     Phase = "planned"
	Preparing   Phase = "preparing"
	Copying     Phase = "copying"
	CatchingUp  Phase = "catching-up"
	Verifying   Phase = "verifying"
	Ready       Phase = "ready"
	CuttingOver Phase = "cutting-over"
	Reversible  Phase = "reversible"
	Cleaning    Phase = "cleaning"
	Done        Phase = "done"

	Failed     Phase = "failed"
	Cancelled  Phase = "cancelled"
	RolledBack Phase = "rolled-back"
)

// Ended reports whether nothing more will happen to the job by itself or by a
// command. A failed job has not ended: it can be resumed or cancelled.
func (p Phase) Ended() bool { return p == Done || p == Cancelled || p == RolledBack }

// Want is what somebody asked of a job and its worker has yet to do.
type Want string

const (
	WantRun      Want = ""         // go on
	WantPause    Want = "pause"    // stand still, keep everything
	WantCancel   Want = "cancel"   // before the switch: give up, remove the copy
	WantRollback Want = "rollback" // after it: switch back
	WantComplete Want = "complete" // after it: close the way back, remove the old rows
)

// Options are what a job's owner may choose. Zero values are the defaults.
type Options struct {
	// Rate is the most rows a second that copying and cleaning write; 0: as
	// fast as the throttle lets them.
	Rate int `json:"rate,omitempty"`
	// Workers is how many chunks are copied side by side; 0: 4.
	Workers int `json:"workers,omitempty"`
	// Hold stops the job when it is ready; `job resume` then cuts over.
	Hold bool `json:"hold,omitempty"`
	// Kill lets the cutover end transactions that are still open when Drain is
	// over. Without it the attempt backs off and tries again.
	Kill bool `json:"kill,omitempty"`
	// Drain is how long an attempt of the cutover waits for transactions of the
	// span that are open; 0: 1 s. Longer ones make it back off, or are ended if
	// Kill says so.
	Drain time.Duration `json:"drain,omitempty"`
	// Attempts is how often the cutover is tried before the job fails; 0: 20.
	Attempts int `json:"attempts,omitempty"`
	// CompleteAfter completes the job by itself, that long after the switch;
	// 0: it waits for `job complete`.
	CompleteAfter time.Duration `json:"complete_after,omitempty"`
	// MaxLag is the replica lag above which copying waits; 0: 10 s.
	MaxLag time.Duration `json:"max_lag,omitempty"`
	// MaxThreads is the number of running threads on a primary above which
	// copying waits; 0: 64.
	MaxThreads int `json:"max_threads,omitempty"`
}

// Job is the record of a job: what is to be done, how far it is, and what was
// found on the way. Its JSON is what `berth job show -o json` prints.
type Job struct {
	ID     string       `json:"id"`
	Kind   Kind         `json:"kind"`
	Range  *shard.Range `json:"range,omitempty"`  // what moves: a range,
	Member string       `json:"member,omitempty"` // or one member's pin
	From   string       `json:"from"`
	To     string       `json:"to"`
	Phase  Phase        `json:"phase"`
	Paused bool         `json:"paused,omitempty"`
	Want   Want         `json:"want,omitempty"`

	RowsCopied     int64     `json:"rows_copied"`
	RowsTotal      int64     `json:"rows_total"` // an estimate until all is copied
	BytesCopied    int64     `json:"bytes_copied"`
	RowsPerSecond  int64     `json:"rows_per_second"` // of the last seconds, while copying or cleaning
	RowsApplied    int64     `json:"rows_applied"`    // from the binlog, both ways
	RowsCleaned    int64     `json:"rows_cleaned,omitempty"`
	LagMs          int64     `json:"lag_ms"`
	ETASeconds     int64     `json:"eta_s"` // to the end of copying and verifying; -1: not known yet
	ThrottledBy    string    `json:"throttled_by"`
	StartedAt      time.Time `json:"started_at"`
	PhaseStartedAt time.Time `json:"phase_started_at"`
	VerifiedRows   int64     `json:"verified_rows"`
	Mismatches     int64     `json:"mismatches"`
	PauseMs        float64   `json:"cutover_pause_ms"` // the longest that a client waited, as the routers felt it, or the mover if none did
	Error          string    `json:"error"`

	Author     string    `json:"author,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Worker     string    `json:"worker,omitempty"` // who works on it; may have died since UpdatedAt
	Holder     string    `json:"holder,omitempty"` // the incarnation of the worker that may write the record
	UpdatedAt  time.Time `json:"updated_at"`
	Attempts   int       `json:"attempts"`             // of the cutover so far, also of rollbacks
	Switched   time.Time `json:"switched_at,omitzero"` // when B became the owner
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Notes      []string  `json:"notes,omitempty"` // what the owner should know, newest last
	Steps      []Step    `json:"steps,omitempty"` // the phases that are over
	Options    Options   `json:"options"`
	Prediction Forecast  `json:"prediction"` // of the plan, to stand beside what happened

	FailedIn Phase  `json:"failed_in,omitempty"` // where to go on after a resume
	Ending   Phase  `json:"ending,omitempty"`    // what the job will be when it has cleaned up
	Pins     string `json:"pins,omitempty"`      // digest of the pins inside the range, which do not move

	Made    bool            `json:"made_entry,omitempty"` // the job pinned the member, or cut the range, itself
	Join    *[2]shard.Range `json:"join,omitempty"`       // of a merge: the ranges to make one in the end
	Tables  []TableState    `json:"tables,omitempty"`     // definitions as they were when the copy began
	Approve bool            `json:"approve,omitempty"`    // resumed by hand: what stopped it was seen by somebody
}

// Step is one phase that is over.
type Step struct {
	Phase Phase     `json:"phase"`
	At    time.Time `json:"at"`
	Ms    int64     `json:"ms"`
}

// TableState is a table's definition that a job relies on.
type TableState struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// Forecast is what a plan expects.
type Forecast struct {
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
	CopyS   float64 `json:"copy_s"`   // seconds of copying and verifying
	PauseMs float64 `json:"pause_ms"` // longest wait of a client
}

// Span is what the job moves.
func (j *Job) Span() (shard.Span, error) {
	if j.Range != nil {
		return shard.Span{Range: *j.Range}, nil
	}
	m, err := shard.ParseMember(j.Member)
	if err != nil {
		return shard.Span{}, fmt.Errorf("job %s: %w", j.ID, err)
	}
	return shard.Span{Pin: m}, nil
}

// Subject names the job's span for people.
func (j *Job) Subject() string {
	if j.Range != nil {
		return "range " + j.Range.String()
	}
	return "member " + j.Member
}

// Owner is the shard that owns the span as far as the record knows.
func (j *Job) Owner() string {
	if j.Switched.IsZero() || j.Phase == RolledBack {
		return j.From
	}
	return j.To
}

// note keeps a line for the job's owner, and not more than the last fifty.
func (j *Job) note(format string, args ...any) {
	line := time.Now().UTC().Format("15:04:05 ") + fmt.Sprintf(format, args...)
	j.Notes = append(j.Notes, line)
	if n := len(j.Notes); n > 50 {
		j.Notes = j.Notes[n-50:]
	}
}

// enter begins the next phase.
func (j *Job) enter(p Phase) {
	now := time.Now().UTC()
	if j.Phase == p {
		return
	}
	j.Steps = append(j.Steps, Step{Phase: j.Phase, At: j.PhaseStartedAt, Ms: now.Sub(j.PhaseStartedAt).Milliseconds()})
	if n := len(j.Steps); n > 100 {
		j.Steps = j.Steps[n-100:]
	}
	j.Phase, j.PhaseStartedAt = p, now
	if p.Ended() {
		j.EndedAt, j.Want, j.Paused = now, WantRun, false
	}
}

// newID is a job's name: the day and five random letters or digits.
func newID(now time.Time) string {
	return now.UTC().Format("060102") + "-" + strings.ToLower(rand.Text()[:5])
}

func (j *Job) encode() ([]byte, error) { return json.Marshal(j) }

func decodeJob(name string, b []byte) (*Job, error) {
	j := &Job{}
	if err := json.Unmarshal(b, j); err != nil {
		return nil, fmt.Errorf("job %s in the store can't be read: %w", name, err)
	}
	return j, nil
}

package move

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// ErrRefused is what every plan that says no is.
var ErrRefused = errors.New("the move is refused")

// Request is what somebody wants moved.
type Request struct {
	Kind Kind
	// Range is what a split cuts or a move takes: it must be one of the map's.
	Range shard.Range
	// At is where a split cuts; zero: the row-weighted middle.
	At shard.KeyspaceID
	// With is the neighbour that a merge joins Range with. If neither is on
	// To, a job for each is needed.
	With shard.Range
	// Member is the one member to move; zero: Range.
	Member shard.Member
	To     string // the shard; for an unpin it is the one that the range names

	Options Options
	// TargetFree is the disk that is free on the target, in bytes; 0: looked
	// at where the target is on this machine, else not known.
	TargetFree int64
	Author     string
	Reason     string
}

// Plan is what a move would do, and why it may be refused. Making it changes
// nothing.
type Plan struct {
	Kind    Kind         `json:"kind"`
	Range   *shard.Range `json:"range,omitempty"` // what moves
	Member  string       `json:"member,omitempty"`
	From    string       `json:"from"`
	To      string       `json:"to"`
	Cut     string       `json:"cut,omitempty"` // of a split: where
	Epoch   uint64       `json:"epoch"`         // of the map it was made from
	Tables  []PlanTable  `json:"tables"`
	Rows    int64        `json:"rows"`
	Bytes   int64        `json:"bytes"`
	Members int64        `json:"members"`

	CopySeconds float64 `json:"copy_s"`   // predicted, copying and verifying
	PauseMs     float64 `json:"pause_ms"` // predicted, of the members that move

	Disk     string   `json:"disk"` // what is known of the target's space
	Refusals []string `json:"refusals,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Sessions are transactions that are open now and would hold the cutover
	// up, longest first.
	Sessions []Session `json:"sessions,omitempty"`

	request Request
	span    shard.Span
}

// PlanTable is one table's part of a plan.
type PlanTable struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// Session is a session of a server that a plan or a cutover has to mention.
type Session struct {
	ID      uint64        `json:"id"`
	User    string        `json:"user"`
	Host    string        `json:"host"`
	Program string        `json:"program,omitempty"`
	Age     time.Duration `json:"age"` // of its transaction
	Doing   string        `json:"doing,omitempty"`
}

// Refused is nil, or an ErrRefused with every reason.
func (p *Plan) Refused() error {
	if len(p.Refusals) == 0 {
		return nil
	}
	err := fmt.Errorf("%w: %s", ErrRefused, p.Refusals[0])
	for _, r := range p.Refusals[1:] {
		err = fmt.Errorf("%w\n  also: %s", err, r)
	}
	return err
}

func (p *Plan) refuse(format string, args ...any) {
	p.Refusals = append(p.Refusals, fmt.Sprintf(format, args...))
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// MakePlan looks at the map and at both servers. What can't be done is in the
// plan's Refusals; an error means that the plan could not be made, as when a
// server or the store can't be reached.
func MakePlan(ctx context.Context, cfg Config, r Request) (*Plan, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	m, err := cfg.Store.Load(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{Kind: r.Kind, To: r.To, Epoch: m.Epoch(), request: r}
	p.place(m, r)
	jobs, err := NewJobs(cfg.Store).List(ctx)
	if err != nil {
		return nil, err
	}
	if p.span != (shard.Span{}) || p.From != "" {
		for _, o := range jobs {
			if err := overlap(p.span, o); err != nil {
				p.refuse("%v", err)
			}
		}
	}
	if p.From == "" || len(p.Refusals) > 0 {
		return p, nil // there is nothing to look at on servers
	}
	return p, p.inspect(ctx, cfg, m)
}

// place finds the span in the map, and what the map alone refuses.
func (p *Plan) place(m *shard.Map, r Request) {
	if r.Kind == KindUnpin && r.To == "" {
		p.To = m.Entry(rangeOf(m, r.Member)).Shard
	}
	if to, ok := m.Shard(p.To); !ok {
		p.refuse("the map of epoch %d has no shard %q; see `berth shard list`, or add it: `berth shard add %s HOST:PORT/DATABASE`", m.Epoch(), p.To, p.To)
	} else if to.Draining {
		p.refuse("shard %s is draining, so nothing may move onto it; `berth shard set %s --draining=false` ends that", p.To, p.To)
	}
	var entry shard.Entry
	switch {
	case !r.Member.IsZero():
		if err := m.Members().Type.Check(r.Member); err != nil {
			p.refuse("%v", err)
			return
		}
		entry = *m.Entry(m.Lookup(r.Member))
		if r.Kind == KindUnpin && !entry.Span.IsPin() {
			p.refuse("member %s is not pinned: it lives where its range %s does, on shard %s", r.Member, entry.Span, entry.Shard)
			return
		}
		p.span, p.Member = shard.Span{Pin: r.Member}, r.Member.String()
	default:
		var ok bool
		if entry, ok = m.Find(shard.Span{Range: r.Range}); !ok {
			p.refuse("the map of epoch %d has no range %s; %s", m.Epoch(), r.Range, nearRange(m, r.Range))
			return
		}
		moved := r.Range
		p.span, p.Range = entry.Span, &moved
	}
	if r.Kind == KindMerge {
		other, ok := m.Find(shard.Span{Range: r.With})
		switch {
		case !ok:
			p.refuse("the map of epoch %d has no range %s; %s", m.Epoch(), r.With, nearRange(m, r.With))
		case r.Range.End != r.With.Start && r.With.End != r.Range.Start || r.Range == r.With:
			p.refuse("ranges %s and %s are not neighbours", r.Range, r.With)
		case other.Frozen != nil:
			p.refuse("range %s is being cut over (attempt %s)", r.With, other.Frozen.Attempt)
		}
	}
	p.From = entry.Shard
	if entry.Frozen != nil {
		p.refuse("%s is being cut over (attempt %s)", entry.Span, entry.Frozen.Attempt)
	}
	switch {
	case p.From == p.To && r.Kind == KindUnpin:
		p.refuse("member %s is on the shard that its range names already, %s: nothing has to move; `berth unpin --member %s` takes the pin away", r.Member, p.To, r.Member)
	case p.From == p.To:
		p.refuse("%s is on shard %s already", entry.Span, p.To)
	}
}

// rangeOf is the entry of the range that the member's keyspace id falls in.
func rangeOf(m *shard.Map, id shard.Member) int {
	k := id.KeyspaceID()
	for i, e := range m.Entries() {
		if !e.Span.IsPin() && e.Span.Range.Contains(k) {
			return i
		}
	}
	return 0 // never: the ranges leave no gap
}

// nearRange tells which of the map's ranges somebody may have meant.
func nearRange(m *shard.Map, r shard.Range) string {
	var near []string
	at := r.Start
	for _, e := range m.Entries() {
		if !e.Span.IsPin() && e.Span.Range.Overlaps(r) {
			near = append(near, e.Span.String())
			if e.Span.Range.Start == r.Start {
				at = r.End
			}
		}
	}
	if len(near) == 1 {
		digits := strings.TrimRight(at.String(), "0")
		if len(digits)%2 == 1 {
			digits += "0"
		}
		return fmt.Sprintf("%s lies inside range %s: `berth split %s --at %s` cuts it", r, near[0], near[0], digits)
	}
	if len(near) > 6 {
		near = append(near[:6], "…")
	}
	return fmt.Sprintf("it crosses the borders of %v: move these one by one, or `berth merge` them first", near)
}

// settings lists what Inspect finds about a server that stops a move.
func (p *Plan) settings(where string, report instance.Report) {
	for _, f := range report.Findings {
		switch {
		case f.Severity == instance.Blocking, strings.HasPrefix(f.Setting, "privilege "):
			p.refuse("%s: %s", where, f)
		case f.Severity == instance.Warning:
			p.warn("%s: %s", where, f)
		}
	}
}

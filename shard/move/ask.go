package move

import "github.com/berthdb/berth/shard"

// Allows tells, without asking it, whether something can be asked of the job
// as it is now: nil, or an ErrNotNow that says what can be done instead.
func (j *Job) Allows(want Want) error { return askable(j, want) }

// Touches reports whether the job works on any member of the span.
func (j *Job) Touches(s shard.Span) bool {
	own, err := j.Span()
	return err != nil || overlaps(own, s) // what can't be read may be anything
}

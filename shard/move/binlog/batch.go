package binlog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultLimit is the longest statement of a Batch that names no limit: far
// below the default of max_allowed_packet, 64 MiB.
const DefaultLimit = 16 << 20

// ErrTooBig is what Write's and Delete's errors wrap for a row that fits into
// no statement of the batch's limit.
var ErrTooBig = errors.New("the row is too big for one statement")

// Batch collects changes of rows, in order, and makes BINLOG statements of
// them, for a session that NewSession prepared. All statements of a batch
// belong into one transaction, which is the caller's. A Batch may be used again
// after Reset.
type Batch struct {
	limit int // bytes of a statement's text

	done    []string
	current group
	rows    int
}

// NewBatch makes a batch for rows of the source whose Stream.Format is given.
// limit is the longest statement in bytes, at most the target's
// max_allowed_packet; 0: DefaultLimit.
func NewBatch(format []byte, limit int) (*Batch, error) {
	f, err := parseFormat(format)
	if err != nil {
		return nil, fmt.Errorf("make a batch of row changes: %w", err)
	}
	if limit < 0 {
		return nil, fmt.Errorf("make a batch of row changes: the limit is negative: %d", limit)
	}
	if limit == 0 {
		limit = DefaultLimit
	}
	return &Batch{limit: limit, current: group{checksum: f.checksum}}, nil
}

// Write adds a row that is to be there as the image has it, in the table of
// that name in another database. The image is copied.
func (b *Batch) Write(t *Table, database string, image []byte) error {
	return b.add(evWriteRows, t, database, image)
}

// Delete adds a row that is to be gone: the one with the image's primary key.
func (b *Batch) Delete(t *Table, database string, image []byte) error {
	return b.add(evDeleteRows, t, database, image)
}

func (b *Batch) add(kind byte, t *Table, database string, image []byte) error {
	if len(database) > maxName || len(t.Name) > maxName {
		return fmt.Errorf("apply a row to %s.%s: the name is longer than %d bytes", database, t.Name, maxName)
	}
	need := textSize(b.current.grown(t, database, kind, len(image)))
	if need > b.limit && !b.current.empty() {
		b.seal()
		need = textSize(b.current.grown(t, database, kind, len(image)))
	}
	if need > b.limit {
		return fmt.Errorf("apply a row of %d bytes to %s.%s: %w: that takes %d bytes of text, and the limit is %d; raise max_allowed_packet on the target",
			len(image), database, t.Name, ErrTooBig, need, b.limit)
	}
	b.current.add(t, database, kind, image)
	b.rows++
	return nil
}

// Rows is how many changes were added.
func (b *Batch) Rows() int { return b.rows }

// Size is the bytes of all statements with rows so far.
func (b *Batch) Size() int {
	n := 0
	for _, s := range b.done {
		n += len(s)
	}
	if b.current.empty() {
		return n
	}
	return n + textSize(b.current.size)
}

// Statements is what has been added, as statements to be run in order; none for
// an empty batch. None is longer than the limit.
func (b *Batch) Statements() []string {
	b.seal()
	if len(b.done) == 0 {
		return nil
	}
	return append(slices.Clip(b.done), resetClock)
}

// resetClock undoes what the server does for the time in its process list: the
// session's clock stands still at the time of the last event. NOW() would tell
// that, and the next transaction's events would have it.
const resetClock = "SET SESSION timestamp = DEFAULT"

// Reset empties the batch.
func (b *Batch) Reset() {
	b.done, b.rows = nil, 0
	b.current.reset()
}

func (b *Batch) seal() {
	if b.current.empty() {
		return
	}
	b.done = append(b.done, statement(b.current.events(time.Now())))
	b.current.reset()
}

const opening, closing = "BINLOG '", "'"

func statement(events []byte) string {
	var s strings.Builder
	s.Grow(textSize(len(events)))
	s.WriteString(opening)
	encoder := base64.NewEncoder(base64.StdEncoding, &s)
	_, _ = encoder.Write(events) // a strings.Builder takes everything
	_ = encoder.Close()
	s.WriteString(closing)
	return s.String()
}

// textSize is the length of the statement for so many bytes of events.
func textSize(events int) int {
	return len(opening) + base64.StdEncoding.EncodedLen(events) + len(closing)
}

package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// Config says what is imported, and how.
type Config struct {
	Repo     *router.Repository // required
	Info     instance.TableInfo // of the table, as a shard has it; required
	Input    *Input             // required
	Layout   *Layout            // required
	Settings Settings           // to know the import again; see Settings
	State    string             // file that says how far the import is; empty: it can't go on after a stop
	Rejects  string             // file for rows that can't be imported; required
	Anyway   bool               // go on after a crash also where rows may be written twice
	Chunk    int                // rows between two savings of the state; 0 means 8192
	Batch    int                // rows of one transaction; 0 means 512
	Patience time.Duration      // how long to go on trying a shard that can't be reached; 0 means 30 s
	Grace    time.Duration      // how long what is under way may take after ctx has ended; 0 means 10 s
	Progress func(Result)       // called after each chunk; may be nil
}

// Result is how far an import is.
type Result struct {
	Rows     int64 `json:"rows"`     // written, also before this run
	Rejected int64 `json:"rejected"` // likewise
	Resumed  int64 `json:"resumed_after_line"`
	Line     int64 `json:"line"` // all lines up to it are dealt with
	Offset   int64 `json:"-"`    // bytes of the file that are
}

// Plan says how rows will be written and what may be promised, for people.
func Plan(info instance.TableInfo, l *Layout) (string, error) {
	t, err := newTarget(info, l)
	switch {
	case err != nil:
		return "", err
	case !t.idempotent():
		return "new rows only: the file lacks a column of the primary key, so after a crash it can't go on exactly (see --line-column)", nil
	case t.careful:
		return "new rows are inserted, those that are there updated one by one: the table has unique keys without the member column", nil
	}
	return "new rows are inserted, those that are there updated", nil
}

// Run imports until the end of the input, a failure, or the end of ctx. In the
// latter cases the state says where to go on, and the next Run does.
func Run(ctx context.Context, cfg Config) (Result, error) {
	if cfg.Chunk == 0 {
		cfg.Chunk = 8192
	}
	if cfg.Batch == 0 {
		cfg.Batch = 512
	}
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 10 * time.Second
	}
	to, err := newTarget(cfg.Info, cfg.Layout)
	if err != nil {
		return Result{}, err
	}
	cfg.Batch = min(cfg.Batch, 65535/len(to.columns)) // MySQL's limit on parameters
	r := &run{cfg: cfg, w: writer{cfg.Repo, to, cfg.Batch, cfg.Patience}, rejects: rejects{path: cfg.Rejects, header: cfg.Input.Header}}
	if err := r.resume(); err != nil {
		return r.result(), err
	}
	err = r.all(ctx)
	err = errors.Join(err, r.rejects.close())
	if err == nil && cfg.State != "" {
		err = os.Remove(cfg.State)
	}
	return r.result(), err
}

// run is one Run.
type run struct {
	cfg     Config
	w       writer
	rejects rejects
	state   state
	resumed int64
}

func (r *run) result() Result {
	return Result{Rows: r.state.Rows, Rejected: r.state.Rejected, Resumed: r.resumed, Line: r.state.Done.Line, Offset: r.state.Done.Offset}
}

// resume goes to where an earlier import stopped, if there was one.
func (r *run) resume() error {
	r.state = state{Version: stateVersion, Settings: r.cfg.Settings, Done: r.cfg.Input.Position()}
	if r.cfg.State == "" {
		return nil
	}
	old, err := readState(r.cfg.State)
	if err != nil {
		return err
	}
	if old != nil {
		switch {
		case !old.Settings.equal(r.cfg.Settings):
			return fmt.Errorf("%s is of another import (into %s), or the file has changed since; finish that one with its own options, or delete it to begin at the beginning",
				r.cfg.State, old.Settings.Table)
		case old.Done.Offset > r.cfg.Input.Size:
			return fmt.Errorf("the import had come to byte %d and the file has %d: it was cut; delete %s to begin at the beginning", old.Done.Offset, r.cfg.Input.Size, r.cfg.State)
		case !old.Clean && !r.w.to.idempotent() && !r.cfg.Anyway:
			return fmt.Errorf("the import was broken off hard somewhere after line %d, and without the primary key in the file nobody can tell which rows after it are written: look, and either delete %s and those rows to begin again, or go on with --allow-duplicates",
				old.Done.Line, r.cfg.State)
		}
		if err := r.cfg.Input.Seek(old.Done); err != nil {
			return err
		}
		if err := r.rejects.resume(old.Rejects); err != nil {
			return err
		}
		r.state, r.resumed = *old, old.Done.Line
	}
	return r.save(false)
}

func (r *run) save(clean bool) error {
	if r.cfg.State == "" {
		return nil
	}
	r.state.Clean, r.state.Rejects = clean, r.rejects.size
	return r.state.write(r.cfg.State)
}

// chunk is some thousand rows, and where the file is after them.
type chunk struct {
	rows    []Row
	rejects []reject
	end     Position
	err     error // the file's; the rows before it are good
}

// all reads and writes side by side, a chunk apart.
func (r *run) all(ctx context.Context) error {
	reading, stop := context.WithCancel(ctx)
	chunks := make(chan chunk)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer close(chunks)
		r.read(reading, chunks)
	}()
	defer func() {
		stop()
		<-finished
	}()
	// What has been sent is seen to its end after Ctrl-C, so that the state
	// can say exactly where that is.
	writing, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(r.cfg.Grace, func() { end(context.Cause(ctx)) })
	})()
	for {
		var c chunk
		var ok bool
		select {
		case c, ok = <-chunks:
		case <-ctx.Done():
		}
		switch {
		case ctx.Err() != nil:
			return errors.Join(r.save(true), context.Cause(ctx))
		case !ok:
			return nil
		}
		if err := r.one(writing, c); err != nil {
			return err
		}
		if c.err != nil {
			return errors.Join(r.save(true), c.err)
		}
	}
}

// one writes a chunk and saves that it is.
func (r *run) one(ctx context.Context, c chunk) error {
	done, dirty, err := r.w.write(ctx, c.rows)
	if err != nil {
		// Some of the chunk is written; only with a key that does no harm.
		clean := r.w.to.idempotent() && !dirty
		return errors.Join(r.save(clean), err)
	}
	c.rejects = append(c.rejects, done.rejects...)
	slices.SortStableFunc(c.rejects, func(a, b reject) int { return int(a.record.Line - b.record.Line) })
	if err := r.rejects.write(c.rejects); err != nil {
		return err
	}
	r.state.Done = c.end
	r.state.Rows += done.rows
	r.state.Rejected += int64(len(c.rejects))
	if err := r.save(false); err != nil {
		return err
	}
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.result())
	}
	return nil
}

// read cuts the input into chunks.
func (r *run) read(ctx context.Context, to chan<- chunk) {
	for {
		c := r.next(ctx)
		if len(c.rows)+len(c.rejects) > 0 || (c.err != nil && !errors.Is(c.err, io.EOF)) {
			last := c.err
			if errors.Is(last, io.EOF) {
				c.err = nil
			}
			select {
			case to <- c:
			case <-ctx.Done():
				return
			}
			c.err = last
		}
		if c.err != nil {
			return
		}
	}
}

// chunkBytes bounds a chunk of long rows.
const chunkBytes = 16 << 20

func (r *run) next(ctx context.Context) (c chunk) {
	for size := 0; len(c.rows)+len(c.rejects) < r.cfg.Chunk && size < chunkBytes; {
		record, err := r.cfg.Input.Next()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			c.err = err
			break
		}
		for _, f := range record.Fields {
			size += len(f)
		}
		row, problem := r.cfg.Layout.Row(record)
		if problem != "" {
			c.rejects = append(c.rejects, reject{record, problem})
		} else {
			c.rows = append(c.rows, row)
		}
		c.end = r.cfg.Input.Position()
	}
	return c
}

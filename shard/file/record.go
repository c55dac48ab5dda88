package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/berthdb/berth/shard"
)

// Record is one record.
func (s *Store) Record(ctx context.Context, kind, name string) (shard.Record, error) {
	r := shard.Record{Kind: kind, Name: name}
	if err := r.Check(); err != nil {
		return r, err
	}
	_, done, err := s.life.begin(ctx)
	if err != nil {
		return r, fmt.Errorf("read record %s from %s: %w", r, s, err)
	}
	defer done()
	r, err = s.readRecord(kind, name)
	if err != nil {
		return r, fmt.Errorf("read record %s from %s: %w", r, s, advise(err))
	}
	return r, nil
}

// Records lists the records of one kind by name.
func (s *Store) Records(ctx context.Context, kind string) ([]shard.Record, error) {
	if err := shard.CheckName("record's kind", kind); err != nil {
		return nil, err
	}
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the %s in %s: %w", kind, s, err)
	}
	defer done()
	entries, err := os.ReadDir(s.path("records", kind)) // sorted by name
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(s.dir) // gone with its disk, perhaps
	}
	if err != nil {
		return nil, fmt.Errorf("list the %s in %s: %w", kind, s, advise(err))
	}
	var out []shard.Record
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("list the %s in %s: %w", kind, s, context.Cause(ctx))
		}
		if shard.CheckName("record's name", e.Name()) != nil {
			continue // not one of ours
		}
		r, err := s.readRecord(kind, e.Name())
		switch {
		case errors.Is(err, shard.ErrNoRecord): // deleted meanwhile
		case err != nil:
			return nil, fmt.Errorf("list the %s in %s: record %s: %w", kind, s, r, advise(err))
		default:
			out = append(out, r)
		}
	}
	return out, nil
}

func recordName(r shard.Record) string { return "records/" + r.Kind + "/" + r.Name }

// recordHead begins a record's file, before its version and a line's end; the
// value follows as it is.
const recordHead = "berth record, version "

func encodeRecord(r shard.Record) []byte {
	return append(fmt.Appendf(nil, "%s%d\n", recordHead, r.Version), r.Value...)
}

func (s *Store) readRecord(kind, name string) (shard.Record, error) {
	r := shard.Record{Kind: kind, Name: name}
	b, err := os.ReadFile(s.path(recordName(r)))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(s.dir); err != nil {
			return r, err // gone with its disk, perhaps
		}
		return r, shard.ErrNoRecord
	}
	if err != nil {
		return r, err
	}
	head, value, _ := bytes.Cut(b, []byte("\n"))
	number, ok := bytes.CutPrefix(head, []byte(recordHead))
	version, err := strconv.ParseUint(string(number), 10, 64)
	if !ok || err != nil || version == 0 {
		return r, fmt.Errorf("%s was not written by berth: its first line is no %q and a number; remove it or put the right one back",
			s.path(recordName(r)), recordHead)
	}
	r.Value, r.Version = value, version
	return r, nil
}

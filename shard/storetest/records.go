package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/berthdb/berth/shard"
)

func (b *bench) putRecord(s shard.Store, r shard.Record) shard.Record {
	b.t.Helper()
	put, err := s.PutRecord(b.ctx(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	if put.Version == 0 || put.Version == r.Version || put.Kind != r.Kind || put.Name != r.Name || !bytes.Equal(put.Value, r.Value) {
		b.t.Fatalf("stored %+v, got %+v", r, put)
	}
	return put
}

// recorded fails the test unless r is what the store gives for its name.
func (b *bench) recorded(s shard.Store, r shard.Record) {
	b.t.Helper()
	got, err := s.Record(b.ctx(), r.Kind, r.Name)
	if err != nil {
		b.t.Fatal(err)
	}
	if got.Version != r.Version || got.Kind != r.Kind || got.Name != r.Name || !bytes.Equal(got.Value, r.Value) {
		b.t.Fatalf("stored is %+v, want %+v", got, r)
	}
}

// noRecord fails the test unless the store says that it has none of r's name.
func (b *bench) noRecord(s shard.Store, r shard.Record) {
	b.t.Helper()
	if got, err := s.Record(b.ctx(), r.Kind, r.Name); !errors.Is(err, shard.ErrNoRecord) {
		b.t.Fatalf("record %s: %+v, %v", r, got, err)
	}
}

func record(name, value string) shard.Record {
	return shard.Record{Kind: "jobs", Name: name, Value: []byte(value)}
}

func testRecords(t *testing.T, b *bench) {
	s, other := b.open(), b.open()
	b.noRecord(s, record("b", ""))
	if list, err := s.Records(b.ctx(), "jobs"); err != nil || len(list) != 0 {
		t.Errorf("records: %v, %v", list, err)
	}
	values := map[string]string{"b": "{\"phase\": 1}\n", "a.1": "\x00\xff\n\n", "B": "", "a": "x", "a-1": "y"}
	stored := map[string]shard.Record{}
	for name, value := range values {
		stored[name] = b.putRecord(s, record(name, value))
	}
	b.putRecord(s, shard.Record{Kind: "rollouts", Name: "a", Value: []byte("another kind")})
	b.putRecord(s, shard.Record{Kind: "job", Name: "a", Value: []byte("another kind")})
	for _, r := range stored {
		b.recorded(other, r)
	}
	list, err := other.Records(b.ctx(), "jobs")
	if err != nil || len(list) != len(values) {
		t.Fatalf("records: %v, %v", list, err)
	}
	for i, name := range []string{"B", "a", "a-1", "a.1", "b"} {
		want := stored[name]
		if got := list[i]; got.Name != name || got.Kind != "jobs" || got.Version != want.Version || !bytes.Equal(got.Value, want.Value) {
			t.Errorf("number %d of the list is %+v, want %+v", i, got, want)
		}
	}
	if _, err := s.Load(b.ctx()); !errors.Is(err, shard.ErrNoMap) {
		t.Errorf("records made a map: %v", err)
	}
}

func testRecordConflicts(t *testing.T, b *bench) {
	s, other := b.open(), b.open()
	missing := record("1", "x")
	missing.Version = 7
	if _, err := s.PutRecord(b.ctx(), missing); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("replaced what is not there: %v", err)
	}
	b.noRecord(s, missing)

	first := b.putRecord(s, record("1", "first"))
	if _, err := other.PutRecord(b.ctx(), record("1", "again")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("made what is there: %v", err)
	}
	late := first
	late.Value = []byte("late")
	first.Value = []byte("second")
	second := b.putRecord(other, first)
	if _, err := s.PutRecord(b.ctx(), late); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("replaced a past version: %v", err)
	}
	if err := s.DeleteRecord(b.ctx(), late); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("deleted a past version: %v", err)
	}
	if err := s.DeleteRecord(b.ctx(), record("1", "")); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("deleted a record by no version: %v", err)
	}
	b.recorded(s, second)
}

// A version is never used again, for the same value or after the record was
// deleted and made anew.
func testRecordVersions(t *testing.T, b *bench) {
	s := b.open()
	var past []shard.Record
	for range 3 {
		r := record("1", "same")
		for range 3 {
			r = b.putRecord(s, r)
			past = append(past, r)
		}
		for i, p := range past[:len(past)-1] {
			if p.Version == r.Version {
				t.Errorf("version %d was used again", p.Version)
			}
			if _, err := s.PutRecord(b.ctx(), p); !errors.Is(err, shard.ErrConflict) {
				t.Errorf("version number %d was replaced, and is %d writings old: %v", i, len(past)-1-i, err)
			}
			if err := s.DeleteRecord(b.ctx(), p); !errors.Is(err, shard.ErrConflict) {
				t.Errorf("version number %d was deleted, and is %d writings old: %v", i, len(past)-1-i, err)
			}
		}
		b.recorded(s, r)
		if err := s.DeleteRecord(b.ctx(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func testRecordsDeleted(t *testing.T, b *bench) {
	s, other := b.open(), b.open()
	if err := s.DeleteRecord(b.ctx(), shard.Record{Kind: "jobs", Name: "none", Version: 1}); err != nil {
		t.Errorf("deleted what was never there: %v", err)
	}
	one, two := b.putRecord(s, record("1", "x")), b.putRecord(s, record("2", "y"))
	if err := other.DeleteRecord(b.ctx(), shard.Record{Kind: one.Kind, Name: one.Name, Version: one.Version}); err != nil {
		t.Fatal(err)
	}
	b.noRecord(s, one)
	b.recorded(s, two)
	if list, err := s.Records(b.ctx(), "jobs"); err != nil || len(list) != 1 || list[0].Name != "2" {
		t.Errorf("records after one was deleted: %v, %v", list, err)
	}
	if err := s.DeleteRecord(b.ctx(), one); err != nil {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := s.PutRecord(b.ctx(), one); !errors.Is(err, shard.ErrConflict) {
		t.Errorf("replaced what was deleted: %v", err)
	}
	b.noRecord(s, one)
}

// Every writing counts, whoever makes it.
func testRacingRecords(t *testing.T, b *bench) {
	const writers, each = 8, 10
	first := b.open()
	b.putRecord(first, record("counter", "0"))
	var all errgroup.Group
	for range writers {
		s := b.open()
		all.Go(func() error {
			for done := 0; done < each; {
				r, err := s.Record(b.ctx(), "jobs", "counter")
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(r.Value))
				if err != nil {
					return err
				}
				r.Value = strconv.AppendInt(nil, int64(n+1), 10)
				switch _, err := s.PutRecord(b.ctx(), r); {
				case err == nil:
					done++
				case !errors.Is(err, shard.ErrConflict):
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if r, err := first.Record(b.ctx(), "jobs", "counter"); err != nil || string(r.Value) != strconv.Itoa(writers*each) {
		t.Errorf("the counter is %s, want %d: %v", r.Value, writers*each, err)
	}
}

// Of all who make one record, exactly one does, also when all write the same.
func testRacingFirstRecords(t *testing.T, b *bench) {
	const n = 8
	won := make([]error, n)
	var all errgroup.Group
	for i := range n {
		s := b.open()
		all.Go(func() error {
			_, won[i] = s.PutRecord(b.ctx(), record("1", "same"))
			return nil
		})
	}
	_ = all.Wait()
	winners := 0
	for i, err := range won {
		if err == nil {
			winners++
		} else if !errors.Is(err, shard.ErrConflict) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if winners != 1 {
		t.Errorf("%d made the record", winners)
	}
}

func testRecordLimits(t *testing.T, b *bench) {
	s := b.open()
	for _, bad := range badNames {
		for what, r := range map[string]shard.Record{"kind": {Kind: bad, Name: "1"}, "name": {Kind: "jobs", Name: bad}} {
			if _, err := s.PutRecord(b.ctx(), r); err == nil {
				t.Errorf("%s %q was taken", what, bad)
			}
			if _, err := s.Record(b.ctx(), r.Kind, r.Name); err == nil || errors.Is(err, shard.ErrNoRecord) {
				t.Errorf("%s %q was looked for: %v", what, bad, err)
			}
			if err := s.DeleteRecord(b.ctx(), r); err == nil {
				t.Errorf("%s %q was deleted", what, bad)
			}
		}
		if _, err := s.Records(b.ctx(), bad); err == nil {
			t.Errorf("records of kind %q were listed", bad)
		}
	}
	large := record("large", string(bytes.Repeat([]byte{0xff}, shard.MaxRecord)))
	large = b.putRecord(s, large)
	b.recorded(b.open(), large)
	for _, version := range []uint64{0, large.Version} {
		tooLarge := shard.Record{Kind: "jobs", Name: fmt.Sprint("large", version), Value: append(large.Value, 'x')}
		if version != 0 {
			tooLarge.Name, tooLarge.Version = large.Name, version
		}
		if _, err := s.PutRecord(b.ctx(), tooLarge); !errors.Is(err, shard.ErrTooLarge) {
			t.Errorf("a record of %d bytes: %v", len(tooLarge.Value), err)
		}
	}
	b.recorded(s, large)
}

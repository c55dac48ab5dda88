package shard_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

func TestJobLock(t *testing.T) {
	for attempt, want := range map[string]string{
		"m-20260102-a1/3": "job-m-20260102-a1",
		"m-20260102-a1":   "job-m-20260102-a1",
		"a1/1/2":          "job-a1",
	} {
		got := shard.JobLock(attempt)
		if got != want {
			t.Errorf("%s: %s, want %s", attempt, got, want)
		}
		if err := shard.CheckName("lock", got); err != nil {
			t.Errorf("%s: %v", attempt, err)
		}
	}
}

func TestRecordCheck(t *testing.T) {
	value := func(n int) []byte { return make([]byte, n) }
	for _, test := range []struct {
		name string
		r    shard.Record
		want string // in the error; empty: none
	}{
		{"good", shard.Record{Kind: "jobs", Name: "m-1", Value: value(shard.MaxRecord)}, ""},
		{"kind", shard.Record{Kind: "jobs/x", Name: "m-1"}, `record's kind "jobs/x"`},
		{"name", shard.Record{Kind: "jobs", Name: ".m"}, `record's name ".m"`},
		{"value", shard.Record{Kind: "jobs", Name: "m-1", Value: value(shard.MaxRecord + 1)}, "record jobs/m-1: too large to be stored"},
	} {
		err := test.r.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.name == "value" && !errors.Is(err, shard.ErrTooLarge) {
			t.Errorf("%s: %v is no ErrTooLarge", test.name, err)
		}
	}
}

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berthdb/berth/tools/checker/history"
)

// report is what a run has found.
type report struct {
	mu       sync.Mutex
	rounds   int64 // the last
	ops      int
	outcomes map[history.Outcome]int
	problems []string
	dirs     []string // of broken rounds
}

func (r *report) problem(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, text)
}

func (r *report) round(dir string, number int64, ops []history.Op, problems []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rounds = number
	r.ops += len(ops)
	if r.outcomes == nil {
		r.outcomes = make(map[history.Outcome]int)
	}
	for _, op := range ops {
		r.outcomes[op.Outcome]++
	}
	r.problems = append(r.problems, problems...)
	if len(problems) > 0 {
		r.dirs = append(r.dirs, dir)
	}
}

func (r *report) broken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.problems) > 0
}

// end prints the summary, and is the run's verdict.
func (sc *scenario) end() error {
	r := &sc.report
	sc.say("%d rounds, %d operations (%d ok, %d did not run, %d unknown)", r.rounds, r.ops,
		r.outcomes[history.OK], r.outcomes[history.Failed], r.outcomes[history.Unknown])
	done := sc.loop.Done()
	for _, kind := range slices.Sorted(maps.Keys(done)) {
		sc.say("  %d × %s", done[kind], kind)
	}
	sc.say("%d faults", sc.storm.Strikes())
	if !r.broken() {
		sc.say("nothing lost, nothing twice, nothing stale, nothing frozen")
		if sc.keep {
			return nil
		}
		return os.RemoveAll(sc.dir)
	}
	for i, p := range r.problems {
		if i == 20 {
			sc.say("BROKEN: … and %d more", len(r.problems)-i)
			break
		}
		sc.say("BROKEN: %s", p)
	}
	all := filepath.Join(sc.dir, "problems")
	err := os.WriteFile(all, []byte(strings.Join(r.problems, "\n")+"\n"), 0o644)
	where := sc.dir
	if len(r.dirs) > 0 {
		where = r.dirs[0]
	}
	return errors.Join(fmt.Errorf("%w after %v with seed %d: %d findings; the history is in %s; look at its member-N.html, or go run ./tools/checker judge %s",
		errBroken, time.Since(sc.began).Round(time.Second), sc.seed, len(r.problems), where, where), err)
}

package verdict_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/verdict"
)

var object = history.Object{Member: 1, Round: 1}

// op is an operation from start to end, acknowledged.
func op(kind history.Kind, value, start, end int64) history.Op {
	return history.Op{Process: "r1", Start: start, End: end,
		Call:   history.Call{Client: int(start), Object: object, Kind: kind, Value: value},
		Return: history.Return{Outcome: history.OK}}
}

func gave(o history.Op, s history.State) history.Op {
	o.State = &s
	return o
}

func outcome(o history.Op, out history.Outcome) history.Op {
	o.Outcome, o.State = out, nil
	if out == history.Unknown {
		o.End = history.Never
	}
	return o
}

func state(register int64, list, log []int64) history.State {
	return history.State{Register: register, Length: int64(len(log)), List: list, Log: log}
}

func without(s history.State) history.State { // the log, as a Read does
	s.Log = nil
	return s
}

func list(v ...int64) []int64 { return v }

func TestVerdicts(t *testing.T) {
	w, a, c, r, l := history.Write, history.Append, history.Change, history.Read, history.Look
	for name, x := range map[string]struct {
		ops   []history.Op
		final history.State
		want  []verdict.Rule // of which all must be there, and no others; none: fine
	}{
		"one after the other": {
			[]history.Op{op(w, 1, 1, 2), op(a, 2, 3, 4), gave(op(c, 3, 5, 6), state(1, nil, nil)),
				gave(op(r, 0, 7, 8), history.State{Register: 3, Length: 1, List: list(2)}), gave(op(l, 0, 9, 10), state(3, list(2), list(3)))},
			state(3, list(2), list(3)), nil,
		},
		"two writes at once, either last": {
			[]history.Op{op(w, 1, 1, 5), op(w, 2, 2, 4)}, state(1, nil, nil), nil,
		},
		"a read beside a write sees either": {
			[]history.Op{op(w, 1, 1, 9), gave(op(r, 0, 2, 3), state(0, nil, nil)), gave(op(r, 0, 4, 5), state(1, nil, nil))}, state(1, nil, nil), nil,
		},
		"lost append": {
			[]history.Op{op(a, 1, 1, 2), op(a, 2, 3, 4)}, state(0, list(1), nil), []verdict.Rule{verdict.Lost, verdict.Illegal},
		},
		"lost change": {
			[]history.Op{gave(op(c, 1, 1, 2), state(0, nil, nil)), gave(op(c, 2, 3, 4), state(1, nil, list(1)))},
			history.State{Register: 2, Length: 2, Log: list(2)}, []verdict.Rule{verdict.Lost, verdict.Counter, verdict.Illegal},
		},
		"lost write": {
			[]history.Op{op(w, 1, 1, 2), op(w, 2, 3, 4)}, state(1, nil, nil), []verdict.Rule{verdict.Illegal},
		},
		"append applied twice": {
			[]history.Op{op(a, 1, 1, 2)}, state(0, list(1, 1), nil), []verdict.Rule{verdict.Twice, verdict.Illegal},
		},
		"unknown append applied twice": {
			[]history.Op{outcome(op(a, 1, 1, 2), history.Unknown)}, state(0, list(1, 1), nil), []verdict.Rule{verdict.Twice, verdict.Illegal},
		},
		"stale read of the register": {
			[]history.Op{op(w, 1, 1, 2), gave(op(r, 0, 3, 4), state(0, nil, nil))}, state(1, nil, nil), []verdict.Rule{verdict.Illegal},
		},
		"stale read of the list": {
			[]history.Op{op(a, 1, 1, 2), gave(op(r, 0, 3, 4), state(0, nil, nil))}, state(0, list(1), nil), []verdict.Rule{verdict.Illegal},
		},
		"a read that goes back": {
			[]history.Op{op(w, 1, 1, 9), gave(op(r, 0, 2, 3), state(1, nil, nil)), gave(op(r, 0, 4, 5), state(0, nil, nil))},
			state(1, nil, nil), []verdict.Rule{verdict.Illegal},
		},
		"dirty read of what was rolled back": {
			[]history.Op{outcome(op(a, 1, 1, 4), history.Failed), gave(op(r, 0, 2, 3), state(0, list(1), nil))},
			state(0, nil, nil), []verdict.Rule{verdict.Ghost, verdict.Order, verdict.Illegal},
		},
		"failed, and there": {
			[]history.Op{outcome(op(c, 1, 1, 2), history.Failed)}, state(1, nil, list(1)), []verdict.Rule{verdict.Ghost, verdict.Illegal},
		},
		"a value of nobody's": {
			[]history.Op{op(w, 1, 1, 2)}, state(7, nil, nil), []verdict.Rule{verdict.Ghost, verdict.Illegal},
		},
		"a change that is half there": {
			[]history.Op{gave(op(c, 1, 1, 2), state(0, nil, nil)), gave(op(r, 0, 3, 4), history.State{Register: 1, Length: 0})},
			state(1, nil, list(1)), []verdict.Rule{verdict.Illegal},
		},
		"two changes that read the same": {
			[]history.Op{gave(op(c, 1, 1, 5), state(0, nil, nil)), gave(op(c, 2, 2, 6), state(0, nil, nil))},
			state(2, nil, list(1, 2)), []verdict.Rule{verdict.Illegal},
		},
		"a list in two orders": {
			[]history.Op{op(a, 1, 1, 9), op(a, 2, 1, 9), gave(op(r, 0, 2, 3), state(0, list(2), nil))},
			state(0, list(1, 2), nil), []verdict.Rule{verdict.Order, verdict.Illegal},
		},
		"no row": {
			[]history.Op{func() history.Op { o := op(w, 1, 1, 2); o.Missing = true; return o }()}, state(1, nil, nil), []verdict.Rule{verdict.Missing},
		},
		"unknown, and never seen": {
			[]history.Op{outcome(op(w, 1, 1, 2), history.Unknown), outcome(op(a, 2, 3, 4), history.Unknown), gave(op(r, 0, 5, 6), state(0, nil, nil))},
			state(0, nil, nil), nil,
		},
		"unknown, and takes effect late": {
			[]history.Op{outcome(op(a, 1, 1, 2), history.Unknown), gave(op(r, 0, 3, 4), state(0, nil, nil)), gave(op(r, 0, 5, 6), state(0, list(1), nil))},
			state(0, list(1), nil), nil,
		},
		"unknown, seen and gone again": {
			[]history.Op{outcome(op(w, 1, 1, 2), history.Unknown), gave(op(r, 0, 3, 4), state(1, nil, nil)), gave(op(r, 0, 5, 6), state(0, nil, nil))},
			state(1, nil, nil), []verdict.Rule{verdict.Illegal},
		},
		"seen before it was asked for": {
			[]history.Op{gave(op(r, 0, 1, 2), state(5, nil, nil)), outcome(op(w, 5, 3, 4), history.Unknown)},
			state(5, nil, nil), []verdict.Rule{verdict.Illegal},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range x.ops { // a Read has no log
				if s := x.ops[i].State; s != nil && x.ops[i].Kind != l {
					*s = without(*s)
				}
			}
			found := verdict.Judge(x.ops, map[history.Object]history.State{object: x.final}, time.Minute)
			var got []verdict.Rule
			for _, f := range found {
				if !slices.Contains(got, f.Rule) {
					got = append(got, f.Rule)
				}
			}
			slices.Sort(got)
			slices.Sort(x.want)
			if !slices.Equal(got, x.want) {
				t.Errorf("found %v, want the rules %v", found, x.want)
			}
		})
	}
}

func TestWhatHasNoFinalStateIsNotPassed(t *testing.T) {
	found := verdict.Judge([]history.Op{op(history.Write, 1, 1, 2)}, nil, time.Minute)
	if len(found) != 1 || found[0].Rule != verdict.Unfinished {
		t.Errorf("found %v", found)
	}
}

func TestASearchIsShown(t *testing.T) {
	ops := []history.Op{op(history.Write, 1, 1, 2), gave(op(history.Read, 0, 3, 4), state(0, nil, nil))}
	found := verdict.Judge(ops, map[history.Object]history.State{object: state(1, nil, nil)}, time.Minute)
	if len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	path := filepath.Join(t.TempDir(), "search.html")
	if shown, err := found[0].Visualize(path); !shown || err != nil {
		t.Fatalf("shown: %v, %v", shown, err)
	}
	if page, err := os.ReadFile(path); err != nil || len(page) < 1000 {
		t.Errorf("a page of %d bytes, %v", len(page), err)
	}
}

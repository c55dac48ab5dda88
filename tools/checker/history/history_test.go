package history_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthdb/berth/tools/checker/history"
)

func TestWhatIsWrittenIsLoaded(t *testing.T) {
	dir := t.TempDir()
	o := history.Object{Member: 7, Round: 3}
	w, err := history.Create(filepath.Join(dir, "r1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	appended := history.Call{Client: 1, Object: o, Kind: history.Append, Value: 100}
	read := history.Call{Client: 2, Object: o, Kind: history.Read}
	a, b := w.Call(appended), w.Call(read)
	seen := history.Return{Outcome: history.OK, State: &history.State{Register: 4, Length: 1, List: []int64{100}}}
	w.Return(b, seen)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := history.Create(filepath.Join(dir, "r2.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	failed := history.Call{Client: 9, Object: o, Kind: history.Write, Value: 900}
	other.Return(other.Call(failed), history.Return{Outcome: history.Failed, Error: "no"})
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	ops, err := history.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Op{
		{Process: "r1", Call: appended, Return: history.Return{Outcome: history.Unknown}},
		{Process: "r1", Call: read, Return: seen},
		{Process: "r2", Call: failed, Return: history.Return{Outcome: history.Failed, Error: "no"}},
	}
	if diff := cmp.Diff(want, ops, cmpopts.IgnoreFields(history.Op{}, "Start", "End")); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
	if ops[0].End != history.Never || ops[1].End < ops[1].Start || a == b {
		t.Errorf("times %d-%d, %d-%d; numbers %d, %d", ops[0].Start, ops[0].End, ops[1].Start, ops[1].End, a, b)
	}
}

func TestTheLineOfAKilledProcessIsPassedOver(t *testing.T) {
	const whole = `{"op":1,"at":5,"call":{"client":1,"member":1,"round":1,"kind":"write","value":3}}` + "\n"
	ops, err := history.Decode("r", strings.NewReader(whole+`{"op":1,"at":9,"ret`))
	if err != nil || len(ops) != 1 || ops[0].Outcome != history.Unknown {
		t.Errorf("%+v, %v", ops, err)
	}
}

func TestWhatIsNoHistoryIsRefused(t *testing.T) {
	const call = `{"op":1,"at":5,"call":{"client":1,"member":1,"round":1,"kind":"read"}}` + "\n"
	for name, text := range map[string]string{
		"called twice":       call + call,
		"returned uncalled":  `{"op":1,"at":5,"return":{"outcome":"ok"}}` + "\n",
		"returned too early": call + `{"op":1,"at":4,"return":{"outcome":"ok"}}` + "\n",
		"no such outcome":    call + `{"op":1,"at":6,"return":{"outcome":"fine"}}` + "\n",
		"no such kind":       strings.Replace(call, "read", "guess", 1),
		"a write of nothing": strings.Replace(call, "read", "write", 1),
		"neither":            `{"op":1,"at":5}` + "\n",
		"no JSON":            "x\n",
	} {
		if ops, err := history.Decode("r", strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %+v", name, ops)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"op":1,"at":5,"call":{"client":1,"member":1,"round":1,"kind":"write","value":3}}` + "\n" +
		`{"op":1,"at":6,"return":{"outcome":"ok","state":{"reg":1,"n":2,"list":[3]}}}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ops, err := history.Decode("p", bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, op := range ops {
			if op.End < op.Start || op.Kind.Reads() != (op.Value == 0) {
				t.Errorf("%+v", op)
			}
		}
	})
}

func TestAHistoryIsNeverWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r1.jsonl")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Create(path); err == nil {
		t.Error("a history was written over another one")
	}
}

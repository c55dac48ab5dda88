package verdict

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/berthdb/berth/tools/checker/history"
)

// digest stands for a list: its length, its last value, and a hash of all. Two
// lists that only grew by unique values and differ have different ones, but for
// a chance of one in 2⁶⁴.
type digest struct {
	n    int64
	last int64
	hash uint64
}

func (d digest) add(v int64) digest {
	x := d.hash ^ uint64(v)*0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	return digest{n: d.n + 1, last: v, hash: x*0x94d049bb133111eb + 1}
}

func digestOf(list []int64) (d digest) {
	for _, v := range list {
		d = d.add(v)
	}
	return d
}

func (d digest) String() string {
	if d.n == 0 {
		return "empty"
	}
	return fmt.Sprintf("%d, last %d", d.n, d.last)
}

// object is the model's state.
type object struct {
	register  int64
	list, log digest
}

// asked is an operation's input.
type asked struct {
	kind  history.Kind
	value int64
}

// told is an operation's output: nothing of it counts where known is false.
type told struct {
	known     bool
	register  int64
	length    int64 // of the log
	list, log digest
}

func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return object{} },
		Step: func(state, input, output any) (bool, any) {
			return step(state.(object), input.(asked), output.(told))
		},
		DescribeOperation: func(input, output any) string { return describe(input.(asked), output.(told)) },
		DescribeState: func(state any) string {
			s := state.(object)
			return fmt.Sprintf("register %d; list %v; log %v", s.register, s.list, s.log)
		},
	}
}

func step(s object, in asked, out told) (bool, object) {
	switch in.kind {
	case history.Read:
		return out.register == s.register && out.length == s.log.n && out.list == s.list, s
	case history.Look:
		return out.register == s.register && out.length == s.log.n && out.list == s.list && out.log == s.log, s
	case history.Write:
		s.register = in.value
	case history.Append:
		s.list = s.list.add(in.value)
	case history.Change:
		if out.known && (out.register != s.register || out.length != s.log.n) {
			return false, s
		}
		s.register, s.log = in.value, s.log.add(in.value)
	}
	return true, s
}

func describe(in asked, out told) string {
	what := string(in.kind)
	if !in.kind.Reads() {
		what = fmt.Sprintf("%s %d", in.kind, in.value)
	}
	switch {
	case in.kind == history.Write || in.kind == history.Append:
		if out.known {
			return what
		}
		return what + " → unknown"
	case !out.known:
		return what + " → unknown"
	case in.kind == history.Change:
		return fmt.Sprintf("%s ← register %d, log of %d", what, out.register, out.length)
	case in.kind == history.Read:
		return fmt.Sprintf("%s → register %d, log of %d, list %v", what, out.register, out.length, out.list)
	}
	return fmt.Sprintf("%s → register %d, log %v, list %v", what, out.register, out.log, out.list)
}

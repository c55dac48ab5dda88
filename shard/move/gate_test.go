package move

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/berthdb/berth/shard"
)

func lessInt(a, b shard.Member) bool {
	x, _ := shard.Integer.Value(a).(int64)
	y, _ := shard.Integer.Value(b).(int64)
	return x < y
}

// Whatever intervals are done and open, in whatever order they came, the gate
// says of every member what a list of all members would say.
func TestGateAgreesWithAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 40
		g := newGate(lessInt)
		var model [n + 2]verdict // of members 1 to n+1
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(1, n), 0, 12, rapid.ID[int]).Draw(t, "cuts")
		borders := map[int]bool{}
		for _, c := range cuts {
			borders[c] = true
		}
		var intervals [][2]int // (low, high], 0 and n+1 being the ends
		low := 0
		for i := 1; i <= n; i++ {
			if borders[i] {
				intervals = append(intervals, [2]int{low, i})
				low = i
			}
		}
		intervals = append(intervals, [2]int{low, n + 1})
		for _, i := range rapid.Permutation(intervals).Draw(t, "order") {
			iv := interval{}
			if i[0] > 0 {
				iv.low = shard.Int(int64(i[0]))
			}
			if i[1] <= n {
				iv.high = shard.Int(int64(i[1]))
			}
			what := rapid.SampledFrom([]string{"leave", "mark", "open", "done", "given up"}).Draw(t, "what")
			v := drop
			switch what {
			case "mark":
				g.mark("t", iv)
				v = apply
			case "open":
				g.begin("t", iv)
				v = wait
			case "done":
				g.end("t", g.begin("t", iv), true)
				v = apply
			case "given up":
				g.end("t", g.begin("t", iv), false)
			}
			for m := i[0] + 1; m <= i[1]; m++ {
				model[m] = v
			}
		}
		for m := 1; m <= n+1; m++ {
			if got, _ := g.judge("t", shard.Int(int64(m))); got != model[m] {
				t.Fatalf("member %d: %v, want %v (done %v)", m, got, model[m], g.tables["t"].done)
			}
		}
		inGap := map[int]bool{}
		for _, gap := range g.gaps("t") {
			for m := 1; m <= n+1; m++ {
				if g.holds(gap, shard.Int(int64(m))) {
					inGap[m] = true
				}
			}
		}
		for m := 1; m <= n+1; m++ {
			if inGap[m] != (model[m] == drop) {
				t.Fatalf("member %d is in a gap: %v, and it is %v; gaps %v", m, inGap[m], model[m], g.gaps("t"))
			}
		}
	})
}

// Who waits for a chunk is let go when it is written, and when it is given up.
func TestGateLetsGo(t *testing.T) {
	g := newGate(lessInt)
	for _, done := range []bool{true, false} {
		o := g.begin("t", interval{high: shard.Int(5)})
		v, closed := g.judge("t", shard.Int(3))
		if v != wait {
			t.Fatalf("an open member is %v", v)
		}
		g.end("t", o, done)
		<-closed
	}
}

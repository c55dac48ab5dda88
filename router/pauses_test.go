package router_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

// told gives the pauses that the store's one router tells of.
func told(t testing.TB, f *testfleet.Fleet) []shard.Pause {
	t.Helper()
	routers, err := f.Store.Routers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(routers) == 0 { // not announced yet
		return nil
	}
	return routers[0].Pauses
}

func TestRouterTellsOfThePauseThatItsClientsFelt(t *testing.T) {
	onEachStore(t, func(t *testing.T, f *testfleet.Fleet, _ shard.Store) {
		p := repository(t, open(t, f))
		span, moving := rangeOn(f, 0), f.MemberOn(0, 0)
		frozen := freeze(f, span, "s2", time.Minute)
		eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == frozen.Epoch() })
		before := time.Now()
		outcomes := insertAll(t, p, moving, 3)
		limited, giveUp := context.WithCancel(t.Context())
		given := make(chan error, 1)
		go func() {
			_, err := p.Member(moving).ExecContext(limited, insert, moving.String(), 99, "given up")
			given <- err
		}()
		eventually(t, "all of them wait", func() bool { return p.Stat().Buffered == 4 })
		all := time.Now()
		giveUp()
		if err := <-given; !errors.Is(err, router.ErrBuffered) {
			t.Errorf("a statement that was given up: %v", err)
		}
		time.Sleep(200 * time.Millisecond)
		// Another change of the map lets them look again, which ends no wait.
		f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Pin(f.Change("pin"), f.MemberOn(1, 0)) })
		waited := time.Since(all)
		if got := told(t, f); len(got) != 0 {
			t.Errorf("told while the span is frozen: %+v", got)
		}
		f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Switch(f.Change("switch"), span, "a1") })
		for range 3 {
			if err := <-outcomes; err != nil {
				t.Error(err)
			}
		}
		most := time.Since(before)
		eventually(t, "the router tells of the pause", func() bool { return len(told(t, f)) == 1 })
		got := told(t, f)[0]
		longest := time.Duration(got.LongestMs * float64(time.Millisecond))
		if got.Attempt != "a1" || got.Span != span || got.Held != 4 || got.Failed != 1 {
			t.Errorf("the pause is told as %+v", got)
		}
		if longest < waited || longest > most {
			t.Errorf("the longest wait is told as %s, and was between %s and %s", longest, waited, most)
		}
		if got.EndedAt.Before(all) || got.EndedAt.After(time.Now()) {
			t.Errorf("it ended at %s, and the statements waited from %s on", got.EndedAt, all)
		}
	})
}

func TestRouterTellsOfNoPauseThatNobodyFeltAndOfTheLatestOnly(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f))
	span, moving := rangeOn(f, 0), f.MemberOn(0, 0)
	const cutovers = 11
	for n := range cutovers {
		attempt := fmt.Sprintf("a/%d", n)
		f.Edit(func(m *shard.Map) (*shard.Map, error) {
			return m.Freeze(f.Change("freeze"), span, shard.Freeze{To: "s2", Attempt: attempt, Deadline: time.Now().Add(time.Minute)})
		})
		var outcome <-chan error
		if n != 5 {
			eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == f.Map().Epoch() })
			outcome = insertAll(t, p, moving, 1)
			eventually(t, "the statement waits", func() bool { return p.Stat().Buffered == 1 })
		}
		f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Abort(f.Change("abort"), span, attempt) })
		if outcome != nil {
			if err := <-outcome; err != nil && n == 0 { // the row is there from the second time on
				t.Error(err)
			}
		}
		eventually(t, "the router has the freeze's end", func() bool { return p.Router().Epoch() == f.Map().Epoch() })
	}
	var list []shard.Pause
	eventually(t, "the router tells of the last one", func() bool {
		list = told(t, f)
		return len(list) > 0 && list[len(list)-1].Attempt == fmt.Sprintf("a/%d", cutovers-1)
	})
	var attempts []string
	for _, p := range list {
		attempts = append(attempts, p.Attempt)
		if p.Held != 1 || p.Failed != 0 {
			t.Errorf("told: %+v", p)
		}
	}
	if got, want := fmt.Sprint(attempts), "[a/2 a/3 a/4 a/6 a/7 a/8 a/9 a/10]"; got != want {
		t.Errorf("told of %s, want %s", got, want)
	}
}

func TestStatementsThatABufferHasNoRoomForAreTold(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	p := repository(t, open(t, f, func(c *router.Config) { c.Buffer.Statements = -1 }))
	span := rangeOn(f, 0)
	frozen := freeze(f, span, "s2", time.Minute)
	eventually(t, "the router has the freeze", func() bool { return p.Router().Epoch() == frozen.Epoch() })
	// An unscoped statement may touch any row of the shard.
	_, err := p.Member(f.MemberOn(0, 0)).Unscoped().ExecContext(t.Context(), "DO 1")
	if !errors.Is(err, router.ErrBuffered) {
		t.Errorf("without a buffer: %v", err)
	}
	f.Edit(func(m *shard.Map) (*shard.Map, error) { return m.Abort(f.Change("abort"), span, "a1") })
	eventually(t, "the router tells of it", func() bool {
		list := told(t, f)
		return len(list) == 1 && list[0].Held == 1 && list[0].Failed == 1 && list[0].Span == span
	})
}

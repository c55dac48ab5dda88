package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
	"github.com/berthdb/berth/tools/checker/fault"
	"github.com/berthdb/berth/tools/checker/motion"
	"github.com/berthdb/berth/tools/checker/stage"
)

// errBroken is the verdict that a promise is broken.
var errBroken = errors.New("a promise is broken")

// settleLimit is how long everything may take to come to rest at the end.
const settleLimit = 5 * time.Minute

// scenario is one run.
type scenario struct {
	options
	out   io.Writer
	began time.Time

	stage  *stage.Stage
	crew   *stage.Crew
	repo   *router.Repository // the checker's own
	loop   *motion.Loop
	storm  *fault.Storm
	report report

	mu sync.Mutex // of out
}

func newScenario(o options, out io.Writer) *scenario {
	return &scenario{options: o, out: out, began: time.Now()}
}

// say prints a line for people, with the time since the beginning.
func (sc *scenario) say(format string, args ...any) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ") // an error may have several
	fmt.Fprintf(sc.out, "%7.1fs  %s\n", time.Since(sc.began).Seconds(), line)
}

// run is the whole of it: its error is errBroken for a broken promise, and
// anything else for what kept the checker from its work.
func (sc *scenario) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(sc.dir, 0o755); err != nil {
		return err
	}
	sc.say("seed %d, for %v, in %s", sc.seed, sc.length, sc.dir)
	sc.stage, err = stage.Open(ctx, stage.Config{
		Dir: sc.dir, Routers: sc.routers, Clients: sc.clients, Members: sc.members, Seed: sc.seed, Log: sc.log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sc.stage.Close()) }()
	r, err := router.Open(ctx, router.Config{Store: sc.stage.Store, Instance: sc.stage.App(), Name: "checker", Log: sc.log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sc.repo = router.NewRepository(r)
	defer func() { err = errors.Join(err, sc.repo.Close()) }()
	sc.crew = stage.NewCrew(sc.stage)
	defer func() { err = errors.Join(err, sc.crew.Close(context.WithoutCancel(ctx))) }()
	if err := sc.crew.Arm(ctx, ""); err != nil {
		return err
	}
	// Each part has its own numbers, so that none disturbs another's.
	sc.loop = &motion.Loop{
		Config:  move.Config{Store: sc.stage.Store, Instance: sc.stage.Account(), Name: "checker", Logger: sc.log},
		Members: sc.stage.Members, Seed: sc.seed, Say: sc.say, Limit: settleLimit,
	}
	sc.storm = &fault.Storm{
		Stage: sc.stage, Crew: sc.crew, Seed: sc.seed + 1, Dir: sc.dir, Most: sc.mostFault, Say: sc.say,
	}
	sc.say("%d shards on MySQL %s, %d routers of %d clients, %d members", len(sc.stage.Shards),
		sc.stage.Shards[0].Server.Version(), sc.routers, sc.clients, sc.members)
	if err := sc.play(ctx); err != nil {
		return err
	}
	return sc.end()
}

// play runs the rounds, with data moving meanwhile, and settles.
func (sc *scenario) play(ctx context.Context) error {
	moving, stop := context.WithCancel(ctx)
	defer stop()
	var mover sync.WaitGroup
	if sc.motions {
		mover.Go(func() { sc.loop.Run(moving) })
	}
	defer mover.Wait()
	defer stop()
	end := time.Now().Add(sc.length)
	for round := int64(1); time.Now().Before(end) && ctx.Err() == nil && !sc.report.broken(); round++ {
		if err := sc.round(ctx, round, min(sc.roundLength, time.Until(end))); err != nil {
			return err
		}
	}
	stop()
	mover.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return sc.settle(ctx)
}

// settle brings the moves to their ends, and looks at what they left.
func (sc *scenario) settle(ctx context.Context) error {
	if !sc.motions {
		return nil
	}
	for _, p := range sc.loop.Settle(ctx) {
		sc.report.problem(p)
	}
	finals, err := sc.stage.Finals(ctx, sc.repo, sc.report.rounds)
	if err != nil {
		return err
	}
	none := func(context.Context, int64, string) (bool, error) { return false, nil }
	left, err := sc.stage.Audit(ctx, finals, none)
	for _, p := range left {
		sc.report.problem("at the end: " + p)
	}
	return err
}

// round is one round: clients and faults for a while, then the verdict.
func (sc *scenario) round(ctx context.Context, number int64, length time.Duration) error {
	if err := sc.stage.Make(ctx, sc.repo, number); err != nil {
		return fmt.Errorf("make the objects of round %d: %w", number, err)
	}
	if err := sc.stage.Begin(ctx, number); err != nil {
		return err
	}
	during, stop := context.WithTimeout(ctx, length)
	defer stop()
	if sc.during != nil {
		if err := sc.during(during, sc.stage); err != nil {
			return err
		}
	}
	if sc.faults {
		if err := sc.storm.Run(during); err != nil {
			return err
		}
	}
	<-during.Done()
	dir, err := sc.stage.End(ctx)
	if err != nil {
		return err
	}
	return sc.judge(ctx, number, dir)
}

// judge judges a round whose clients have stopped.
func (sc *scenario) judge(ctx context.Context, number int64, dir string) error {
	finals, err := sc.stage.Finals(ctx, sc.repo, number)
	if err != nil {
		return fmt.Errorf("read what round %d left: %w", number, err)
	}
	if err := keepFinals(dir, finals); err != nil {
		return err
	}
	findings, ops, err := judge(dir, searchLimit)
	if err != nil {
		return err
	}
	problems, err := sc.stage.Audit(ctx, finals, func(ctx context.Context, member int64, name string) (bool, error) {
		return motion.Allowed(ctx, sc.stage.Store, shard.Int(member), name)
	})
	if err != nil {
		return err
	}
	for _, f := range findings {
		problems = append(problems, f.String())
	}
	removed, err := sc.stage.Removed(ctx, number-1)
	if err != nil {
		return err
	}
	problems = append(problems, removed...)
	sc.report.round(dir, number, ops, problems)
	if len(problems) > 0 {
		return nil
	}
	sc.say("round %d: %d operations, nothing lost, nothing twice, nothing stale", number, len(ops))
	if number > 1 {
		if err := sc.stage.Remove(ctx, sc.repo, number-1); err != nil {
			return fmt.Errorf("remove the objects of round %d: %w", number-1, err)
		}
	}
	if !sc.keep {
		return os.RemoveAll(dir)
	}
	return nil
}

package move_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/shard/move"
)

// The variables that make this test binary a worker.
const (
	workerStore   = "BERTH_TEST_WORKER_STORE"  // its URL
	workerLimits  = "BERTH_TEST_WORKER_LIMITS" // rows of a chunk and of a heavy member; empty: the usual ones
	workerAccount = "BERTH_TEST_WORKER_ACCOUNT"
)

// workerProcess is the worker that the crash tests kill.
func workerProcess() int {
	store, err := openStore(os.Getenv(workerStore))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	user, password, _ := strings.Cut(os.Getenv(workerAccount), ":")
	limits := move.Limits{LookEvery: 50 * time.Millisecond}
	if s := os.Getenv(workerLimits); s != "" {
		if _, err := fmt.Sscanf(s, "%d,%d", &limits.ChunkRows, &limits.HeavyRows); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	w, err := move.NewWorker(move.Config{
		Store: store, Instance: instance.Config{User: user, Password: instance.Literal(password)},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}.Limited(limits))
	if err == nil {
		err = w.Run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func openStore(url string) (shard.Store, error) {
	if dir, ok := strings.CutPrefix(url, "file://"); ok {
		return file.Open(file.Config{Dir: dir})
	}
	cfg, err := consul.Parse(url)
	if err != nil {
		return nil, err
	}
	return consul.Open(cfg)
}

// process starts a worker with a failpoint, in a process of its own.
func (f *fleet) process(failpoint string) *exec.Cmd {
	f.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerStore+"="+f.Store.String(), workerAccount+"="+f.Shards[0].AdminUser+":"+f.Shards[0].AdminPassword,
		"BERTH_FAILPOINT="+failpoint)
	cmd.Stderr = testWriter{f.t}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// died waits for the process's end by kill -9.
func died(t testing.TB, cmd *exec.Cmd, failpoint string) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the worker ended with %v, not by kill -9 at %s", err, failpoint)
		}
	case <-time.After(60 * time.Second):
		t.Fatalf("the worker never came to %s", failpoint)
	}
}

// A worker that is killed at any step leaves a job that the next one brings to
// its end, with every row there, once, on the right server; forth and back.
func TestKilledAtEachStep(t *testing.T) {
	f := newFleet(t, nil)
	const members, rows = 60, 20
	f.fill(members, rows)
	low := mustRange(t, "-80")
	before := f.rows(0, "contacts", low)
	for _, failpoint := range move.Failpoints() {
		t.Run(failpoint, func(t *testing.T) {
			f := f.of(t)
			job := f.start(move.Request{Kind: move.KindMove, Range: low, To: "s2"})
			quiet := func() {}
			switch {
			case strings.HasSuffix(failpoint, "-clean"):
				// Cleaning comes after a rollback here.
				stop := f.work()
				f.phase(job.ID, move.Reversible)
				stop()
				f.ask(job.ID, move.WantRollback)
			case strings.HasSuffix(failpoint, "-abort"):
				// Aborting is what the next worker does for one that died frozen.
				died(t, f.process("after-fence=kill"), "after-fence")
			case strings.HasSuffix(failpoint, "-apply"):
				quiet = f.updates(0, members)
			case strings.HasSuffix(failpoint, "-kill"):
				f.stranger(0)
			}
			died(t, f.process(failpoint+"=kill"), failpoint)
			quiet()
			stop := f.work()
			defer stop()
			if !strings.HasSuffix(failpoint, "-clean") {
				f.phase(job.ID, move.Reversible)
				f.same(low)
				f.exec(f.Admin[1], "UPDATE contacts SET name = 'written on s2' WHERE id = 3")
				f.ask(job.ID, move.WantRollback)
			}
			f.phase(job.ID, move.RolledBack)
			after := f.rows(0, "contacts", low)
			if len(after) != len(before) {
				t.Fatalf("%d rows became %d", len(before), len(after))
			}
			for _, row := range after {
				if strings.Contains(row, "|3|") && !strings.HasSuffix(row, "|written on s2") {
					t.Fatalf("a write on the new owner is lost: %s", row)
				}
			}
			if left := f.rows(1, "contacts", low); len(left) > 0 {
				t.Fatalf("s2 still has %d rows", len(left))
			}
		})
	}
}

func (f *fleet) ask(id string, want move.Want) {
	f.t.Helper()
	if _, err := f.jobs.Ask(f.t.Context(), id, want, nil); err != nil {
		f.t.Fatal(err)
	}
}

// stranger opens a session that is no router's, with a transaction in it.
func (f *fleet) stranger(place int) {
	f.t.Helper()
	db := f.Shards[place].Open(f.t)
	if _, err := db.ExecContext(f.t.Context(), "SELECT 1"); err != nil {
		f.t.Fatal(err)
	}
}

// of is the fleet for a subtest.
func (f *fleet) of(t testing.TB) *fleet {
	g := *f
	g.t = t
	g.cfg.Logger = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	return &g
}

// updates changes rows in place until stop is called, so that there is
// something in the binlog and as many rows as before.
func (f *fleet) updates(place, members int) (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			_, err := f.Admin[place].ExecContext(ctx, "UPDATE contacts SET name = ? WHERE member_id = ? AND id <> 3", fmt.Sprint(i), 1+i%members)
			if err != nil && ctx.Err() == nil {
				f.t.Errorf("updates: %v", err)
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

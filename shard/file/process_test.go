package file_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/storetest"
)

// childEnv makes this test's program a second process of the store: what it
// does, and in which directory.
const childEnv = "BERTH_FILE_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := child(what, os.Getenv(childEnv+"_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(what, dir string) error {
	s, err := file.Open(file.Config{Dir: dir})
	if err != nil {
		return err
	}
	switch what {
	case "hold":
		if _, err := s.Register(context.Background(), state("child")); err != nil {
			return err
		}
		if _, err := s.Lock(context.Background(), "job", "child"); err != nil {
			return err
		}
		fmt.Println("ready")
		_, err := io.Copy(io.Discard, os.Stdin) // until the parent is gone
		return err
	case "swap":
		fmt.Println("ready")
		return swaps(s, 25, "child "+strconv.Itoa(os.Getpid()))
	case "swap on":
		fmt.Println("ready")
		return swaps(s, 1<<30, "child")
	}
	return fmt.Errorf("no such child: %s", what)
}

// swaps makes n changes of the map.
func swaps(s shard.Store, n int, note string) error {
	for i := 0; i < n; {
		m, err := s.Load(context.Background())
		if err != nil {
			return err
		}
		next, err := storetest.NextMap(m, fmt.Sprint(note, " ", i))
		if err != nil {
			return err
		}
		switch err := s.Swap(context.Background(), m, next); {
		case err == nil:
			i++
		case !errors.Is(err, shard.ErrConflict):
			return err
		}
	}
	return nil
}

// start starts a child and returns when it is ready.
func start(t *testing.T, what, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+what, childEnv+"_DIR="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
}

func open(t testing.TB, dir string) *file.Store {
	t.Helper()
	s, err := file.Open(file.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ctx(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), storetest.Patience)
	t.Cleanup(cancel)
	return ctx
}

func state(id string) shard.RouterState {
	return shard.RouterState{Incarnation: id, Name: "test", Version: "v1", Epoch: 1}
}

func first(t testing.TB, s shard.Store) *shard.Map {
	t.Helper()
	m := storetest.First(t, "c1")
	if err := s.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestKilledHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	cmd := start(t, "hold", dir)
	list, err := s.Routers(ctx(t))
	if err != nil || len(list) != 1 || list[0].Incarnation != "child" {
		t.Errorf("routers: %v, %v", list, err)
	}
	var locked *shard.LockedError
	if _, err := s.Lock(ctx(t), "job", "parent"); !errors.As(err, &locked) || locked.Holder != "child" {
		t.Errorf("Lock: %v", err)
	}
	kill(t, cmd)
	l, err := s.Lock(ctx(t), "job", "parent")
	if err != nil {
		t.Fatalf("a dead holder's lock: %v", err)
	}
	if err := l.Unlock(ctx(t)); err != nil {
		t.Error(err)
	}
	if list, err := s.Routers(ctx(t)); err != nil || len(list) != 0 {
		t.Errorf("routers after the process was killed: %v, %v", list, err)
	}
	if left, err := os.ReadDir(dir + "/routers"); err != nil || len(left) != 0 {
		t.Errorf("files of dead routers: %v, %v", left, err)
	}
}

func TestProcessesRaceToSwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	first(t, s)
	var children []*exec.Cmd
	for range 3 {
		children = append(children, start(t, "swap", dir))
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	checkHistory(t, s, 3*25+1)
}

// checkHistory fails unless every epoch is there and all changes differ.
func checkHistory(t *testing.T, s shard.Store, last uint64) {
	t.Helper()
	epochs, err := s.History(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]bool{}
	for i, e := range epochs {
		m, err := s.At(ctx(t), e)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && e != epochs[i-1]+1 {
			t.Fatalf("the history has a gap: %d", epochs)
		}
		notes[m.Change().Action] = true
	}
	if epochs[len(epochs)-1] != last || len(notes) != int(last) {
		t.Errorf("the history ends with %d and has %d different changes, want %d", epochs[len(epochs)-1], len(notes), last)
	}
}

// A process that is killed anywhere in a swap leaves the old map or the new
// one, and nothing that is in the way of the next swap.
func TestKilledInASwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	m := first(t, s)
	tape := storetest.Watch(t, s)
	for range 12 {
		cmd := start(t, "swap on", dir)
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		kill(t, cmd)
		now, err := s.Load(ctx(t))
		if err != nil {
			t.Fatal(err)
		}
		if now.Epoch() < m.Epoch() {
			t.Fatalf("epoch %d came after %d", now.Epoch(), m.Epoch())
		}
		epochs, err := s.History(ctx(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range epochs {
			if _, err := s.At(ctx(t), e); err != nil {
				t.Error(err)
			}
		}
		m = storetest.Next(t, now, "after a kill")
		if err := s.Swap(ctx(t), now, m); err != nil {
			t.Fatal(err)
		}
	}
	tape.Epoch(0, m.Epoch())
	for _, e := range tape.Events(0) {
		if e.Err != nil {
			t.Errorf("the watch reported: %v", e.Err)
		}
	}
}

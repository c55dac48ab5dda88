package relay_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/checker/relay"
)

// echo answers each line with itself.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					if _, err := c.Write(append(lines.Bytes(), '\n')); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	return l.Addr().String()
}

func open(t *testing.T) *relay.Relay {
	t.Helper()
	r, err := relay.Open(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func dial(t *testing.T, r *relay.Relay) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ask(c net.Conn) error {
	if _, err := c.Write([]byte("hello\n")); err != nil {
		return err
	}
	_, err := bufio.NewReader(c).ReadString('\n')
	return err
}

func TestDropClosesWhatIsOpen(t *testing.T) {
	r := open(t)
	c := dial(t, r)
	if err := ask(c); err != nil {
		t.Fatal(err)
	}
	r.Drop()
	if err := ask(c); err == nil {
		t.Error("a dropped connection answers")
	}
	if err := ask(dial(t, r)); err != nil {
		t.Errorf("a new one: %v", err)
	}
}

func TestHoldClosesNothingAndLetsNothingPass(t *testing.T) {
	r := open(t)
	before := dial(t, r)
	if err := ask(before); err != nil {
		t.Fatal(err)
	}
	r.Hold()
	for name, c := range map[string]net.Conn{"of before": before, "new": dial(t, r)} {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if err := ask(c); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection %s while nothing passes: %v", name, err)
		}
	}
	r.Pass()
	_ = before.SetReadDeadline(time.Time{})
	if err := ask(before); err == nil {
		t.Error("what was held is answered after all")
	}
	if err := ask(dial(t, r)); err != nil {
		t.Errorf("a new connection after: %v", err)
	}
}

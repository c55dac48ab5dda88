package consul_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay is a TCP relay to an agent that can be cut in two ways.
type relay struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	mode  mode
	conns map[net.Conn]bool
}

type mode int

const (
	passing mode = iota
	closing      // connections are closed, as by a dead host's router
	holding      // bytes vanish and nothing is closed, as in a partition
)

func newRelay(t testing.TB, target string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{target: target, listener: l, conns: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	t.Cleanup(func() {
		_ = l.Close()
		r.set(closing)
		r.running.Wait()
	})
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.serve(c) })
	}
}

func (r *relay) serve(c net.Conn) {
	if !r.keep(c) {
		return
	}
	up, err := net.Dial("tcp", r.target)
	if err != nil || !r.keep(up) {
		_ = c.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { r.pump(up, c) })
	both.Go(func() { r.pump(c, up) })
	both.Wait()
}

// keep remembers a connection to be closed by set, unless it is to be closed now.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mode == closing {
		_ = c.Close()
		return false
	}
	r.conns[c] = true
	return true
}

func (r *relay) pump(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		r.mu.Lock()
		pass := r.mode == passing
		r.mu.Unlock()
		if pass && n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err == io.EOF && !pass {
			continueUntilClosed(from)
			return
		}
		if err != nil {
			return
		}
	}
}

// continueUntilClosed keeps the other side from learning, while bytes vanish,
// that this one is gone: set closes both.
func continueUntilClosed(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
}

// set changes what happens from now on. Connections through which bytes may
// have vanished do not survive it.
func (r *relay) set(m mode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m == closing || r.mode == holding {
		for c := range r.conns {
			_ = c.Close()
			delete(r.conns, c)
		}
	}
	r.mode = m
}

package relay

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Relay passes connections on to one address.
type Relay struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	held   chan struct{} // closed when holding ends; nil while connections pass
	closed bool
	open   map[net.Conn]bool
}

// Open listens on a free loopback port.
func Open(target string) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a relay to %s: %w", target, err)
	}
	r := &Relay{target: target, listener: l, open: make(map[net.Conn]bool)}
	r.running.Go(r.accept)
	return r, nil
}

// Addr is where to connect to.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Drop closes every connection.
func (r *Relay) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop()
}

func (r *Relay) drop() {
	for c := range r.open {
		_ = c.Close()
	}
}

// Hold lets nothing pass from now on, and closes nothing.
func (r *Relay) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil && !r.closed {
		r.held = make(chan struct{})
	}
}

// Pass ends Hold: connections that were held are closed, and new ones pass.
func (r *Relay) Pass() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil {
		r.drop()
		close(r.held)
		r.held = nil
	}
}

// Close closes the relay and all of its connections, and waits for them.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.Pass()
	r.mu.Lock()
	r.closed = true
	r.drop()
	r.mu.Unlock()
	r.running.Wait()
	return err
}

func (r *Relay) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.running.Go(func() { r.serve(c) })
	}
}

// serve passes one connection on.
func (r *Relay) serve(client net.Conn) {
	defer client.Close()
	if !r.keep(client) {
		return
	}
	defer r.forget(client)
	r.wait()
	server, err := net.DialTimeout("tcp", r.target, 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	if !r.keep(server) {
		return
	}
	defer r.forget(server)
	var both sync.WaitGroup
	both.Go(func() { r.pump(server, client) })
	both.Go(func() { r.pump(client, server) })
	both.Wait()
}

// keep remembers a connection, to be dropped.
func (r *Relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.open[c] = true
	}
	return !r.closed
}

func (r *Relay) forget(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
}

// wait returns when nothing is held.
func (r *Relay) wait() {
	r.mu.Lock()
	held := r.held
	r.mu.Unlock()
	if held != nil {
		<-held
	}
}

// pump passes bytes one way until that ends; then the other way is of no use.
func (r *Relay) pump(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		r.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			return
		}
	}
}

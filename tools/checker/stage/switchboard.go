package stage

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/berthdb/berth/tools/checker/control"
)

// switchboard is where the processes call in.
type switchboard struct {
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	waiting map[control.Hello]chan *control.Link
}

func newSwitchboard() (*switchboard, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &switchboard{listener: l, waiting: make(map[control.Hello]chan *control.Link)}
	b.running.Go(b.accept)
	return b, nil
}

func (b *switchboard) addr() string { return b.listener.Addr().String() }

func (b *switchboard) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		link := control.NewLink(conn)
		var h control.Hello
		if err := link.Receive(&h); err != nil {
			_ = link.Close()
			continue
		}
		b.mu.Lock()
		call, ok := b.waiting[h]
		delete(b.waiting, h)
		b.mu.Unlock()
		if !ok {
			_ = link.Close() // of a start that nobody waits for any more
			continue
		}
		call <- link
	}
}

// expect says that a process is about to call; the channel has room for it.
func (b *switchboard) expect(h control.Hello) <-chan *control.Link {
	b.mu.Lock()
	defer b.mu.Unlock()
	call := make(chan *control.Link, 1)
	b.waiting[h] = call
	return call
}

// connect waits for the process's call and its word that it is ready.
func (b *switchboard) connect(ctx context.Context, h control.Hello, call <-chan *control.Link, exited <-chan struct{}) (*control.Link, error) {
	var link *control.Link
	select {
	case link = <-call:
	case <-exited:
		return nil, fmt.Errorf("%s ended before it called in", h.Name)
	case <-ctx.Done():
		return nil, fmt.Errorf("%s did not call in: %w", h.Name, ctx.Err())
	}
	stop := context.AfterFunc(ctx, func() { _ = link.Close() })
	defer stop()
	var a control.Answer
	if err := link.Receive(&a); err != nil {
		_ = link.Close()
		return nil, fmt.Errorf("%s did not become ready: %w", h.Name, err)
	}
	return link, nil
}

func (b *switchboard) close() error {
	err := b.listener.Close()
	b.running.Wait()
	return err
}

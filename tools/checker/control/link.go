package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
)

// Hello is the first that a process says.
type Hello struct {
	Name  string `json:"name"`  // of the process
	Start int    `json:"start"` // which of its starts
}

// Order is what the checker wants of a process.
type Order struct {
	Begin bool   `json:"begin,omitempty"` // begin the round, and record it in File
	End   bool   `json:"end,omitempty"`   // end it
	Round int64  `json:"round"`
	File  string `json:"file,omitempty"`
}

// Answer says that an order is carried out, or why not.
type Answer struct {
	Ready bool   `json:"ready,omitempty"` // for orders; said once, after Hello
	Round int64  `json:"round,omitempty"`
	Error string `json:"error,omitempty"`
}

// Link is one end of a connection.
type Link struct {
	conn net.Conn
	in   *json.Decoder

	mu  sync.Mutex
	out *json.Encoder
}

// NewLink talks over a connection.
func NewLink(conn net.Conn) *Link {
	return &Link{conn: conn, in: json.NewDecoder(conn), out: json.NewEncoder(conn)}
}

// Dial connects a process to the checker that started it.
func Dial(ctx context.Context, addr string, h Hello) (*Link, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("reach the checker: %w", err)
	}
	l := NewLink(conn)
	if err := l.Send(h); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// Send sends a Hello, an Order or an Answer.
func (l *Link) Send(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.out.Encode(v); err != nil {
		return fmt.Errorf("send %T: %w", v, err)
	}
	return nil
}

// Receive reads what the other end sent, into a pointer to it. One goroutine at
// a time may call it.
func (l *Link) Receive(v any) error { return l.in.Decode(v) }

// Close closes the connection, which ends a Receive.
func (l *Link) Close() error { return l.conn.Close() }

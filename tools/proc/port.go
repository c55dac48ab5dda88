package proc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gofrs/flock"
)

// The range lies below what Linux and macOS hand out to outgoing connections,
// so that no client takes a port between our look and the server's bind, or
// while a server is down and about to come back on it.
const (
	firstPort = 15000
	lastPort  = 32000
)

// Port is a loopback TCP port set aside for one server until it is released
// or the program ends. Programs that use this package do not get each other's.
type Port struct {
	number int
	lock   *flock.Flock
}

// ReservePort finds a port on which nothing listens and sets it aside.
func ReservePort() (*Port, error) {
	dir := filepath.Join(os.TempDir(), "berth-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("reserve a port: %w", err)
	}
	var last error
	for range 200 {
		number := firstPort + rand.IntN(lastPort-firstPort)
		// The server binds seconds from now, so looking alone would let two
		// programs choose the same port; the lock lasts as long as we do.
		lock := flock.New(filepath.Join(dir, strconv.Itoa(number)))
		got, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("reserve port %d: %w", number, err)
		}
		if !got {
			lock.Close()
			continue
		}
		if last = free(number); last == nil {
			return &Port{number: number, lock: lock}, nil
		}
		lock.Close()
	}
	return nil, fmt.Errorf("reserve a port between %d and %d: none of 200 tried was free: %w", firstPort, lastPort, last)
}

// ReservePorts reserves n ports, or none.
func ReservePorts(n int) ([]*Port, error) {
	ports := make([]*Port, 0, n)
	for range n {
		p, err := ReservePort()
		if err != nil {
			return nil, errors.Join(err, ReleasePorts(ports))
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// ReleasePorts releases them all.
func ReleasePorts(ports []*Port) error {
	var errs []error
	for _, p := range ports {
		errs = append(errs, p.Release())
	}
	return errors.Join(errs...)
}

// Number is the port's number.
func (p *Port) Number() int { return p.number }

// Addr is the port as a loopback address, 127.0.0.1:PORT.
func (p *Port) Addr() string { return Loopback(p.number) }

// Release gives the port back. The lock's empty file stays: removing it could
// take it from under a program that is just locking it.
func (p *Port) Release() error { return p.lock.Close() }

// Loopback is the address of a port number on 127.0.0.1.
func Loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func free(port int) error {
	l, err := net.Listen("tcp", Loopback(port))
	if err != nil {
		return err
	}
	return l.Close()
}

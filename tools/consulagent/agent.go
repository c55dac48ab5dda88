package consulagent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/berthdb/berth/tools/proc"
)

// host is the only address an agent listens on.
const host = "127.0.0.1"

// Agent is one Consul server. Its methods may be called from several
// goroutines; stops and starts wait for each other.
type Agent struct {
	opts     Options
	program  string
	dir      string
	guard    *proc.Guard
	httpPort int
	ports    ports
	token    string

	mu      sync.Mutex
	process *proc.Process
}

// Start starts a lone server and returns when it has a leader, itself. On any
// error nothing of it is left.
func Start(ctx context.Context, opts Options) (*Agent, error) {
	agents, err := start(ctx, 1, opts)
	if err != nil {
		return nil, err
	}
	return agents[0], nil
}

// Cluster starts n servers that elect a leader among them, and returns when
// each of them knows it. The options apply to each; Dir and Port must be
// empty. On any error nothing of them is left.
func Cluster(ctx context.Context, n int, opts Options) ([]*Agent, error) {
	if n < 1 {
		return nil, fmt.Errorf("start a cluster of %d Consul servers: at least 1 is needed", n)
	}
	if n > 1 && (opts.Dir != "" || opts.Port != 0) {
		return nil, errors.New("start a cluster of Consul servers: they cannot share one directory or port; leave Dir and Port empty")
	}
	return start(ctx, n, opts)
}

func start(ctx context.Context, n int, opts Options) (agents []*Agent, err error) {
	defer func() {
		if err != nil {
			for _, a := range agents {
				err = errors.Join(err, a.Close())
			}
			agents = nil
		}
	}()
	if err := opts.check(); err != nil {
		return nil, err
	}
	program, err := Ensure(ctx, opts.Log)
	if err != nil {
		return nil, err
	}
	token := newToken()
	for range n {
		a := &Agent{opts: opts, program: program, token: token}
		agents = append(agents, a)
		if err := a.prepare(); err != nil {
			return agents, fmt.Errorf("prepare a Consul agent: %w", err)
		}
	}
	// All must run before any can be ready: a leader needs a majority.
	for i, a := range agents {
		if err := a.writeConfig(n, others(agents, i)); err != nil {
			return agents, fmt.Errorf("write the configuration of a Consul agent: %w", err)
		}
		if err := a.run(); err != nil {
			return agents, err
		}
	}
	for _, a := range agents {
		if err := a.ready(ctx); err != nil {
			return agents, err
		}
	}
	return agents, nil
}

// others are the gossip addresses of all agents but one.
func others(agents []*Agent, not int) []string {
	addrs := []string{}
	for i, a := range agents {
		if i != not {
			addrs = append(addrs, a.ports.serf.Addr())
		}
	}
	return addrs
}

// prepare reserves the ports and lays out the directory.
func (a *Agent) prepare() error {
	n := 3
	if a.opts.TLS {
		n++
	}
	reserved, err := proc.ReservePorts(n)
	if err != nil {
		return err
	}
	a.ports = ports{http: reserved[0], serf: reserved[1], rpc: reserved[2]}
	if a.opts.TLS {
		a.ports.https = reserved[3]
	}
	a.httpPort = a.opts.Port
	if a.httpPort == 0 {
		a.httpPort = a.ports.http.Number()
	}
	if a.dir, a.guard, err = proc.GuardDir(a.opts.Dir, "berth-consul-"); err != nil {
		return err
	}
	if a.opts.ACL {
		if err := a.keepToken(); err != nil {
			return err
		}
	}
	if a.opts.TLS {
		return a.writeCertificates()
	}
	return nil
}

// keepToken takes the token of an earlier run in the same directory, which its
// data knows, or writes down a new one.
func (a *Agent) keepToken() error {
	file := filepath.Join(a.dir, "token")
	if text, err := os.ReadFile(file); err == nil {
		a.token = strings.TrimSpace(string(text))
		return nil
	}
	return os.WriteFile(file, []byte(a.token+"\n"), 0o600)
}

// newToken has the form of a UUID, as Consul wants a secret to have.
func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: the program ends instead
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Addr is the address of the HTTP API, 127.0.0.1:PORT, the same after a
// restart.
func (a *Agent) Addr() string { return net.JoinHostPort(host, strconv.Itoa(a.httpPort)) }

// HTTPSAddr is the address of the HTTPS API. Empty without TLS.
func (a *Agent) HTTPSAddr() string {
	if a.ports.https == nil {
		return ""
	}
	return a.ports.https.Addr()
}

// ServerAddr is the address by which the other servers, and Leader, name it.
func (a *Agent) ServerAddr() string { return a.ports.rpc.Addr() }

// Token may do everything. Empty without ACL.
func (a *Agent) Token() string {
	if !a.opts.ACL {
		return ""
	}
	return a.token
}

// CAFile is the certificate of the authority of the HTTPS API, in PEM.
func (a *Agent) CAFile() string { return a.tlsFile("ca.pem") }

// ClientFiles are a certificate and key for a client, signed by the same
// authority: for an agent whose ExtraHCL demands one.
func (a *Agent) ClientFiles() (cert, key string) {
	return a.tlsFile("client.pem"), a.tlsFile("client-key.pem")
}

// Dir is the directory with all that the agent writes.
func (a *Agent) Dir() string { return a.dir }

// LogFile is the path of the agent's log.
func (a *Agent) LogFile() string { return filepath.Join(a.dir, "consul.log") }

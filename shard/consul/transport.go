package consul

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"
)

// transport carries the requests of one store. It gives each the token of the
// moment, and keeps for a traced call what decides whether it may have been
// carried out.
type transport struct {
	*http.Transport
	token *token
}

func newTransport(cfg Config, env *api.Config) (*transport, error) {
	base := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 5 * time.Second}
	base.DialContext = dialer.DialContext
	if socket, ok := strings.CutPrefix(env.Address, "unix://"); ok {
		base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
		env.Address = "localhost" // the API would make a client of its own for a socket
	}
	// The files are read for every connection, so that they can be replaced,
	// and once here, so that a wrong name is noticed at once.
	if _, err := api.SetupTLSConfig(&env.TLSConfig); err != nil {
		return nil, fmt.Errorf("TLS files: %w", err)
	}
	base.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		files, err := api.SetupTLSConfig(&env.TLSConfig)
		if err != nil {
			return nil, fmt.Errorf("TLS files: %w", err)
		}
		files.MinVersion = tls.VersionTLS12
		return (&tls.Dialer{NetDialer: dialer, Config: files}).DialContext(ctx, network, address)
	}
	t := &token{file: cfg.TokenFile, now: cfg.Token}
	if _, err := t.get(); err != nil {
		return nil, err
	}
	return &transport{Transport: base, token: t}, nil
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	secret, err := t.token.get()
	if err != nil && secret == "" {
		return nil, err
	}
	c, traced := req.Context().Value(traceKey{}).(*trace)
	ctx := req.Context()
	if traced {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { c.sent.Store(true) },
		})
	}
	req = req.Clone(ctx)
	req.Header.Del("X-Consul-Token") // one that the API took from the environment
	if secret != "" {
		req.Header.Set("X-Consul-Token", secret)
	}
	resp, err := t.Transport.RoundTrip(req)
	if traced && resp != nil {
		c.status.Store(int64(resp.StatusCode))
	}
	return resp, err
}

// trace is what happened to one request.
type trace struct {
	sent   atomic.Bool  // a byte of it may have left
	status atomic.Int64 // of the answer; 0 when there was none
}

type traceKey struct{}

func (c *trace) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, traceKey{}, c)
}

// token is the ACL token, from a file if there is one.
type token struct {
	file string
	mu   sync.Mutex
	now  string
}

// get reads the file anew: it is small, requests are few, and a token that was
// rotated then counts from the next request on. While the file can't be read
// the last token stays in use, since it is often replaced in two steps.
func (t *token) get() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == "" {
		return t.now, nil
	}
	b, err := os.ReadFile(t.file)
	if err != nil {
		return t.now, fmt.Errorf("read the token file: %w", err)
	}
	if s := strings.TrimSpace(string(b)); s != "" {
		t.now = s
	}
	if t.now == "" {
		return "", fmt.Errorf("the token file %s is empty", t.file)
	}
	return t.now, nil
}

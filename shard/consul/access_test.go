package consul_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/testcluster"
)

const writeRules = `key_prefix "berth/" { policy = "write" } session_prefix "" { policy = "write" }`

// guarded is an agent with access control, as its operator sees it.
type guarded struct {
	t     testing.TB
	agent *consulagent.Agent
	acl   *api.ACL
}

func (g guarded) policy(name, rules string) *api.ACLPolicy {
	g.t.Helper()
	p, _, err := g.acl.PolicyCreate(&api.ACLPolicy{Name: name, Rules: rules}, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return p
}

func (g guarded) token(p *api.ACLPolicy) *api.ACLToken {
	g.t.Helper()
	token, _, err := g.acl.TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: p.ID}}}, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

func TestAccess(t *testing.T) {
	t.Parallel()
	agent := testcluster.OwnConsul(t, consulagent.Options{ACL: true})
	g := guarded{t, agent, client(t, agent.Addr(), agent.Token()).ACL()}
	first := storetest.First(t, "c1")
	admin := open(t, consul.Config{Address: agent.Addr(), Token: agent.Token()})
	if err := admin.Swap(ctx(t), nil, first); err != nil {
		t.Fatal(err)
	}

	t.Run("denied, granted, token rotated", func(t *testing.T) {
		policy := g.policy("router", `key_prefix "other/" { policy = "write" }`)
		token := g.token(policy)
		file := filepath.Join(t.TempDir(), "token")
		write(t, file, token.SecretID)
		s := open(t, consul.Config{Address: agent.Addr(), TokenFile: file})
		w := &world{t: t, agent: agent, store: s, tape: storetest.Watch(t, s), last: first}
		w.fails("403", `key_prefix "berth/" { policy = "write" }`)
		if err := s.Swap(ctx(t), first, storetest.Next(t, first, "x")); err == nil || !strings.Contains(err.Error(), "key_prefix") {
			t.Errorf("Swap without rights: %v", err)
		}
		if _, err := s.Register(ctx(t), state("r1")); err == nil || !strings.Contains(err.Error(), "session_prefix") {
			t.Errorf("Register without rights: %v", err)
		}
		policy.Rules = writeRules
		if _, _, err := g.acl.PolicyUpdate(policy, nil); err != nil {
			t.Fatal(err)
		}
		w.sees()

		other := g.token(policy)
		write(t, file, other.SecretID)
		if _, err := g.acl.TokenDelete(token.AccessorID, nil); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w.advance()
		}
		w.sees()

		if _, err := g.acl.TokenDelete(other.AccessorID, nil); err != nil {
			t.Fatal(err)
		}
		w.fails("403", "the token is unknown")
		write(t, file, g.token(policy).SecretID)
		w.sees()
		for _, e := range w.tape.Events(0) {
			for _, secret := range []string{token.SecretID, other.SecretID} {
				if e.Err != nil && strings.Contains(e.Err.Error(), secret) {
					t.Errorf("an error tells a token: %v", e.Err)
				}
			}
		}
	})

	t.Run("no right to list", func(t *testing.T) {
		if _, err := admin.Register(ctx(t), state("r1")); err != nil {
			t.Fatal(err)
		}
		token := g.token(g.policy("map-only", `key "berth/map" { policy = "read" }`))
		s := open(t, consul.Config{Address: agent.Addr(), Token: token.SecretID})
		if _, err := s.Load(ctx(t)); err != nil {
			t.Errorf("Load: %v", err)
		}
		// Consul leaves out what may not be read; a list that looks empty
		// would be taken for "no routers".
		if list, err := s.Routers(ctx(t)); err == nil || !strings.Contains(err.Error(), "key_prefix") {
			t.Errorf("Routers: %v, %v", list, err)
		}
		if epochs, err := s.History(ctx(t)); err == nil || !strings.Contains(err.Error(), "key_prefix") {
			t.Errorf("History: %d, %v", epochs, err)
		}
	})

	t.Run("as documented for a router", func(t *testing.T) {
		token := g.token(g.policy("documented", `key_prefix "berth/" { policy = "read" } key_prefix "berth/routers/" { policy = "write" } session_prefix "" { policy = "write" }`))
		s := open(t, consul.Config{Address: agent.Addr(), Token: token.SecretID})
		m, err := s.Load(ctx(t))
		if err != nil {
			t.Fatal(err)
		}
		reg, err := s.Register(ctx(t), state("r2"))
		if err != nil {
			t.Fatal(err)
		}
		if err := reg.Announce(ctx(t), state("r2")); err != nil {
			t.Error(err)
		}
		if err := s.Swap(ctx(t), m, storetest.Next(t, m, "x")); err == nil {
			t.Error("a router's token changed the map")
		}
		if err := reg.Close(); err != nil {
			t.Error(err)
		}
	})
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// The token and the certificate authority come from Consul's own environment
// where the configuration says nothing.
func TestTLSAndEnvironment(t *testing.T) {
	agent := testcluster.OwnConsul(t, consulagent.Options{ACL: true, TLS: true})
	m := storetest.First(t, "c1")
	s := open(t, consul.Config{Address: agent.HTTPSAddr(), CAFile: agent.CAFile(), Token: agent.Token()})
	if err := s.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		cfg  consul.Config
		env  map[string]string
		want string // in the error; none when empty
	}{
		{name: "no authority", cfg: consul.Config{Address: agent.HTTPSAddr(), TLS: true}, want: "set the CA file"},
		{name: "wrong name", cfg: consul.Config{Address: agent.HTTPSAddr(), CAFile: agent.CAFile(), ServerName: "elsewhere"}, want: "set the server name"},
		{name: "plain to the TLS port", cfg: consul.Config{Address: agent.HTTPSAddr()}, want: "turn TLS on"},
		{name: "TLS to the plain port", cfg: consul.Config{Address: agent.Addr(), CAFile: agent.CAFile()}, want: "turn TLS off"},
		{name: "no token", cfg: consul.Config{Address: agent.HTTPSAddr(), CAFile: agent.CAFile()}, want: "key_prefix"},
		{name: "all from the environment", env: map[string]string{
			"CONSUL_HTTP_ADDR": agent.HTTPSAddr(), "CONSUL_HTTP_SSL": "true", "CONSUL_CACERT": agent.CAFile(), "CONSUL_HTTP_TOKEN": agent.Token(),
		}},
		{name: "address with a scheme", env: map[string]string{
			"CONSUL_HTTP_ADDR": "https://" + agent.HTTPSAddr(), "CONSUL_CACERT": agent.CAFile(), "CONSUL_HTTP_TOKEN": agent.Token(),
		}},
		{name: "the configuration wins", cfg: consul.Config{Address: agent.Addr(), Token: agent.Token()}, env: map[string]string{
			"CONSUL_HTTP_ADDR": "127.0.0.1:1", "CONSUL_HTTP_TOKEN": "wrong", "CONSUL_HTTP_TOKEN_FILE": "/nowhere",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			s := open(t, test.cfg)
			got, err := s.Load(ctx(t))
			switch {
			case test.want == "" && (err != nil || got.Digest() != m.Digest()):
				t.Errorf("Load: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("Load: %v; the error should say %q", err, test.want)
			}
			if err != nil && strings.Contains(fmt.Sprint(err, s), agent.Token()) {
				t.Errorf("the token is told: %v", err)
			}
		})
	}
}

// Consul's own rate limit refuses the watch's reads, then does no more.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	agent := testcluster.OwnConsul(t, consulagent.Options{
		ExtraHCL: `limits { request_limits { mode = "enforcing" read_rate = 5 write_rate = 1000 } }`,
	})
	w := &world{t: t, agent: agent, store: open(t, consul.Config{Address: agent.Addr()})}
	w.begin()
	stop, over := make(chan struct{}), make(chan struct{})
	flood := client(t, agent.Addr(), "").KV()
	go func() {
		defer close(over)
		for {
			select {
			case <-stop:
				return
			default:
				_, _, _ = flood.Get("other", nil) // refused for the most part
				time.Sleep(time.Millisecond)
			}
		}
	}()
	// The change is made behind the store's back: its own reads are refused.
	next := storetest.Next(t, w.last, "x")
	raw, err := next.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, agent.Addr(), prefix, raw); err != nil {
		t.Fatal(err)
	}
	w.last = next
	w.fails("429", "raise limits.request_limits")
	close(stop)
	<-over
	w.sees()
	w.advance()
	w.sees()
}

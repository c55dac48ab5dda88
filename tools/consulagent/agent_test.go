package consulagent_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"github.com/berthdb/berth/tools/consulagent"
)

func start(t *testing.T, opts consulagent.Options) *consulagent.Agent {
	t.Helper()
	a, err := consulagent.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func kv(t *testing.T, a *consulagent.Agent, token string) *api.KV {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: a.Addr(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return client.KV()
}

func put(t *testing.T, store *api.KV) {
	t.Helper()
	if _, err := store.Put(&api.KVPair{Key: "k", Value: []byte("v")}, nil); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, store *api.KV) string {
	t.Helper()
	pair, _, err := store.Get("k", &api.QueryOptions{RequireConsistent: true})
	if err != nil {
		t.Fatal(err)
	}
	if pair == nil {
		return ""
	}
	return string(pair.Value)
}

func TestRestartKeepsDataUnlessLost(t *testing.T) {
	a := start(t, consulagent.Options{})
	addr := a.Addr()
	store := kv(t, a, "")
	put(t, store)
	for name, step := range map[string]func() error{
		"killed":  a.Kill,
		"stopped": func() error { return a.Stop(t.Context()) },
		"frozen and killed": func() error {
			return errors.Join(a.Freeze(), a.Kill())
		},
	} {
		if err := errors.Join(step(), a.Restart(t.Context())); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := get(t, store); got != "v" || a.Addr() != addr {
			t.Errorf("%s: %q came back on %s, want v on %s", name, got, a.Addr(), addr)
		}
	}
	if err := a.RestartEmpty(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, store); got != "" {
		t.Errorf("the lost data came back: %q", got)
	}
	put(t, store)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Close left %s: %v", a.Dir(), err)
	}
}

func TestAccessControlAndTLS(t *testing.T) {
	a := start(t, consulagent.Options{ACL: true, TLS: true})
	put(t, kv(t, a, a.Token()))
	if _, err := kv(t, a, "").Put(&api.KVPair{Key: "k"}, nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a write without a token: %v", err)
	}
	client, err := api.NewClient(&api.Config{
		Address: a.HTTPSAddr(), Scheme: "https", Token: a.Token(),
		TLSConfig: api.TLSConfig{CAFile: a.CAFile()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, client.KV()); got != "v" {
		t.Errorf("over TLS: %q", got)
	}
	conn, err := tls.Dial("tcp", a.HTTPSAddr(), &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"})
	if err == nil {
		t.Error("the certificate is trusted without its authority")
		_ = conn.Close()
	}
}

func TestClusterSurvivesItsLeader(t *testing.T) {
	agents, err := consulagent.Cluster(t.Context(), 3, consulagent.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agents {
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	leader, err := agents[0].Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var led, other *consulagent.Agent
	for _, a := range agents {
		if a.ServerAddr() == leader {
			led = a
		} else {
			other = a
		}
	}
	if led == nil {
		t.Fatalf("the leader %s is none of the cluster's", leader)
	}
	put(t, kv(t, other, ""))
	if err := led.Kill(); err != nil {
		t.Fatal(err)
	}
	for leader == led.ServerAddr() || leader == "" {
		if leader, err = other.Leader(t.Context()); err != nil {
			leader = ""
		}
	}
	if err := led.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, kv(t, led, "")); got != "v" {
		t.Errorf("after the change of leader: %q", got)
	}
}

func TestFailedStartSaysWhy(t *testing.T) {
	_, err := consulagent.Start(t.Context(), consulagent.Options{ExtraHCL: "no_such_setting = 1"})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the error does not show the agent's log: %v", err)
	}
}

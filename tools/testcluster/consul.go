package testcluster

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/proc"
)

func (s *set) startConsul() (*consulagent.Agent, error) {
	ctx, cancel, log := startContext()
	defer cancel()
	agent, err := consulagent.Start(ctx, consulagent.Options{
		Log: log,
		// Tests hold many connections and want their sessions to end soon.
		ExtraHCL: "session_ttl_min = \"1s\"\nlimits { http_max_conns_per_client = 5000 }\n",
	})
	if err != nil {
		return nil, err
	}
	s.onClose(agent.Close)
	return agent, nil
}

// ConsulKV is a test's own part of the shared agent's key-value store.
type ConsulKV struct {
	// Address is HOST:PORT of the agent's HTTP API.
	Address string
	// Prefix starts the keys that are the test's own; it has no slash at
	// either end.
	Prefix string
	// Agent is the shared agent.
	Agent *consulagent.Agent
}

// URL is the address and the prefix as Berth's --store takes them.
func (c ConsulKV) URL() string { return "consul://" + c.Address + "/" + c.Prefix }

// Consul gives a test its own prefix on the shared agent; the keys below it
// are removed when the test has ended.
func Consul(t testing.TB) ConsulKV {
	t.Helper()
	s := current(t)
	if !s.opts.Consul {
		t.Fatal("there is no shared Consul agent: TestMain did not ask for one")
	}
	agent, err := s.consul()
	if err != nil {
		t.Fatalf("start the shared Consul agent: %v", err)
	}
	kv := ConsulKV{
		Address: agent.Addr(),
		Prefix:  "test/" + strings.ToLower(rand.Text()[:12]),
		Agent:   agent,
	}
	t.Cleanup(func() {
		if err := kv.clear(); err != nil {
			t.Errorf("remove the test's keys from Consul: %v", err)
		}
	})
	return kv
}

// clear deletes what is below the prefix.
func (c ConsulKV) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+c.Address+"/v1/kv/"+c.Prefix+"?recurse", nil)
	if err != nil {
		return err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// OwnConsul starts an agent for this test alone, which may do to it what it
// likes. It is gone after the test; if the test fails, the end of the agent's
// log is shown.
func OwnConsul(t testing.TB, opts consulagent.Options) *consulagent.Agent {
	t.Helper()
	return ownConsul(t, 1, opts)[0]
}

// OwnConsulCluster is OwnConsul with n servers that elect a leader.
func OwnConsulCluster(t testing.TB, n int, opts consulagent.Options) []*consulagent.Agent {
	t.Helper()
	return ownConsul(t, n, opts)
}

func ownConsul(t testing.TB, n int, opts consulagent.Options) []*consulagent.Agent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	agents, err := consulagent.Cluster(ctx, n, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agents {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the end of the log of the Consul agent on %s:\n%s", a.Addr(), proc.Tail(a.LogFile(), 10))
			}
			if err := a.Close(); err != nil {
				t.Errorf("close the test's own Consul agent: %v", err)
			}
		})
	}
	return agents
}

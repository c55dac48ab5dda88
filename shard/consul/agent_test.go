package consul_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/tools/consulagent"
	"github.com/berthdb/berth/tools/testcluster"
)

// One watch and one registration live through all that can befall an agent.
func TestAgentFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reg, err := w.store.Register(ctx(t), state("r1"))
	if err != nil {
		t.Fatal(err)
	}
	back := func() {
		t.Helper()
		w.sees()
		eventually(t, "the router is listed and held again", func() bool { return reg.Held() && listed(t, w.store, "r1") })
		w.advance()
		w.sees()
	}

	t.Log("killed, and started again with its data")
	if err := w.agent.Kill(); err != nil {
		t.Fatal(err)
	}
	w.fails("connection refused", "see whether the agent runs", w.agent.Addr(), "key berth/map")
	if err := w.agent.Restart(ctx(t)); err != nil {
		t.Fatal(err)
	}
	back()

	t.Log("it hangs")
	if err := w.agent.Freeze(); err != nil {
		t.Fatal(err)
	}
	w.fails("no answer within", "hangs")
	eventually(t, "the registration may be lost", func() bool { return !reg.Held() })
	if err := w.agent.Thaw(); err != nil {
		t.Fatal(err)
	}
	back()

	t.Log("restored from a backup of an older epoch, then put right")
	snapshot, _, err := client(t, w.agent.Addr(), "").Snapshot().Save(nil)
	if err != nil {
		t.Fatal(err)
	}
	backup, err := io.ReadAll(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	w.advance()
	w.advance()
	w.sees()
	if err := client(t, w.agent.Addr(), "").Snapshot().Restore(nil, bytes.NewReader(backup)); err != nil {
		t.Fatal(err)
	}
	w.fails(shard.ErrWentBack.Error(), "put the newest map back")
	raw, err := w.last.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, w.agent.Addr(), prefix, raw); err != nil {
		t.Fatal(err)
	}
	back()

	t.Log("started again with its data lost, and the map put back")
	if err := w.agent.RestartEmpty(ctx(t)); err != nil {
		t.Fatal(err)
	}
	w.fails(shard.ErrNoMap.Error())
	if err := w.store.Swap(ctx(t), nil, w.last); err != nil {
		t.Fatal(err)
	}
	back()
	if err := reg.Close(); err != nil {
		t.Error(err)
	}
}

// The leader dies; a watch, a registration and swaps through a follower go on.
func TestLeaderChange(t *testing.T) {
	t.Parallel()
	agents := testcluster.OwnConsulCluster(t, 3, consulagent.Options{})
	leader, err := agents[0].Leader(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	var dying, follower *consulagent.Agent
	for _, a := range agents {
		if a.ServerAddr() == leader {
			dying = a
		} else {
			follower = a
		}
	}
	if dying == nil || follower == nil {
		t.Fatalf("no server is the leader %s", leader)
	}
	w := &world{t: t, agent: follower, store: open(t, consul.Config{Address: follower.Addr()})}
	w.begin()
	reg, err := w.store.Register(ctx(t), state("r1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := dying.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.advance()
	}
	w.sees()
	epochs, err := w.store.History(ctx(t))
	if err != nil || len(epochs) != 6 {
		t.Errorf("history: %d, %v", epochs, err)
	}
	eventually(t, "the router is listed and held", func() bool { return reg.Held() && listed(t, w.store, "r1") })
}

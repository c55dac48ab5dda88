package consul_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/testcluster"
)

// A deposed leader may answer a blocking query with an old map under its old
// index. Here such an answer, recorded earlier, comes in place of the new one.
func TestOldAnswerIsAskedAgain(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	g := newGateway(t, kv.Address)
	var old atomic.Pointer[httptest.ResponseRecorder] // to be given to the next blocking query
	var given atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answer := httptest.NewRecorder()
		g.agent.ServeHTTP(answer, req)
		if saved := old.Load(); saved != nil && req.URL.Query().Has("index") && !given.Swap(true) {
			answer = saved
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(front.Close)

	direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
	m := storetest.First(t, "c1")
	if err := direct.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	saved := httptest.NewRecorder()
	g.agent.ServeHTTP(saved, httptest.NewRequest(http.MethodGet, "/v1/kv/"+kv.Prefix+"/map", nil))
	second := storetest.Next(t, m, "x")
	if err := direct.Swap(ctx(t), m, second); err != nil {
		t.Fatal(err)
	}

	tape := storetest.Watch(t, open(t, consul.Config{Address: front.URL, Prefix: kv.Prefix}))
	_, i := tape.Epoch(0, 2)
	old.Store(saved)
	third := storetest.Next(t, second, "y")
	if err := direct.Swap(ctx(t), second, third); err != nil {
		t.Fatal(err)
	}
	tape.Wait(i+1, "the newest map", func(e shard.Event) bool { return e.Map != nil && e.Map.Epoch() == 3 && given.Load() })
	for _, e := range tape.Events(0) {
		if e.Err != nil {
			t.Errorf("the old answer was believed: %v", e.Err)
		}
	}
}

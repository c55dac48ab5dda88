package consul_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/tools/testcluster"
)

// The answer to a record's writing, making or deleting is lost. Whatever is
// said of it must be true, also when the request arrives after that.
func TestLostAnswerOfARecord(t *testing.T) {
	t.Parallel()
	overtake := func(direct *consul.Store, value string) {
		now, err := direct.Record(t.Context(), "jobs", "1")
		if err == nil {
			now.Value = []byte(value)
			_, err = direct.PutRecord(t.Context(), now)
		}
		if err != nil {
			panic(err)
		}
	}
	const put, create, remove = "put", "create", "delete"
	for _, test := range []struct {
		name string
		do   string
		lose func(*gateway, *consul.Store) func(http.ResponseWriter, *http.Request)
		want error  // errors.Is
		text string // in the error
		end  string // the value at the end; "-" for none
	}{
		{"put: done", put, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.carryOut }, nil, "", "new"},
		{"create: done", create, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.carryOut }, nil, "", "new"},
		{"delete: done", remove, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.carryOut }, nil, "", "-"},
		{"put: under way", put, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.keepBack }, nil, "the change was not made", "old"},
		{"delete: under way", remove, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.keepBack }, nil, "the change was not made", "old"},
		{"create: under way", create, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) { return g.keepBack }, shard.ErrUnknownOutcome, "", "new"},
		{"put: overtaken by the same value", put, func(g *gateway, direct *consul.Store) func(http.ResponseWriter, *http.Request) {
			return func(w http.ResponseWriter, req *http.Request) {
				overtake(direct, "new")
				g.keepBack(w, req)
			}
		}, shard.ErrUnknownOutcome, "", "new"},
		{"put: done, and others went on from it", put, func(g *gateway, direct *consul.Store) func(http.ResponseWriter, *http.Request) {
			return func(w http.ResponseWriter, req *http.Request) {
				g.carryOut(w, req)
				overtake(direct, "later")
			}
		}, shard.ErrUnknownOutcome, "", "later"},
		{"put: done, and then nothing answers", put, func(g *gateway, _ *consul.Store) func(http.ResponseWriter, *http.Request) {
			return func(w http.ResponseWriter, req *http.Request) {
				g.carryOut(w, req)
				g.mu.Lock()
				defer g.mu.Unlock()
				g.down = true
			}
		}, shard.ErrUnknownOutcome, "", "new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kv := testcluster.Consul(t)
			direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
			g := newGateway(t, kv.Address)
			s := open(t, consul.Config{Address: g.addr(), Prefix: kv.Prefix})
			r := shard.Record{Kind: "jobs", Name: "1", Value: []byte("old")}
			var err error
			if test.do != create {
				if r, err = s.PutRecord(ctx(t), r); err != nil {
					t.Fatal(err)
				}
			}
			g.next(test.lose(g, direct))
			if test.do == remove {
				err = s.DeleteRecord(ctx(t), r)
			} else {
				r.Value = []byte("new")
				r, err = s.PutRecord(ctx(t), r)
			}
			g.losing.Wait()
			if g.took > 4*time.Second {
				t.Skipf("this machine is too busy to lose an answer in time: it took %s, and the store waits for 5 s", g.took)
			}
			switch {
			case test.want == nil && test.text == "" && err != nil:
				t.Errorf("%s: %v", test.do, err)
			case test.want != nil && !errors.Is(err, test.want):
				t.Errorf("%s: %v, want %v", test.do, err, test.want)
			case test.text != "" && (err == nil || !strings.Contains(err.Error(), test.text) || errors.Is(err, shard.ErrUnknownOutcome)):
				t.Errorf("%s: %v, want %q", test.do, err, test.text)
			}
			if g.saved != nil { // it arrives now
				g.agent.ServeHTTP(httptest.NewRecorder(), g.saved)
			}
			now, loadErr := direct.Record(ctx(t), "jobs", "1")
			switch {
			case test.end == "-":
				if !errors.Is(loadErr, shard.ErrNoRecord) {
					t.Errorf("at the end there is %+v, %v", now, loadErr)
				}
			case loadErr != nil || string(now.Value) != test.end:
				t.Errorf("at the end there is %q, want %q: %v", now.Value, test.end, loadErr)
			case err == nil && now.Version != r.Version:
				t.Errorf("version %d was returned, %d is stored", r.Version, now.Version)
			}
		})
	}
}

package consul_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/storetest"
	"github.com/berthdb/berth/tools/testcluster"
)

func shortly() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Second)
}

// gateway stands before the agent and loses the answer to the next write of
// the map.
type gateway struct {
	*httptest.Server
	agent *httputil.ReverseProxy

	mu    sync.Mutex
	lose  func(http.ResponseWriter, *http.Request) // for the next such write
	down  bool                                     // everything is cut off
	saved *http.Request                            // a write kept back

	losing sync.WaitGroup // answers that are being lost: Swap may give up before
	took   time.Duration  // how long losing one took
}

func newGateway(t testing.TB, address string) *gateway {
	g := &gateway{agent: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) addr() string { return strings.TrimPrefix(g.URL, "http://") }

func (g *gateway) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	g.mu.Lock()
	down, lose := g.down, g.lose
	write := req.Method == http.MethodPut && (req.URL.Path == "/v1/txn" || req.URL.Query().Has("cas"))
	if write {
		g.lose = nil
		g.losing.Add(1)
		defer g.losing.Done()
	}
	g.mu.Unlock()
	switch {
	case down:
		panic(http.ErrAbortHandler) // the connection is closed without an answer
	case write && lose != nil:
		at := time.Now()
		defer func() { g.took = time.Since(at) }() // read after losing.Wait
		lose(w, req)
		panic(http.ErrAbortHandler)
	}
	g.agent.ServeHTTP(w, req)
}

func (g *gateway) next(lose func(http.ResponseWriter, *http.Request)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lose = lose
}

// carryOut has the agent make the change; its answer goes nowhere.
func (g *gateway) carryOut(_ http.ResponseWriter, req *http.Request) {
	g.agent.ServeHTTP(httptest.NewRecorder(), req)
}

// keepBack keeps the write, to be carried out later.
func (g *gateway) keepBack(_ http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(err)
	}
	saved := req.Clone(context.Background())
	saved.Body = io.NopCloser(bytes.NewReader(body))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.saved = saved
}

func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		lose func(*gateway, *consul.Store, *shard.Map) func(http.ResponseWriter, *http.Request)
		want error  // errors.Is
		text string // in the error
		made bool   // the change is in the store at the end
	}{
		{
			name: "made",
			lose: func(g *gateway, _ *consul.Store, _ *shard.Map) func(http.ResponseWriter, *http.Request) {
				return g.carryOut
			},
			made: true,
		},
		{
			name: "made, and others went on from it",
			lose: func(g *gateway, direct *consul.Store, next *shard.Map) func(http.ResponseWriter, *http.Request) {
				return func(w http.ResponseWriter, req *http.Request) {
					g.carryOut(w, req)
					later, err := storetest.NextMap(next, "later")
					if err == nil {
						err = direct.Swap(context.Background(), next, later)
					}
					if err != nil {
						panic(err)
					}
				}
			},
		},
		{
			name: "under way",
			lose: func(g *gateway, _ *consul.Store, _ *shard.Map) func(http.ResponseWriter, *http.Request) {
				return g.keepBack
			},
			text: "the change was not made, try again",
		},
		{
			name: "overtaken",
			lose: func(g *gateway, direct *consul.Store, _ *shard.Map) func(http.ResponseWriter, *http.Request) {
				return func(w http.ResponseWriter, req *http.Request) {
					old, err := direct.Load(context.Background())
					if err != nil {
						panic(err)
					}
					other, err := storetest.NextMap(old, "overtaker")
					if err == nil {
						err = direct.Swap(context.Background(), old, other)
					}
					if err != nil {
						panic(err)
					}
					g.keepBack(w, req)
				}
			},
			want: shard.ErrConflict,
		},
		{
			name: "made, and then nothing answers",
			lose: func(g *gateway, _ *consul.Store, _ *shard.Map) func(http.ResponseWriter, *http.Request) {
				return func(w http.ResponseWriter, req *http.Request) {
					g.carryOut(w, req)
					g.mu.Lock()
					defer g.mu.Unlock()
					g.down = true
				}
			},
			want: shard.ErrUnknownOutcome,
			made: true,
		},
	} {
		for _, pins := range []int{0, 6_500} { // in one transaction, and in two writes
			t.Run(test.name, func(t *testing.T) {
				kv := testcluster.Consul(t)
				direct := open(t, consul.Config{Address: kv.Address, Prefix: kv.Prefix})
				g := newGateway(t, kv.Address)
				s := open(t, consul.Config{Address: g.addr(), Prefix: kv.Prefix})
				old := storetest.Pinned(t, "c1", pins)
				if err := s.Swap(ctx(t), nil, old); err != nil {
					t.Fatal(err)
				}
				next := storetest.Next(t, old, "x")
				g.next(test.lose(g, direct, next))
				err := s.Swap(ctx(t), old, next)
				g.losing.Wait()
				if g.took > 4*time.Second {
					t.Skipf("this machine is too busy to lose an answer in time: it took %s, and Swap waits for 5 s", g.took)
				}
				switch {
				case test.want == nil && test.text == "" && err != nil:
					t.Errorf("Swap: %v", err)
				case test.want != nil && !errors.Is(err, test.want):
					t.Errorf("Swap: %v, want %v", err, test.want)
				case test.text != "" && (err == nil || !strings.Contains(err.Error(), test.text) || errors.Is(err, shard.ErrUnknownOutcome)):
					t.Errorf("Swap: %v, want %q", err, test.text)
				}

				// What was kept back arrives now, and must change nothing.
				before, loadErr := direct.Load(ctx(t))
				if loadErr != nil {
					t.Fatal(loadErr)
				}
				if g.saved != nil {
					g.agent.ServeHTTP(httptest.NewRecorder(), g.saved)
				}
				after, loadErr := direct.Load(ctx(t))
				if loadErr != nil || after.Digest() != before.Digest() {
					t.Errorf("a change that was reported as not made was made: %v", loadErr)
				}
				if made := after.Digest() == next.Digest(); test.made && !made {
					t.Errorf("the change is not in the store but epoch %d", after.Epoch())
				}
			})
		}
	}
}

// A change that no byte of can have been sent is not called unknown, and one
// whose caller's time is up is.
func TestOutcomeOfEarlyAndLateFailures(t *testing.T) {
	t.Parallel()
	kv := testcluster.Consul(t)
	g := newGateway(t, kv.Address)
	s := open(t, consul.Config{Address: g.addr(), Prefix: kv.Prefix})
	m := storetest.First(t, "c1")
	if err := s.Swap(ctx(t), nil, m); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithCancel(ctx(t))
	g.next(func(http.ResponseWriter, *http.Request) { cancel() })
	err := s.Swap(limited, m, storetest.Next(t, m, "x"))
	if !errors.Is(err, shard.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("Swap cancelled under way: %v", err)
	}
	g.Close()
	err = s.Swap(ctx(t), m, storetest.Next(t, m, "x"))
	if err == nil || errors.Is(err, shard.ErrUnknownOutcome) {
		t.Errorf("Swap without a connection: %v", err)
	}
}

package scope_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

func TestParseRemembers(t *testing.T) {
	p := newParser(t)
	const sql = "SELECT * FROM contacts WHERE member_id = ?"
	first, err := p.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Parse(strings.Clone(sql))
	if err != nil || again != first {
		t.Errorf("the same text was parsed again: %v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	for name, cfg := range map[string]scope.Config{
		"by number": {CacheStatements: 64},
		"by bytes":  {CacheBytes: 1 << 20},
	} {
		p, err := scope.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5000 {
			if _, err := p.Parse(fmt.Sprintf("SELECT id FROM contacts WHERE member_id = %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		n, bytes := p.CacheSize()
		if n == 0 || cfg.CacheStatements > 0 && n > cfg.CacheStatements || cfg.CacheBytes > 0 && bytes > cfg.CacheBytes {
			t.Errorf("%s: %d statements and %d bytes are kept under %+v", name, n, bytes, cfg)
		}
	}
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	p, err := scope.New(scope.Config{CacheStatements: 64})
	if err != nil {
		t.Fatal(err)
	}
	const used = "SELECT * FROM contacts WHERE member_id = ?"
	first, err := p.Parse(used)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if _, err := p.Parse(fmt.Sprintf("SELECT %d", i)); err != nil {
			t.Fatal(err)
		}
		if s, err := p.Parse(used); err != nil || s != first {
			t.Fatalf("after %d other statements the one in use was dropped (%v)", i, err)
		}
	}
}

func TestCacheLetsBulkInsertsPass(t *testing.T) {
	p := newParser(t)
	bulk := "INSERT INTO contacts (member_id, id) VALUES (42, 1)" + strings.Repeat(", (42, 2)", 50_000)
	if got, err := member(p, catalogue(t, shard.Integer), bulk); err != nil || got != shard.Int(42) {
		t.Fatalf("%q, %v", got, err)
	}
	if n, _ := p.CacheSize(); n != 0 {
		t.Error("a statement of half a megabyte is kept")
	}
}

func TestConcurrentUse(t *testing.T) {
	p, err := scope.New(scope.Config{CacheStatements: 32})
	if err != nil {
		t.Fatal(err)
	}
	catalogues := []*scope.Catalogue{catalogue(t, shard.Integer), catalogue(t, shard.Integer)}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				sql := fmt.Sprintf("SELECT %d FROM contacts WHERE member_id = ?", i%100)
				if got, err := member(p, catalogues[(i+worker)%2], sql, worker); err != nil || got != shard.Int(int64(worker)) {
					t.Errorf("%s: %q, %v", sql, got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, cfg := range []scope.Config{{CacheStatements: -1}, {CacheBytes: -1}} {
		if _, err := scope.New(cfg); err == nil {
			t.Errorf("%+v is accepted", cfg)
		}
	}
}

package driver_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/router/driver"
	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testfleet"
)

// A program may start before its store has a map: what failed to open is
// opened by the next statement, once for all who ask together.
func TestOpenFailsAndIsTriedAgain(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	dir := t.TempDir()
	db := open(t, "file://"+dir+"?cache_dir=off&user="+f.Shards[0].User+"&password="+f.Shards[0].Password)
	if err := db.PingContext(t.Context()); !errors.Is(err, shard.ErrNoMap) {
		t.Fatalf("with a store that has no map: %v", err)
	}
	store, err := (&configs.Config{Store: "file://" + dir}).OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Swap(t.Context(), nil, f.Map()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := db.PingContext(t.Context()); err != nil {
				t.Errorf("with a map: %v", err)
			}
		})
	}
	wg.Wait()
	routers, err := store.Routers(t.Context())
	if err != nil || len(routers) > 1 {
		t.Errorf("%d routers were opened, %v", len(routers), err)
	}
}

func TestCloseEndsTheRouter(t *testing.T) {
	f := testfleet.New(t, testfleet.Options{})
	name := "file://" + f.Dir + "?cache_dir=off&user=" + f.Shards[0].User + "&password=" + f.Shards[0].Password
	connector, err := driver.Driver{}.OpenConnector(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connector.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, name).PingContext(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if err := connector.(interface{ Close() error }).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := connector.Connect(t.Context()); !errors.Is(err, router.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if routers, err := f.Store.Routers(t.Context()); err != nil || len(routers) != 0 {
		t.Errorf("after Close the store lists %v, %v", routers, err)
	}
}

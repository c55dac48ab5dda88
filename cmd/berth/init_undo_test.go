package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/instance"
)

// TestInitTakesBack has the store fail at the last step: nothing of the init
// may be left on the servers, and the same command has to do once the store is
// well.
func TestInitTakesBack(t *testing.T) {
	p := newPlace(t, "", 2)
	obstacle := filepath.Join(p.dir, "store", ".next") // where the store writes first
	if err := os.MkdirAll(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	init := append([]string{"init"}, p.shards...)
	status, _, errs := p.berth(t.Context(), init...)
	if status != 1 || !strings.Contains(errs, "berth: store the shard map") {
		t.Fatalf("init gave the exit status %d: %s", status, errs)
	}
	for name, db := range p.dbs {
		admin := p.admin(name, db)
		if id, err := instance.ReadIdentity(t.Context(), admin); err == nil {
			t.Errorf("the server of shard %s still has the identity %+v", name, id)
		}
		tables, err := instance.Catalogue(t.Context(), admin, db.Database)
		if err != nil || len(tables) > 0 {
			t.Errorf("the server of shard %s still has %d tables (%v)", name, len(tables), err)
		}
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	p.must(init...)
	p.identitiesAre(p.current())
}

// TestInitGoesOn finds what an init left that was killed between the servers
// and the map, and makes the map with it.
func TestInitGoesOn(t *testing.T) {
	p := newPlace(t, "", 2)
	left := instance.Identity{Cluster: "left-behind", Shard: "s1", CreatedBy: "ann@host, for file://" + filepath.Join(p.dir, "store")}
	if err := instance.Identify(t.Context(), p.admin("s1", p.dbs["s1"]), left); err != nil {
		t.Fatal(err)
	}
	p.must(append([]string{"init"}, p.shards...)...)
	m := p.current()
	if m.Cluster() != "left-behind" {
		t.Errorf("the map is of cluster %s, and the first server of cluster left-behind", m.Cluster())
	}
	p.identitiesAre(m)
}

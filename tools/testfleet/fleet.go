// Package testfleet gives tests a cluster that is ready to be routed to: shards
// on real MySQL servers, each with its identity and tables, and a store with
// the map that names them.
//
//	f := testfleet.New(t, testfleet.Options{Shards: 2})
//	r, err := router.Open(ctx, router.Config{Store: f.Store, Instance: f.Instance})
//
// The shards are databases of the shared servers of tools/testcluster, which
// the test's package has to have started. The caveat of that: two shards may
// be on one server.
package testfleet

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/file"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/mysqld"
	"github.com/berthdb/berth/tools/testcluster"
)

// Options says what the cluster is like.
type Options struct {
	Shards  int // how many, named s1, s2, …; 0 means 2
	Servers int // shared servers they are dealt to in turn; 0 means 1
	// On are the test's own servers (testcluster.OwnMySQL) to deal the shards
	// to, instead of the shared ones.
	On      []*mysqld.Server
	Store   shard.Store // where the map goes; nil means a file store in a temporary directory
	Members shard.Members
	// Schema is run on every shard; nil means Contacts. Tables is what the map
	// says of the tables; nil means the one table of Contacts.
	Schema []string
	Tables []shard.Table
}

// Contacts is the table that a fleet has by default.
const Contacts = "CREATE TABLE contacts (" +
	" member_id BIGINT NOT NULL, id BIGINT NOT NULL, name VARCHAR(100) NOT NULL DEFAULT ''," +
	" PRIMARY KEY (member_id, id))"

// Fleet is the cluster.
type Fleet struct {
	Store    shard.Store
	Dir      string           // of the file store, when Store is one of its own
	Instance instance.Config  // how an application connects
	Shards   []testcluster.DB // by the place of the shard: s1 is 0
	Admin    []*sql.DB        // an administrator's way to each, past all routing
	Cluster  string           // the map's cluster id
	t        testing.TB
}

// New makes the cluster, which is gone when the test ends.
func New(t testing.TB, opts Options) *Fleet {
	t.Helper()
	if opts.Shards == 0 {
		opts.Shards = 2
	}
	if opts.Servers == 0 {
		opts.Servers = 1
	}
	if opts.Members == (shard.Members{}) {
		opts.Members = shard.Members{Type: shard.Integer, Column: "member_id"}
	}
	if opts.Schema == nil {
		opts.Schema = []string{Contacts}
		if opts.Tables == nil {
			opts.Tables = []shard.Table{{Name: "contacts", Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true}}
		}
	}
	f := &Fleet{t: t, Store: opts.Store, Cluster: uuid.NewString()}
	if f.Store == nil {
		f.Dir = t.TempDir()
		store, err := file.Open(file.Config{Dir: f.Dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Errorf("close the fleet's store: %v", err)
			}
		})
		f.Store = store
	}
	doc := shard.Document{
		Format: shard.Format, Cluster: f.Cluster, Epoch: 1, Members: opts.Members, Tables: opts.Tables,
		Change: f.Change("init"),
	}
	for i, r := range shard.Deal(opts.Shards) {
		var db testcluster.DB
		if len(opts.On) > 0 {
			db = f.own(opts.On[i%len(opts.On)], i)
		} else {
			db = testcluster.Database(t, i%opts.Servers)
		}
		s := f.addShard(i, db, opts.Schema)
		doc.Shards = append(doc.Shards, s)
		doc.Ranges = append(doc.Ranges, shard.Entry{Span: shard.Span{Range: r}, Shard: s.Name})
	}
	m, err := shard.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Store.Swap(t.Context(), nil, m); err != nil {
		t.Fatal(err)
	}
	return f
}

// own makes the database of a shard on a server of the test's own.
func (f *Fleet) own(s *mysqld.Server, i int) testcluster.DB {
	f.t.Helper()
	db := testcluster.DB{
		Host: s.Host(), Port: s.Port(), Database: fmt.Sprintf("shard%d", i+1), Server: s,
		User: s.App().User, Password: s.App().Password, AdminUser: s.Root().User, AdminPassword: s.Root().Password,
	}
	root, err := sql.Open("mysql", s.DSN(s.Root(), ""))
	if err != nil {
		f.t.Fatal(err)
	}
	defer root.Close()
	if _, err := root.ExecContext(f.t.Context(), "CREATE DATABASE `"+db.Database+"`"); err != nil {
		f.t.Fatal(err)
	}
	return db
}

func (f *Fleet) addShard(i int, db testcluster.DB, schema []string) shard.Shard {
	f.t.Helper()
	admin := db.OpenAdmin(f.t)
	name := fmt.Sprintf("s%d", i+1)
	for _, statement := range schema {
		if _, err := admin.ExecContext(f.t.Context(), statement); err != nil {
			f.t.Fatalf("make the tables of shard %s: %v", name, err)
		}
	}
	id := instance.Identity{Cluster: f.Cluster, Shard: name, CreatedBy: "test"}
	if err := instance.Identify(f.t.Context(), admin, id); err != nil {
		f.t.Fatal(err)
	}
	var uuid string
	if err := admin.QueryRowContext(f.t.Context(), "SELECT @@server_uuid").Scan(&uuid); err != nil {
		f.t.Fatal(err)
	}
	f.Shards, f.Admin = append(f.Shards, db), append(f.Admin, admin)
	f.Instance = instance.Config{User: db.User, Password: instance.Literal(db.Password)}
	shared := strings.HasPrefix(db.Database, "t_") // one of testcluster's
	f.t.Cleanup(func() {
		if !shared {
			return // it is gone with its server, which may be down already
		}
		// The identity row is keyed by the database's name, which is about to go.
		_, err := admin.Exec("DELETE FROM `_berth`.`identity` WHERE database_name = ?", db.Database)
		if err != nil {
			f.t.Errorf("forget shard %s: %v", name, err)
		}
	})
	return shard.Shard{Name: name, Database: db.Database, Primary: shard.Instance{Address: db.Addr(), UUID: uuid}}
}

// Change is who and why for a change that the test makes.
func (f *Fleet) Change(action string) shard.Change {
	return shard.Change{Author: "test", Time: time.Now(), Action: action}
}

// Map is the store's map.
func (f *Fleet) Map() *shard.Map {
	f.t.Helper()
	m, err := f.Store.Load(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

// Edit swaps the store's map for what fn makes of it.
func (f *Fleet) Edit(fn func(m *shard.Map) (*shard.Map, error)) *shard.Map {
	f.t.Helper()
	old := f.Map()
	next, err := fn(old)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.Store.Swap(f.t.Context(), old, next); err != nil {
		f.t.Fatal(err)
	}
	return next
}

// Home is the place in Shards of the member's shard.
func (f *Fleet) Home(id shard.Member) int {
	f.t.Helper()
	h, err := f.Map().Home(id)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range f.Shards {
		if h.Shard.Name == fmt.Sprintf("s%d", i+1) {
			return i
		}
	}
	f.t.Fatalf("member %s lives on shard %s, which is not of the fleet", id, h.Shard.Name)
	return 0
}

// MemberOn is a member, the n-th, whose home is the shard of that place.
func (f *Fleet) MemberOn(place, n int) shard.Member {
	f.t.Helper()
	m := f.Map()
	for id := int64(1); ; id++ {
		member := shard.Int(id)
		if m.Entry(m.Lookup(member)).Shard != fmt.Sprintf("s%d", place+1) {
			continue
		}
		if n == 0 {
			return member
		}
		n--
	}
}

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

// TestInitRace has several processes make the first map of one store at the
// same moment, on the same servers or each on its own. One wins; the others say
// who did, and leave nothing on servers that they had to themselves.
func TestInitRace(t *testing.T) {
	for _, store := range []string{"file", "consul"} {
		for _, servers := range []string{"same", "own"} {
			t.Run(store+" and "+servers+" servers", func(t *testing.T) {
				url := ""
				if store == "consul" {
					url = consulURL(t)
				}
				race(t, newPlace(t, url, 4), servers == "same")
			})
		}
	}
}

func race(t *testing.T, p *testPlace, same bool) {
	var runs []*exec.Cmd
	var said [2]bytes.Buffer
	for i := range said {
		pair := p.shards[:4]
		if !same && i == 1 {
			pair = p.shards[4:]
		}
		cmd := exec.Command("berth", append([]string{"--config", p.config, "--yes", "init", "--reason", fmt.Sprint(i)}, pair...)...)
		cmd.Stdout, cmd.Stderr = &said[i], &said[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, cmd)
	}
	winner, losers := -1, 0
	for i, cmd := range runs {
		if err := cmd.Wait(); err == nil {
			winner = i
			continue
		}
		losers++
		if text := said[i].String(); !strings.Contains(text, "has a map already: made by "+author()) {
			t.Errorf("the loser does not say who won: %s", text)
		}
	}
	if winner < 0 || losers != 1 {
		t.Fatalf("%d of 2 lost:\n%s\n%s", losers, said[0].String(), said[1].String())
	}
	m := p.current()
	if got := m.Change().Reason; got != fmt.Sprint(winner) {
		t.Errorf("process %d won and the map is that of process %s", winner, got)
	}
	p.identitiesAre(m)
}

// identitiesAre checks that the servers of the map have its identity, and
// nobody else has one.
func (p *testPlace) identitiesAre(m *shard.Map) {
	p.t.Helper()
	for name, db := range p.dbs {
		var n int
		query := "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '_berth'"
		if err := p.admin(name, db).QueryRowContext(p.t.Context(), query).Scan(&n); err != nil {
			p.t.Fatal(err)
		}
		if n > 0 {
			query = "SELECT COUNT(*) FROM _berth.identity WHERE database_name = DATABASE()"
			if err := p.admin(name, db).QueryRowContext(p.t.Context(), query).Scan(&n); err != nil {
				p.t.Fatal(err)
			}
		}
		if _, listed := m.Shard(name); listed != (n == 1) {
			p.t.Errorf("shard %s is in the map: %t, and its server has %d identities", name, listed, n)
		}
	}
}

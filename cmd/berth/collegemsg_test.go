package main

import (
	"bufio"
	"cmp"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/tools/testcluster"
)

// content is what one member has in one table: how many rows, and the sum of
// their checksums, which no order changes.
type content struct {
	Rows int
	Sum  uint64
}

func (c content) with(row string) content {
	h := fnv.New64a()
	h.Write([]byte(row)) // never fails
	return content{c.Rows + 1, c.Sum + h.Sum64()}
}

// TestImportCollegeMsg imports real messages of a real community, as the help
// of berth import shows, and then looks at the servers past all routing:
// everything is there once, and where the map says.
func TestImportCollegeMsg(t *testing.T) {
	file := collegeMsg(t)
	p := newPlace(t, consulURL(t), 3)
	p.must(append([]string{"init"}, p.shards...)...)
	p.must("sql", "--all", "CREATE TABLE messages (member_id BIGINT NOT NULL, id BIGINT NOT NULL, peer_id BIGINT NOT NULL, sent_at BIGINT NOT NULL, PRIMARY KEY (member_id, id))")
	p.must("sql", "--all", "CREATE TABLE conversations (member_id BIGINT NOT NULL, peer_id BIGINT NOT NULL, last_at BIGINT NOT NULL, PRIMARY KEY (member_id, peer_id))")
	p.must("table", "set", "messages", "--kind", "sharded")
	p.must("table", "set", "conversations", "--kind", "sharded")
	p.must("import", "--table", "messages", "--member-column", "src", "--map", "peer_id=dst,sent_at=time", "--line-column", "id", "--delimiter", "space", file)
	p.must("import", "--table", "conversations", "--member-column", "src", "--map", "peer_id=dst,last_at=time", "--delimiter", "space", file)
	p.must("import", "--table", "conversations", "--member-column", "dst", "--map", "peer_id=src,last_at=time", "--delimiter", "space", file)

	messages, conversations := expectedContent(t, file)
	compareContent(t, p, "messages", "SELECT member_id, CONCAT_WS(' ', id, peer_id, sent_at) FROM messages", messages)
	compareContent(t, p, "conversations", "SELECT member_id, CONCAT_WS(' ', peer_id, last_at) FROM conversations", conversations)
}

// collegeMsg is a copy of the data, which is no part of the project.
func collegeMsg(t *testing.T) string {
	path := cmp.Or(os.Getenv("BERTH_COLLEGEMSG"), filepath.Join("..", "..", "..", "shared", "data", "collegemsg", "CollegeMsg.txt"))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the CollegeMsg data is not here; set BERTH_COLLEGEMSG to its CollegeMsg.txt (%v)", err)
	}
	file := filepath.Join(t.TempDir(), "CollegeMsg.txt")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// expectedContent reads the file in its own way.
func expectedContent(t *testing.T, file string) (messages, conversations map[string]content) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages, conversations = map[string]content{}, map[string]content{}
	sent, received := map[[2]string]string{}, map[[2]string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			continue
		}
		w := strings.Fields(lines.Text())
		messages[w[0]] = messages[w[0]].with(strings.Join([]string{strconv.Itoa(n), w[1], w[2]}, " "))
		sent[[2]string{w[0], w[1]}], received[[2]string{w[1], w[0]}] = w[2], w[2]
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for pair, at := range received { // the import that came last
		sent[pair] = at
	}
	for pair, at := range sent {
		conversations[pair[0]] = conversations[pair[0]].with(pair[1] + " " + at)
	}
	return messages, conversations
}

func compareContent(t *testing.T, p *testPlace, table, query string, want map[string]content) {
	t.Helper()
	m := p.current()
	found := map[string]content{}
	used := map[string]int{}
	for name, db := range p.dbs {
		for member, c := range contentOn(t, db, query) {
			id, err := shard.ParseMember(member)
			if err != nil {
				t.Fatal(err)
			}
			home, err := m.Home(id)
			if err != nil {
				t.Fatal(err)
			}
			if home.Shard.Name != name {
				t.Errorf("%s: member %s has %d rows on shard %s and lives on %s", table, member, c.Rows, name, home.Shard.Name)
			}
			found[member] = c // on one shard only, as just checked
			used[name] += c.Rows
		}
	}
	if diff := gocmp.Diff(want, found); diff != "" {
		t.Errorf("%s: the file (-) and the shards (+) differ:\n%s", table, diff)
	}
	if len(used) != len(p.dbs) {
		t.Errorf("%s: only the shards %v have rows", table, used)
	}
	t.Logf("%s: %d members, rows by shard: %v", table, len(found), used)
}

func contentOn(t *testing.T, db testcluster.DB, query string) map[string]content {
	t.Helper()
	rows, err := db.OpenAdmin(t).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]content{}
	for rows.Next() {
		var member, row string
		if err := rows.Scan(&member, &row); err != nil {
			t.Fatal(err)
		}
		found[member] = found[member].with(row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

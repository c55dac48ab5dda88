package instance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// An unsharded database as they are found.
var community = []string{
	`CREATE TABLE members (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50), UNIQUE KEY by_name (name))`,
	`CREATE TABLE messages (member_id BIGINT NOT NULL, id BIGINT NOT NULL, body TEXT, PRIMARY KEY (member_id, id),
		CONSTRAINT author FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE)`,
	`CREATE TABLE attachments (Member_ID BIGINT NOT NULL, message BIGINT NOT NULL, n INT AUTO_INCREMENT, PRIMARY KEY (n),
		CONSTRAINT within FOREIGN KEY (Member_ID, message) REFERENCES messages (member_id, id))`,
	`CREATE TABLE replies (member_id BIGINT NOT NULL, id INT PRIMARY KEY, attachment INT,
		CONSTRAINT loose FOREIGN KEY (attachment) REFERENCES attachments (n))`,
	`CREATE TABLE countries (code CHAR(2) PRIMARY KEY)`,
	`CREATE TABLE visits (member_id BIGINT NOT NULL, country CHAR(2), at DATETIME, PRIMARY KEY (member_id, at),
		CONSTRAINT visited FOREIGN KEY (country) REFERENCES countries (code))`,
	`CREATE TABLE invoices (id INT PRIMARY KEY, member_id BIGINT)`,
	`CREATE TABLE log (member_id BIGINT NOT NULL, line TEXT)`,
	`CREATE TABLE old (member_id BIGINT NOT NULL PRIMARY KEY) ENGINE=MyISAM`,
	`CREATE TABLE scores (member_id DOUBLE NOT NULL PRIMARY KEY)`,
	`CREATE TABLE tokens (member_id VARCHAR(36) NOT NULL PRIMARY KEY)`,
	`CREATE TABLE keys_bin (member_id VARCHAR(36) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY)`,
	`CREATE TABLE computed (id BIGINT PRIMARY KEY, member_id BIGINT AS (id + 1) STORED NOT NULL)`,
	`CREATE TABLE settings (name VARCHAR(20) PRIMARY KEY, value TEXT)`,
	`CREATE TRIGGER noisy BEFORE INSERT ON messages FOR EACH ROW SET NEW.body = NEW.body`,
	`CREATE VIEW recent AS SELECT * FROM messages`,
}

func TestCatalogueAndClassify(t *testing.T) {
	p := newPlace(t)
	for _, statement := range community {
		run(t, p.admin, statement)
	}
	tables, err := instance.Catalogue(t.Context(), p.admin, p.database)
	if err != nil {
		t.Fatal(err)
	}
	memberType, proposals := instance.Classify(tables, instance.Classification{Shard: "a", MemberColumn: "member_id", Reference: []string{"countries"}})
	if memberType != shard.Integer {
		t.Errorf("the member type is %s", memberType)
	}
	// replies refers to attachments loosely, so it is not sharded, so it holds
	// the rows of attachments back, which hold those of messages, and so on.
	want := map[string]struct {
		kind     shard.TableKind
		column   string
		problems string // a word of each, in order
		warnings string
	}{
		"members":     {shard.Global, "", "author of messages", ""},
		"messages":    {shard.Global, "", "within of attachments", ""},
		"attachments": {shard.Global, "", "loose of replies", ""},
		"replies":     {shard.Global, "", "loose to attachments does not tie", ""},
		"countries":   {shard.Reference, "", "", ""},
		"visits":      {shard.Sharded, "member_id", "", ""},
		"invoices":    {shard.Global, "", "may be NULL", ""},
		"log":         {shard.Global, "", "no primary key", ""},
		"old":         {shard.Global, "", "MyISAM", ""},
		"scores":      {shard.Global, "", "is double", ""},
		"tokens":      {shard.Global, "", "binary collation", ""},
		"keys_bin":    {shard.Global, "", "of type integer", ""},
		"computed":    {shard.Global, "", "generated", ""},
		"settings":    {shard.Global, "", "", ""},
		"recent":      {"", "", "", ""},
	}
	if len(proposals) != len(want) {
		t.Errorf("%d proposals, want %d", len(proposals), len(want))
	}
	for _, got := range proposals {
		w := want[got.Info.Name]
		if got.Table.Kind != w.kind || got.Table.MemberColumn != w.column || got.Info.View != (w.kind == "") {
			t.Errorf("%s: %+v", got.Info.Name, got.Table)
		}
		compare(t, got.Info.Name+": problems", got.Problems, w.problems)
		compare(t, got.Info.Name+": warnings", got.Warnings, w.warnings)
	}

	// Without the loose one all of them can be.
	run(t, p.admin, "DROP TABLE replies")
	if tables, err = instance.Catalogue(t.Context(), p.admin, p.database); err != nil {
		t.Fatal(err)
	}
	_, proposals = instance.Classify(tables, instance.Classification{Shard: "a", MemberColumn: "member_id", Reference: []string{"countries"}})
	for _, got := range proposals {
		switch got.Info.Name {
		case "members":
			if got.Table.Kind != shard.Sharded || got.Table.MemberColumn != "id" {
				t.Errorf("members: %+v, %v", got.Table, got.Problems)
			}
			compare(t, "members: warnings", got.Warnings, "taken for the table of the members|by_name")
		case "messages":
			compare(t, "messages: warnings", got.Warnings, "author changes rows|trigger noisy")
		case "attachments":
			if got.Table.MemberColumn != "Member_ID" {
				t.Errorf("attachments: %+v, %v", got.Table, got.Problems)
			}
			compare(t, "attachments: warnings", got.Warnings, "AUTO_INCREMENT")
		}
	}
	// What is proposed is a catalogue that a map takes.
	doc := shard.Document{Format: shard.Format, Cluster: "c", Epoch: 1, Members: shard.Members{Type: memberType, Column: "member_id"},
		Shards: []shard.Shard{{Name: "a", Database: p.database, Primary: shard.Instance{Address: p.server.Addr()}}},
		Ranges: []shard.Entry{{Shard: "a"}}}
	for _, got := range proposals {
		if !got.Info.View {
			doc.Tables = append(doc.Tables, got.Table)
		}
	}
	if _, err := shard.New(doc); err != nil {
		t.Error(err)
	}
}

func compare(t *testing.T, what string, got []string, want string) {
	t.Helper()
	var words []string
	if want != "" {
		words = strings.Split(want, "|")
	}
	if len(got) != len(words) {
		t.Errorf("%s: %q, want %q", what, got, words)
		return
	}
	for i, w := range words {
		if !strings.Contains(got[i], w) {
			t.Errorf("%s: %q, want %q", what, got, words)
		}
	}
}

func TestClassifyMemberType(t *testing.T) {
	table := func(name, dataType, collation string) instance.TableInfo {
		return instance.TableInfo{Name: name, Engine: "InnoDB", PrimaryKey: []string{"m"},
			Columns: []instance.Column{{Name: "m", Type: dataType, DataType: dataType, Collation: collation}}}
	}
	number, text := table("number", "bigint", ""), table("text", "varchar", "utf8mb4_bin")
	text2, loose := table("text2", "char", "ascii_bin"), table("loose", "varchar", "utf8mb4_0900_ai_ci")
	for _, tt := range []struct {
		tables []instance.TableInfo
		fixed  shard.MemberType
		want   shard.MemberType
		kept   string // tables that are sharded
	}{
		{nil, "", shard.Integer, ""},
		{[]instance.TableInfo{number, text}, "", shard.Integer, "number"},
		{[]instance.TableInfo{number, text, text2, loose}, "", shard.String, "text text2"},
		{[]instance.TableInfo{number, text, text2}, shard.Integer, shard.Integer, "number"},
		{[]instance.TableInfo{loose}, shard.String, shard.String, ""},
	} {
		got, proposals := instance.Classify(tt.tables, instance.Classification{Shard: "a", MemberColumn: "M", MemberType: tt.fixed})
		var kept []string
		for _, p := range proposals {
			if p.Table.Kind == shard.Sharded {
				kept = append(kept, p.Table.Name)
			} else if len(p.Problems) == 0 {
				t.Errorf("%s is not sharded, and nothing says why", p.Info.Name)
			}
		}
		if got != tt.want || strings.Join(kept, " ") != tt.kept {
			t.Errorf("%v: type %s, sharded %v", tt, got, kept)
		}
	}
}

func TestClassifyOtherColumnNames(t *testing.T) {
	table := instance.TableInfo{Name: "visits", Engine: "InnoDB", PrimaryKey: []string{"Visitor"},
		Columns: []instance.Column{{Name: "Visitor", DataType: "int"}, {Name: "member_id", DataType: "int"}}}
	_, proposals := instance.Classify([]instance.TableInfo{table}, instance.Classification{Shard: "a", MemberColumn: "member_id",
		Columns: map[string]string{"visits": "visitor"}})
	if got := proposals[0].Table; got.Kind != shard.Sharded || got.MemberColumn != "Visitor" {
		t.Errorf("got %+v", got)
	}
}

// Whatever refers to whatever, in the end no sharded table is tied to one that
// is not, nor to another by anything but the member column.
func FuzzClassifyForeignKeys(f *testing.F) {
	f.Add([]byte{0x01, 0x12, 0x93, 0x30})
	f.Add([]byte{0x00, 0x11, 0x80, 0x88})
	f.Fuzz(func(t *testing.T, edges []byte) {
		tables := make([]instance.TableInfo, 6)
		for i := range tables {
			tables[i] = instance.TableInfo{Name: fmt.Sprint("t", i), Engine: "InnoDB", PrimaryKey: []string{"m", "id"},
				Columns: []instance.Column{{Name: "id", DataType: "int"}}}
			if i != 0 && i != 1 { // t0 is global, t1 a reference table
				tables[i].Columns = append(tables[i].Columns, instance.Column{Name: "m", DataType: "int"})
			}
		}
		for _, e := range edges { // from, to, and whether the member column is in it
			from, column := &tables[int(e>>4&7)%6], "m"
			if e>>7 == 1 {
				column = "id"
			}
			from.ForeignKeys = append(from.ForeignKeys, instance.ForeignKey{Name: fmt.Sprint(e), RefTable: fmt.Sprint("t", int(e&7)%6),
				Columns: []string{column}, RefColumns: []string{column}})
		}
		_, proposals := instance.Classify(tables, instance.Classification{Shard: "a", MemberColumn: "m", Reference: []string{"t1"}})
		kinds := map[string]shard.TableKind{}
		for _, p := range proposals {
			kinds[p.Table.Name] = p.Table.Kind
		}
		for _, p := range proposals {
			for _, k := range p.Info.ForeignKeys {
				from, to := kinds[p.Table.Name], kinds[k.RefTable]
				tied := slices.Contains(k.Columns, "m")
				if from == shard.Sharded && to != shard.Reference && (to != shard.Sharded || !tied) || from != shard.Sharded && to == shard.Sharded {
					t.Fatalf("%s (%s) refers to %s (%s) by %v", p.Table.Name, from, k.RefTable, to, k.Columns)
				}
			}
			if len(p.Problems) > 10 {
				t.Fatalf("%s is told %d times", p.Table.Name, len(p.Problems))
			}
		}
	})
}

package binlog_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move/binlog"
)

// formatEvent is a FORMAT_DESCRIPTION event as MySQL 8 and later have it.
func formatEvent(checksum byte) []byte {
	lengths := make([]byte, 42)
	lengths[19-1], lengths[30-1], lengths[31-1], lengths[32-1] = 8, 10, 10, 10
	body := binary.LittleEndian.AppendUint16(nil, 4)
	body = append(body, make([]byte, 50+4)...)
	body = append(body, 19)
	body = append(body, lengths...)
	body = append(body, checksum)
	b := event(15, body)
	binary.LittleEndian.PutUint32(b[9:], uint32(len(b)+4))
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func event(kind byte, body []byte) []byte {
	b := make([]byte, 19, 19+len(body))
	b[4] = kind
	binary.LittleEndian.PutUint32(b[9:], uint32(19+len(body)))
	return append(b, body...)
}

// tableMap is the body of a TABLE_MAP event.
func tableMap(types, meta, optional []byte) []byte {
	b := []byte{1, 0, 0, 0, 0, 0, 1, 0, 1, 'd', 0, 1, 't', 0, byte(len(types))}
	b = append(b, types...)
	b = append(append(b, byte(len(meta))), meta...)
	b = append(b, make([]byte, (len(types)+7)/8)...)
	return append(b, optional...)
}

// insertRows is the body of a WRITE_ROWS event of full images.
func insertRows(columns int, images ...[]byte) []byte {
	b := []byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, byte(columns)}
	b = append(b, bytes.Repeat([]byte{0xff}, (columns+7)/8)...)
	return append(b, slices.Concat(images...)...)
}

func parseTable(t testing.TB, body []byte) *binlog.Table {
	t.Helper()
	_, table, err := binlog.ParseTable(body)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestMember(t *testing.T) {
	signs := func(bits byte) []byte { return []byte{1, 1, bits} }
	collation := func(id byte) []byte { return []byte{2, 1, id} }
	for _, tt := range []struct {
		name           string
		typ            byte
		meta, optional []byte
		value          []byte
		unsigned       bool
		as             shard.MemberType
		want           string // empty: an error
	}{
		{"tinyint", 1, nil, signs(0), []byte{0x80}, true, shard.Integer, "-128"},
		{"tinyint unsigned", 1, nil, signs(0x80), []byte{0x80}, false, shard.Integer, "128"},
		{"smallint", 2, nil, signs(0), []byte{0xff, 0xff}, false, shard.Integer, "-1"},
		{"mediumint", 9, nil, signs(0), []byte{0, 0, 0x80}, false, shard.Integer, "-8388608"},
		{"mediumint unsigned", 9, nil, signs(0x80), []byte{0xff, 0xff, 0xff}, false, shard.Integer, "16777215"},
		{"int", 3, nil, signs(0), []byte{42, 0, 0, 0}, false, shard.Integer, "42"},
		{"bigint", 8, nil, signs(0), []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, false, shard.Integer, "-9223372036854775808"},
		{"bigint unsigned", 8, nil, signs(0x80), bytes.Repeat([]byte{0xff}, 8), false, shard.Integer, "18446744073709551615"},
		{"bigint, unsigned by the argument", 8, nil, nil, bytes.Repeat([]byte{0xff}, 8), true, shard.Integer, "18446744073709551615"},
		{"bigint, signed by the argument", 8, nil, nil, bytes.Repeat([]byte{0xff}, 8), false, shard.Integer, "-1"},
		{"varchar", 15, []byte{0xff, 0}, collation(46), []byte("\x03abc"), false, shard.String, "abc"},
		{"long varchar", 15, []byte{0, 1}, collation(45), []byte("\x03\x00abc"), false, shard.String, "abc"},
		{"varbinary", 15, []byte{16, 0}, collation(63), []byte("\x02\xc3\xbc"), false, shard.String, "ü"},
		{"char", 254, []byte{254, 20}, collation(83), []byte("\x05ab   "), false, shard.String, "ab"},
		{"long char", 254, []byte{0xee, 0xfc}, collation(224), []byte("\x02\x00ab"), false, shard.String, "ab"},
		{"binary, full", 254, []byte{254, 4}, collation(63), []byte("\x04uuid"), false, shard.String, "uuid"},
		{"binary, filled up", 254, []byte{254, 4}, collation(63), []byte("\x03uui"), false, shard.String, ""},
		{"ascii with a number", 15, []byte{9, 0}, collation(11), []byte("\x0242"), false, shard.String, "42"},
		{"a string where members are integers", 15, []byte{9, 0}, collation(11), []byte("\x01x"), false, shard.Integer, ""},
		{"utf16", 15, []byte{9, 0}, collation(54), []byte("\x02\x00a"), false, shard.String, ""},
		{"no collation told", 15, []byte{9, 0}, nil, []byte("\x01a"), false, shard.String, ""},
		{"text", 252, []byte{2}, collation(46), []byte("\x01\x00a"), false, shard.String, ""},
		{"double", 5, []byte{8}, signs(0), make([]byte, 8), false, shard.Integer, ""},
		{"enum", 254, []byte{247, 1}, nil, []byte{1}, false, shard.String, ""},
	} {
		table := parseTable(t, tableMap([]byte{tt.typ}, tt.meta, tt.optional))
		m, err := table.Member(append([]byte{0}, tt.value...), 0, tt.unsigned, tt.as)
		if (err == nil) != (tt.want != "") || m.String() != tt.want && err == nil {
			t.Errorf("%s: got %q, %v", tt.name, m, err)
		}
	}
	table := parseTable(t, tableMap([]byte{8}, nil, nil))
	if m, err := table.Member([]byte{1}, 0, false, shard.Integer); err == nil || !strings.Contains(err.Error(), "NULL") {
		t.Errorf("NULL: %v, %v", m, err)
	}
	if _, err := table.Member([]byte{0, 1, 2}, 0, false, shard.Integer); err == nil {
		t.Error("an image that is cut off has a member")
	}
	if _, _, err := table.Field([]byte{1}, 1); err == nil {
		t.Error("a column that is not there has a value")
	}
}

func TestSame(t *testing.T) {
	table := parseTable(t, tableMap([]byte{3, 15, 3}, []byte{9, 0}, nil))
	image := func(nulls byte, a byte, text string, b byte) []byte {
		out := []byte{nulls}
		if nulls&1 == 0 {
			out = append(out, a, 0, 0, 0)
		}
		out = append(append(out, byte(len(text))), text...)
		return append(out, b, 0, 0, 0)
	}
	x := image(0, 1, "ab", 5)
	for _, tt := range []struct {
		other   []byte
		columns []int
		want    bool
	}{
		{image(0, 1, "ab", 5), []int{0, 1, 2}, true},
		{image(0, 1, "abc", 5), []int{0, 2}, true},
		{image(0, 1, "abc", 5), []int{0, 1}, false},
		{image(0, 2, "ab", 5), []int{0}, false},
		{image(1, 0, "ab", 5), []int{0}, false},
		{image(1, 0, "ab", 5), []int{2}, true},
		{x[:6], []int{2}, false},
		{x, []int{3}, false},
	} {
		if got := table.Same(x, tt.other, tt.columns); got != tt.want {
			t.Errorf("%v in %v: %v", tt.other, tt.columns, got)
		}
	}
}

// Whatever the bytes are, reading ends within them; and what is read is all of
// it, and comes through a batch unchanged.
func FuzzRows(f *testing.F) {
	f.Add(tableMap([]byte{3, 15}, []byte{9, 0}, []byte{1, 1, 0x80, 2, 1, 46}), byte(30), insertRows(2, []byte{0, 1, 0, 0, 0, 1, 'x'}, []byte{2, 2, 0, 0, 0}))
	f.Add(tableMap([]byte{246, 16, 17, 18, 19, 245, 254, 254}, []byte{65, 30, 1, 8, 6, 3, 0, 4, 247, 2, 254, 20}, nil), byte(30), insertRows(8, []byte{0xff}))
	f.Add(tableMap([]byte{3}, nil, nil), byte(31), []byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0})
	f.Add(tableMap([]byte{3}, nil, nil), byte(39), []byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 1})
	f.Fuzz(func(t *testing.T, described []byte, kind byte, body []byte) {
		id, table, err := binlog.ParseTable(described)
		if err != nil {
			return
		}
		e, err := binlog.ParseRows(kind, body, map[uint64]*binlog.Table{id: table})
		rows, ok := e.(binlog.Rows)
		if err != nil || !ok || rows.Kind == 0 {
			return
		}
		if n := rows.Kind; n == binlog.Update && len(rows.Before) != len(rows.After) || n == binlog.Insert && rows.Before != nil || n == binlog.Delete && rows.After != nil {
			t.Fatalf("%s with %d and %d images", rows.Kind, len(rows.Before), len(rows.After))
		}
		images := interleave(rows)
		if all := slices.Concat(images...); !bytes.HasSuffix(body, all) {
			t.Fatal("the images are not the rest of the event")
		}
		for _, image := range images {
			for column := range table.Columns() {
				if _, _, err := table.Field(image, column); err != nil {
					t.Fatal(err)
				}
				_, _ = table.Member(image, column, true, shard.String)
			}
		}
		throughABatch(t, table, images)
	})
}

func interleave(r binlog.Rows) [][]byte {
	var out [][]byte
	for i := range max(len(r.Before), len(r.After)) {
		if r.Before != nil {
			out = append(out, r.Before[i])
		}
		if r.After != nil {
			out = append(out, r.After[i])
		}
	}
	return out
}

// throughABatch writes images and deletes them, by turns of three, and reads
// the events of the batch again.
func throughABatch(t *testing.T, table *binlog.Table, images [][]byte) {
	t.Helper()
	if len(table.Name) > 200 {
		return
	}
	batch, err := binlog.NewBatch(formatEvent(0), 2000)
	if err != nil {
		t.Fatal(err)
	}
	var want, got [][]byte
	for i, image := range images {
		add := batch.Write
		if i/3%2 == 1 {
			add = batch.Delete
		}
		if err := add(table, "elsewhere", image); err != nil {
			continue // too big
		}
		want = append(want, image)
	}
	for _, s := range batch.Statements() {
		text, ok := strings.CutPrefix(s, "BINLOG '")
		if !ok {
			continue
		}
		events, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, "'"))
		if err != nil || len(s) > 2000 {
			t.Fatalf("%d bytes, %v", len(s), err)
		}
		got = append(got, imagesOf(t, events)...)
	}
	if !slices.EqualFunc(want, got, bytes.Equal) {
		t.Fatalf("%d images became %d", len(want), len(got))
	}
}

// imagesOf is the rows of events, one after the other.
func imagesOf(t *testing.T, events []byte) (images [][]byte) {
	t.Helper()
	tables := make(map[uint64]*binlog.Table)
	for len(events) > 0 {
		size := binary.LittleEndian.Uint32(events[9:])
		kind, body := events[4], events[19:size]
		events = events[size:]
		if kind == 19 {
			id, table, err := binlog.ParseTable(body)
			if err != nil || table.Database != "elsewhere" {
				t.Fatalf("table %v, %v", table, err)
			}
			tables[id] = table
			continue
		}
		e, err := binlog.ParseRows(kind, body, tables)
		if err != nil {
			t.Fatal(err)
		}
		if last := body[6]&1 == 1; last != (len(events) == 0) {
			t.Fatal("the end of the statement is marked in the wrong place")
		}
		images = append(images, interleave(e.(binlog.Rows))...)
	}
	return images
}

func FuzzEvents(f *testing.F) {
	gtid := event(33, append(append([]byte{0}, make([]byte, 16)...), 1, 0, 0, 0, 0, 0, 0, 0))
	query := func(text string) []byte {
		return event(2, append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 'd', 0}, text...))
	}
	begin := slices.Concat(gtid, query("BEGIN"))
	f.Add(slices.Concat(begin, event(19, tableMap([]byte{3}, nil, nil)), event(30, insertRows(1, []byte{0, 1, 0, 0, 0})), event(16, make([]byte, 8))))
	f.Add(slices.Concat(gtid, query("XA START X'78',X'',1"), event(19, tableMap([]byte{3}, nil, nil)), query("XA END X'78',X'',1"), event(38, []byte{0})))
	f.Add(slices.Concat(begin, query("SAVEPOINT `a`"), query("ROLLBACK TO `a`"), query("COMMIT")))
	f.Add(slices.Concat(gtid, query("CREATE TABLE t (id INT)"), gtid, event(18, make([]byte, 40))))
	f.Add(event(42, []byte{2, 76, 0, 0, 2}))
	f.Add(event(40, []byte{2, 1, 0, 0, 0x28, 0xb5, 0x2f, 0xfd}))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, _ := binlog.Feed(b)
		open := false
		for _, e := range events {
			switch e.(type) {
			case binlog.Begin:
				if open {
					t.Fatal("a transaction within another")
				}
				open = true
			case binlog.Commit:
				if !open {
					t.Fatal("an end without a beginning")
				}
				open = false
			default:
				if !open {
					if _, tables := e.(binlog.Unsupported); !tables {
						t.Fatalf("%T outside of a transaction", e)
					}
				}
			}
		}
	})
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte{2, 3, 0xfc, 255, 0, 1, 1, 9, 0, 1, 2})
	f.Add([]byte{2, 1, 0, 3, 1, 20, 0, 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, body []byte) {
		if n, err := binlog.TakePayload(body); err == nil && n > 0 && len(body) < 4 {
			t.Fatalf("%d events of %d bytes", n, len(body))
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add(formatEvent(0))
	f.Add(formatEvent(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		batch, err := binlog.NewBatch(b, 0)
		statements, err2 := binlog.NewSession(b, binlog.Strict)
		if (err == nil) != (err2 == nil) || err == nil && (batch == nil || len(statements) != 3) {
			t.Fatalf("%v, %v", err, err2)
		}
	})
}

func TestNothingToApply(t *testing.T) {
	batch, err := binlog.NewBatch(formatEvent(1), 0)
	if err != nil {
		t.Fatal(err)
	}
	if s := batch.Statements(); s != nil || batch.Rows() != 0 || batch.Size() != 0 {
		t.Errorf("an empty batch: %q, %d rows, %d bytes", s, batch.Rows(), batch.Size())
	}
	table := parseTable(t, tableMap([]byte{3}, nil, nil))
	if err := batch.Write(table, "d", []byte{0, 1, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	size := batch.Size()
	if s := batch.Statements(); len(s) != 2 || len(s[0]) != size {
		t.Errorf("%d bytes were foretold for %q", size, s)
	}
	if batch.Reset(); batch.Statements() != nil {
		t.Error("a batch that was reset has statements")
	}
	if err := batch.Write(table, strings.Repeat("x", 251), []byte{0, 1, 0, 0, 0}); err == nil {
		t.Error("a name that fits into no event is taken")
	}
	if _, err := binlog.NewBatch(formatEvent(2), 0); err == nil {
		t.Error("checksums of an unknown kind are taken")
	}
	if _, err := binlog.NewBatch(formatEvent(1), -1); err == nil {
		t.Error("a negative limit is taken")
	}
	if _, err := binlog.NewSession(formatEvent(1), "LOOSE"); err == nil {
		t.Error("an unknown mode is taken")
	}
}

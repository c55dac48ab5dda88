package binlog

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// group is the events of one BINLOG statement: the tables first, then the rows,
// as a statement that changes several tables leaves them in a binlog. The
// server opens the tables once for all of it.
type group struct {
	checksum bool // each event ends in one

	tables []target
	runs   []run
	rows   []byte // of all runs, one after the other
	size   int    // of all events
}

// target is a table under the name that it has where the rows go.
type target struct {
	table    *Table
	database string
}

// run is consecutive rows of one table and kind, which share an event.
type run struct {
	table int // its place in tables
	kind  byte
	end   int // in rows
}

const (
	rowsHeader = 10  // table id, flags, length of the extra data
	maxName    = 250 // bytes that one byte can tell, and far more than the server allows

	rowsStatementEnd  = 1 << 0
	rowsNoForeignKeys = 1 << 1
	rowsComplete      = 1 << 3

	tableExactBits    = 1 << 0
	tableInvisibleKey = 1 << 2
)

func (g *group) empty() bool { return len(g.runs) == 0 }

func (g *group) reset() {
	g.tables, g.runs, g.rows, g.size = g.tables[:0], g.runs[:0], g.rows[:0], 0
}

func (g *group) find(t *Table, database string) int {
	for i := len(g.tables) - 1; i >= 0; i-- {
		if g.tables[i].table == t && g.tables[i].database == database {
			return i
		}
	}
	return -1
}

// grown is the size with one row more.
func (g *group) grown(t *Table, database string, kind byte, image int) int {
	size := g.size + image
	event := headerSize
	if g.checksum {
		event += checksumSize
	}
	at := g.find(t, database)
	if at < 0 {
		size += event + tableMapHeader + 1 + len(database) + 1 + 1 + len(t.Name) + 1 + len(t.shape)
	}
	if last := len(g.runs) - 1; at < 0 || last < 0 || g.runs[last].table != at || g.runs[last].kind != kind {
		columns := len(t.columns)
		size += event + rowsHeader + len(appendPacked(nil, columns)) + bitmapSize(columns)
	}
	return size
}

func (g *group) add(t *Table, database string, kind byte, image []byte) {
	g.size = g.grown(t, database, kind, len(image))
	at := g.find(t, database)
	if at < 0 {
		at = len(g.tables)
		g.tables = append(g.tables, target{t, database})
	}
	g.rows = append(g.rows, image...)
	if last := len(g.runs) - 1; last >= 0 && g.runs[last].table == at && g.runs[last].kind == kind {
		g.runs[last].end = len(g.rows)
		return
	}
	g.runs = append(g.runs, run{at, kind, len(g.rows)})
}

// events is all of it as the server's applier wants it.
func (g *group) events(now time.Time) []byte {
	w := eventWriter{b: make([]byte, 0, g.size), checksum: g.checksum, timestamp: uint32(now.Unix())}
	for i, t := range g.tables {
		w.begin(evTableMap)
		w.b = appendTableID(w.b, i)
		w.b = binary.LittleEndian.AppendUint16(w.b, t.table.flags&(tableExactBits|tableInvisibleKey))
		w.b = appendName(w.b, t.database)
		w.b = appendName(w.b, t.table.Name)
		w.b = append(w.b, t.table.shape...)
		w.end()
	}
	start := 0
	for i, r := range g.runs {
		flags := uint16(rowsNoForeignKeys | rowsComplete)
		if i == len(g.runs)-1 {
			flags |= rowsStatementEnd
		}
		columns := len(g.tables[r.table].table.columns)
		w.begin(r.kind)
		w.b = appendTableID(w.b, r.table)
		w.b = binary.LittleEndian.AppendUint16(w.b, flags)
		w.b = binary.LittleEndian.AppendUint16(w.b, 2) // no extra data but this length
		w.b = appendPacked(w.b, columns)
		w.b = appendAllSet(w.b, columns)
		w.b = append(w.b, g.rows[start:r.end]...)
		w.end()
		start = r.end
	}
	return w.b
}

// eventWriter appends events.
type eventWriter struct {
	b         []byte
	checksum  bool
	timestamp uint32
	start     int
}

func (w *eventWriter) begin(kind byte) {
	w.start = len(w.b)
	w.b = binary.LittleEndian.AppendUint32(w.b, w.timestamp)
	w.b = append(w.b, kind)
	w.b = append(w.b, make([]byte, headerSize-5)...) // server id, size, position, flags
}

func (w *eventWriter) end() {
	size := len(w.b) - w.start
	if w.checksum {
		size += checksumSize
	}
	binary.LittleEndian.PutUint32(w.b[w.start+9:], uint32(size))
	if w.checksum {
		w.b = binary.LittleEndian.AppendUint32(w.b, crc32.ChecksumIEEE(w.b[w.start:]))
	}
}

// appendTableID numbers the tables of a statement from 1.
func appendTableID(b []byte, i int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(i)+1)
	return append(b, 0, 0)
}

func appendName(b []byte, name string) []byte {
	b = append(b, byte(len(name)))
	return append(append(b, name...), 0)
}

// appendPacked appends a number of columns, which is less than 65,536.
func appendPacked(b []byte, n int) []byte {
	if n < 0xfb {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint16(append(b, 0xfc), uint16(n))
}

func appendAllSet(b []byte, n int) []byte {
	for ; n >= 8; n -= 8 {
		b = append(b, 0xff)
	}
	if n > 0 {
		b = append(b, 1<<n-1)
	}
	return b
}

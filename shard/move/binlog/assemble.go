package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

const (
	fixXA       = "end the XA transaction (XA RECOVER lists those that are prepared) and keep XA off the server while this runs"
	fixRollback = "change no table of an engine without transactions together with others"
	fixGTID     = "set gtid_mode=ON on the server"
)

// assembler makes Events of a binlog's own events.
type assembler struct {
	tables map[uint64]*Table // of the current statement and those before it, by the server's number
	ready  []Event           // to give out

	open  bool // a transaction is: after its GTID, before its end
	begun bool // and it has BEGIN or XA START, so an end of its own
	xa    bool
	gtid  GTID
}

// take adds to ready what one event of the binlog makes.
func (a *assembler) take(e rawEvent) error {
	switch e.kind {
	case evGtid, evTaggedGtid:
		return a.begin(e)
	case evAnonymousGtid:
		return fmt.Errorf("the binlog has transactions without a GTID; %s", fixGTID)
	case evQuery:
		return a.query(e.body())
	case evExecuteLoad:
		return a.load(e.body())
	case evXid:
		return a.commit()
	case evXaPrepare:
		return a.commit()
	case evTableMap:
		return a.tableMap(e.body())
	case evWriteRows, evUpdateRows, evDeleteRows, evWriteRowsV1, evUpdateRowsV1, evDeleteRowsV1, evPartialUpdate:
		return a.rows(e)
	case evIncident:
		return fmt.Errorf("the server reports that events were lost from its binlog; start again with a new copy")
	case evStop, evRotate, evFormat, evHeartbeat, evHeartbeatV2, evPreviousGtids, evIgnorable, evRowsQuery,
		evIntvar, evRand, evUserVar, evAppendBlock, evDeleteFile, evBeginLoad, evTransactionCtx, evViewChange:
		return nil
	}
	if e.flags&flagIgnorable != 0 {
		return nil
	}
	return fmt.Errorf("binlog events of type %d are not known to this version of berth", e.kind)
}

func (a *assembler) begin(e rawEvent) error {
	if a.open {
		return fmt.Errorf("%w: transaction %s has no end", errMalformed, a.gtid)
	}
	parse := parseGtidEvent
	if e.kind == evTaggedGtid {
		parse = parseTaggedGtidEvent
	}
	gtid, at, err := parse(e.body())
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = time.Unix(int64(e.timestamp), 0)
	}
	if len(a.tables) > maxTables {
		clear(a.tables) // no statement goes on across transactions
	}
	a.open, a.begun, a.xa, a.gtid = true, false, false, gtid
	a.ready = append(a.ready, Begin{gtid, at})
	return nil
}

func (a *assembler) commit() error {
	if !a.open {
		return fmt.Errorf("%w: the end of a transaction that did not begin", errMalformed)
	}
	a.open = false
	a.ready = append(a.ready, Commit{a.gtid})
	return nil
}

// unsupported is for what may concern any table.
func (a *assembler) unsupported(reason, next string) {
	a.ready = append(a.ready, Unsupported{Reason: reason, Next: next})
}

func (a *assembler) query(body []byte) error {
	database, text, err := parseQuery(body)
	if err != nil {
		return err
	}
	if !a.open {
		return fmt.Errorf("the binlog has a statement without a GTID: %.80q; %s", text, fixGTID)
	}
	if a.begun {
		return a.inner(database, text)
	}
	switch {
	case text == "BEGIN":
		a.begun = true
		return nil
	case strings.HasPrefix(text, "XA START "):
		a.begun, a.xa = true, true
		return nil
	case strings.HasPrefix(text, "XA COMMIT "):
		// What it commits was in the binlog when it was prepared.
		a.unsupported("a prepared XA transaction was committed", fixXA)
	case strings.HasPrefix(text, "XA ROLLBACK "):
	default:
		a.ready = append(a.ready, Statement{database, text})
	}
	return a.commit() // a statement by itself has no end
}

// inner is a statement between BEGIN and the end. The server writes its own
// words as they are here.
func (a *assembler) inner(database, text string) error {
	switch {
	case text == "COMMIT":
		return a.commit()
	case text == "ROLLBACK":
		a.unsupported("a transaction is in the binlog that was rolled back", fixRollback)
		return a.commit()
	case strings.HasPrefix(text, "ROLLBACK TO "):
		a.unsupported("a part of a transaction is in the binlog that was rolled back", fixRollback)
	case strings.HasPrefix(text, "SAVEPOINT "), a.xa && strings.HasPrefix(text, "XA END "):
	default:
		a.ready = append(a.ready, Statement{database, text})
	}
	return nil
}

// load is LOAD DATA in statement format: a query with the file's place in it.
func (a *assembler) load(body []byte) error {
	const own = 13 // file id, the two ends of the file's name, what to do with duplicates
	if len(body) < queryHeader+own {
		return fmt.Errorf("%w: LOAD DATA is cut off", errMalformed)
	}
	return a.query(append(bytes.Clone(body[:queryHeader]), body[queryHeader+own:]...))
}

func (a *assembler) tableMap(body []byte) error {
	if len(body) < tableMapHeader {
		return fmt.Errorf("%w: table map is cut off", errMalformed)
	}
	// The server's number stands for one version of one table, but a restart
	// counts from the beginning.
	var wide [8]byte
	copy(wide[:], body[:6])
	id := binary.LittleEndian.Uint64(wide[:])
	if t := a.tables[id]; t == nil || !bytes.Equal(t.described, body) {
		_, t, err := parseTable(body)
		if err != nil {
			return err
		}
		a.tables[id] = t
	}
	if t := a.tables[id]; a.xa {
		a.ready = append(a.ready, Unsupported{t.Database, t.Name, "an XA transaction changed it, which may be prepared only", fixXA})
	}
	return nil
}

func (a *assembler) rows(e rawEvent) error {
	if !a.open {
		return fmt.Errorf("%w: rows outside of a transaction", errMalformed)
	}
	if a.xa {
		return nil // said with the table
	}
	event, err := parseRows(e.kind, e.body(), a.tables)
	if event != nil {
		a.ready = append(a.ready, event)
	}
	return err
}

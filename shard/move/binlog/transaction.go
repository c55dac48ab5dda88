package binlog

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/google/uuid"
)

// parseGtidEvent reads what starts a transaction of a GTID without a tag, and
// when the server committed it.
func parseGtidEvent(body []byte) (GTID, time.Time, error) {
	c := cursor{rest: body}
	c.take(1) // flags
	var g GTID
	copy(g.Source[:], c.take(len(g.Source)))
	g.Number = int64(c.uint(8))
	if !c.ok() || g.Number < 1 {
		return GTID{}, time.Time{}, fmt.Errorf("%w: GTID event", errMalformed)
	}
	c.take(1 + 8 + 8) // for parallel replicas
	micros := c.uint(7) &^ (1 << 55)
	if !c.ok() {
		return g, time.Time{}, nil
	}
	return g, time.UnixMicro(int64(micros)), nil
}

// parseTaggedGtidEvent is the same for MySQL 8.3 and later, whose GTIDs with a
// tag come in a form of their own.
func parseTaggedGtidEvent(body []byte) (g GTID, at time.Time, err error) {
	defer func() {
		if r := recover(); r != nil { // the library trusts its input
			err = fmt.Errorf("%w: GTID event with a tag: %v", errMalformed, r)
		}
	}()
	var e replication.GtidTaggedLogEvent
	if err := e.Decode(body); err != nil {
		return GTID{}, time.Time{}, fmt.Errorf("%w: GTID event with a tag: %w", errMalformed, err)
	}
	source, err := uuid.FromBytes(e.SID)
	if err != nil || e.GNO < 1 {
		return GTID{}, time.Time{}, fmt.Errorf("%w: GTID event with a tag", errMalformed)
	}
	if e.ImmediateCommitTimestamp != 0 {
		at = time.UnixMicro(int64(e.ImmediateCommitTimestamp))
	}
	return GTID{Source: source, Tag: e.Tag, Number: e.GNO}, at, nil
}

const queryHeader = 13 // thread, seconds, length of the database's name, error, length of the variables

// parseQuery reads a statement and the database of its session.
func parseQuery(body []byte) (database, text string, err error) {
	c := cursor{rest: body}
	head := c.take(queryHeader)
	if !c.ok() {
		return "", "", fmt.Errorf("%w: statement is cut off", errMalformed)
	}
	c.take(int(binary.LittleEndian.Uint16(head[11:])))
	database = string(c.take(int(head[8])))
	c.take(1)
	if !c.ok() {
		return "", "", fmt.Errorf("%w: statement is cut off", errMalformed)
	}
	return database, string(c.rest), nil
}

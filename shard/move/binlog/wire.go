package binlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The events of a binlog that a source with row events sends, by their numbers.
const (
	evQuery            = 2
	evStop             = 3
	evRotate           = 4
	evIntvar           = 5
	evAppendBlock      = 9
	evDeleteFile       = 11
	evRand             = 13
	evUserVar          = 14
	evFormat           = 15
	evXid              = 16
	evBeginLoad        = 17
	evExecuteLoad      = 18
	evTableMap         = 19
	evWriteRowsV1      = 23
	evUpdateRowsV1     = 24
	evDeleteRowsV1     = 25
	evIncident         = 26
	evHeartbeat        = 27
	evIgnorable        = 28
	evRowsQuery        = 29
	evWriteRows        = 30
	evUpdateRows       = 31
	evDeleteRows       = 32
	evGtid             = 33
	evAnonymousGtid    = 34
	evPreviousGtids    = 35
	evTransactionCtx   = 36
	evViewChange       = 37
	evXaPrepare        = 38
	evPartialUpdate    = 39
	evPayload          = 40
	evHeartbeatV2      = 41
	evTaggedGtid       = 42
	flagIgnorable      = 0x80
	headerSize         = 19
	checksumSize       = 4
	checksumAlgNone    = 0
	checksumAlgCRC32   = 1
	formatVersionSize  = 50
	formatLengthsStart = headerSize + 2 + formatVersionSize + 4 + 1
)

// errMalformed is what parsers say of bytes that are not what they should be.
var errMalformed = errors.New("malformed binlog event")

// rawEvent is one event as it was sent, without its checksum.
type rawEvent struct {
	kind      byte
	flags     uint16
	timestamp uint32
	whole     []byte // header and body
}

func (e rawEvent) body() []byte { return e.whole[headerSize:] }

// parseEvent reads the header and, if there is one, verifies the checksum.
func parseEvent(b []byte, checksum bool) (rawEvent, error) {
	if len(b) < headerSize {
		return rawEvent{}, fmt.Errorf("%w: %d bytes are less than a header", errMalformed, len(b))
	}
	e := rawEvent{
		kind:      b[4],
		flags:     binary.LittleEndian.Uint16(b[17:]),
		timestamp: binary.LittleEndian.Uint32(b),
		whole:     b,
	}
	if size := binary.LittleEndian.Uint32(b[9:]); uint64(size) != uint64(len(b)) {
		return e, fmt.Errorf("%w: type %d says that it has %d bytes, but %d came", errMalformed, e.kind, size, len(b))
	}
	if !checksum {
		return e, nil
	}
	end := len(b) - checksumSize
	if end < headerSize {
		return e, fmt.Errorf("%w: type %d has no room for its checksum", errMalformed, e.kind)
	}
	if crc32.ChecksumIEEE(b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
		return e, fmt.Errorf("%w: the checksum of an event of type %d and %d bytes is wrong", errMalformed, e.kind, len(b))
	}
	e.whole = b[:end]
	return e, nil
}

// cursor reads from a slice and never past its end: once something was not
// there, it gives zeros and says so in ok.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) ok() bool { return !c.bad }

func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.rest) {
		c.bad = true
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// uint is a little-endian number of n bytes, 8 at most.
func (c *cursor) uint(n int) uint64 {
	var v uint64
	for i, b := range c.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// packed is a number whose first byte tells its length.
func (c *cursor) packed() uint64 {
	switch first := c.uint(1); first {
	case 0xfc:
		return c.uint(2)
	case 0xfd:
		return c.uint(3)
	case 0xfe:
		return c.uint(8)
	case 0xfb, 0xff: // NULL and an error where numbers of columns are expected
		c.bad = true
		return 0
	default:
		return first
	}
}

// sized is bytes after their packed length.
func (c *cursor) sized() []byte {
	n := c.packed()
	if n > uint64(len(c.rest)) {
		c.bad = true
		return nil
	}
	return c.take(int(n))
}

// name is a name after its length in one byte, ended by a zero byte.
func (c *cursor) name() string {
	b := c.take(int(c.uint(1)))
	c.take(1)
	return string(b)
}

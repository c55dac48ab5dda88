package binlog

import "bytes"

// The parsers of single events, for their fuzz targets.
var (
	ParseTable  = parseTable
	ParseRows   = parseRows
	ParseFormat = parseFormat
	EncodeSet   = Set.encode
)

// Feed gives events, one after the other in b, to an assembler, as a stream
// would that reads them from a compressed transaction.
func Feed(b []byte) ([]Event, error) {
	var s Stream
	s.tables = make(map[uint64]*Table)
	s.payload.from, s.payload.open = bytes.NewReader(b), true
	for {
		e, more, err := s.payload.next()
		if err != nil || !more {
			return s.ready, err
		}
		if err := s.feed(e); err != nil {
			return s.ready, err
		}
	}
}

// TakePayload unpacks the body of a compressed transaction.
func TakePayload(body []byte) (events int, err error) {
	var p payload
	if err := p.start(body); err != nil {
		return 0, err
	}
	for {
		_, more, err := p.next()
		if err != nil || !more {
			return events, err
		}
		events++
	}
}

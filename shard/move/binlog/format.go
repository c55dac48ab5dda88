package binlog

import "fmt"

// format is what is needed of a FORMAT_DESCRIPTION event: how a server of some
// version lays out its events.
type format struct {
	checksum bool
	lengths  []byte // of the fixed part of each type of event, from type 1
}

func parseFormat(b []byte) (format, error) {
	if len(b) < formatLengthsStart+1+checksumSize {
		return format{}, fmt.Errorf("%w: format description of %d bytes", errMalformed, len(b))
	}
	f := format{lengths: b[formatLengthsStart : len(b)-1-checksumSize]}
	if version := b[headerSize]; version != 4 {
		return f, fmt.Errorf("%w: binlog version %d", errMalformed, version)
	}
	switch alg := b[len(b)-1-checksumSize]; alg {
	case checksumAlgNone:
	case checksumAlgCRC32:
		f.checksum = true
	default:
		return f, fmt.Errorf("binlog checksums of type %d are not known to this version of berth", alg)
	}
	for typ, want := range map[int]byte{evTableMap: tableMapHeader, evWriteRows: rowsHeader, evDeleteRows: rowsHeader} {
		if typ > len(f.lengths) || f.lengths[typ-1] != want {
			return f, fmt.Errorf("%w: events of type %d have not the %d bytes before their data that MySQL 8.0 and later give them", errMalformed, typ, want)
		}
	}
	return f, nil
}

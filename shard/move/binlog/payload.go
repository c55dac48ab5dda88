package binlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// payload is a transaction that the source compressed (its
// binlog_transaction_compression): one event, with those of the transaction
// inside. They are unpacked one at a time; what is held is the compressed event
// and the decompressor's window.
type payload struct {
	open bool
	zstd *zstd.Decoder
	from io.Reader
}

// maxWindow is what the server's highest level of compression uses.
const maxWindow = 128 << 20

const (
	payloadEnd         = 0
	payloadCompression = 2
	compressionZstd    = 0
	compressionNone    = 255
)

// start reads the fields before the compressed bytes: type, length and value.
func (p *payload) start(body []byte) error {
	c := cursor{rest: body}
	compression := uint64(compressionZstd)
	for {
		typ := c.packed()
		if typ == payloadEnd || !c.ok() {
			break
		}
		value := cursor{rest: c.sized()}
		if typ == payloadCompression {
			compression = value.packed()
			if !value.ok() {
				c.bad = true
			}
		}
	}
	if !c.ok() {
		return fmt.Errorf("%w: compressed transaction", errMalformed)
	}
	switch compression {
	case compressionNone:
		p.from = bytes.NewReader(c.rest)
	case compressionZstd:
		if err := p.reset(c.rest); err != nil {
			return fmt.Errorf("read a compressed transaction: %w", err)
		}
		p.from = p.zstd
	default:
		return fmt.Errorf("compression of type %d is not known to this version of berth", compression)
	}
	p.open = true
	return nil
}

func (p *payload) reset(compressed []byte) (err error) {
	if p.zstd == nil {
		// With one at a time there are no goroutines, so nothing to close.
		p.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
	}
	// Not a bytes.Buffer: the decoder would unpack a small one at once.
	return p.zstd.Reset(struct{ io.Reader }{bytes.NewReader(compressed)})
}

// next is the next event, or false once there are no more.
func (p *payload) next() (rawEvent, bool, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(p.from, header[:]); err != nil {
		p.open = false
		p.from = nil
		if errors.Is(err, io.EOF) {
			return rawEvent{}, false, nil
		}
		return rawEvent{}, false, fmt.Errorf("read a compressed transaction: %w", err)
	}
	size := binary.LittleEndian.Uint32(header[9:])
	if size < headerSize {
		return rawEvent{}, false, fmt.Errorf("%w: an event of %d bytes in a compressed transaction", errMalformed, size)
	}
	// Not all at once, so that a wrong size does not take the memory.
	var b bytes.Buffer
	b.Grow(int(min(size, 1<<20)))
	b.Write(header[:])
	if _, err := io.CopyN(&b, p.from, int64(size)-headerSize); err != nil {
		return rawEvent{}, false, fmt.Errorf("read a compressed transaction: %w", err)
	}
	e, err := parseEvent(b.Bytes(), false)
	return e, err == nil, err
}

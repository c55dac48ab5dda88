package shard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// MaxStored is the most that one Consul value holds.
	MaxStored = 512 << 10
	// compressFrom is the size of the text from which it is stored compressed.
	compressFrom = 64 << 10
	// maxText bounds what a stored value may unpack to: several times the text
	// of the largest map that fits.
	maxText = 16 << 20
)

var (
	// ErrTooLarge: the map or record is larger than a store's value may be.
	ErrTooLarge = errors.New("too large to be stored")
	// ErrCorrupt: what is stored is no map of a format that this code knows.
	ErrCorrupt = errors.New("stored shard map can't be read")
)

// Text is the map as JSON, one entry a line, the same for equal maps.
func (m *Map) Text() []byte {
	var b bytes.Buffer
	line := func(key string, v any, end string) {
		fmt.Fprintf(&b, "  %q: %s%s\n", key, mustJSON(v), end)
	}
	b.WriteString("{\n")
	line("format", m.doc.Format, ",")
	line("cluster", m.doc.Cluster, ",")
	line("epoch", m.doc.Epoch, ",")
	line("change", m.doc.Change, ",")
	line("members", m.doc.Members, ",")
	list(&b, "shards", m.doc.Shards, ",")
	list(&b, "ranges", m.doc.Ranges, ",")
	list(&b, "pins", m.doc.Pins, ",")
	list(&b, "tables", m.doc.Tables, "")
	b.WriteString("}\n")
	return b.Bytes()
}

func list[T any](b *bytes.Buffer, key string, items []T, end string) {
	fmt.Fprintf(b, "  %q: [", key)
	for i, item := range items {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, "\n    %s", mustJSON(item))
	}
	if len(items) > 0 {
		b.WriteString("\n  ")
	}
	fmt.Fprintf(b, "]%s\n", end)
}

// mustJSON writes plain values of the document, which can't fail: New has
// refused what JSON can't hold.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("shard: document of a valid map: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Digest is the SHA-256 of the map's text in hexadecimal: equal maps, and
// only they, have equal digests.
func (m *Map) Digest() string {
	sum := sha256.Sum256(m.Text())
	return hex.EncodeToString(sum[:])
}

// Encode gives the bytes to store: the text, compressed with gzip from 64 KiB
// on. It refuses with ErrTooLarge what would not fit a Consul value.
func (m *Map) Encode() ([]byte, error) {
	b := m.Text()
	if len(b) >= compressFrom {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(b); err != nil {
			return nil, fmt.Errorf("compress shard map: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("compress shard map: %w", err)
		}
		b = z.Bytes()
	}
	if len(b) > MaxStored {
		return nil, fmt.Errorf("%w: %d bytes compressed, a Consul value holds %d; join ranges or unpin members (it has %d ranges, %d pins)",
			ErrTooLarge, len(b), MaxStored, len(m.doc.Ranges), len(m.doc.Pins))
	}
	return b, nil
}

// Decode reads what Encode wrote. It is strict: an unknown field, another
// format, or trailing bytes are an error that wraps ErrCorrupt.
func Decode(b []byte) (*Map, error) {
	m, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return m, nil
}

func decode(b []byte) (*Map, error) {
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		if b, err = io.ReadAll(io.LimitReader(z, maxText+1)); err != nil {
			return nil, err
		}
		if len(b) > maxText {
			return nil, fmt.Errorf("it unpacks to more than %d bytes", maxText)
		}
	}
	// The format comes first: a newer one has fields that strict reading
	// would report as unknown, which would hide the cause.
	var head struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if head.Format == nil {
		return nil, errors.New("it names no format")
	}
	if *head.Format > Format {
		return nil, fmt.Errorf("it has format %d and this berth knows up to %d: upgrade this berth", *head.Format, Format)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var d Document
	if err := dec.Decode(&d); err != nil {
		return nil, err
	}
	return New(d)
}

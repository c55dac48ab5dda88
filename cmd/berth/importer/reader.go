package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// Format is how the file is written.
type Format struct {
	Delimiter rune     // between fields; 0 means a comma
	Columns   []string // the fields' names when the file has no header line; nil: it has one
}

// Input is a file that is being read.
type Input struct {
	Header []string // the names of the fields
	Size   int64    // in bytes; 0 when it is not known
	Finger string   // of its beginning, to know it again

	file  *os.File // nil for a stream
	guard *guard
	csv   *csv.Reader
	base  Position // where csv began
	at    Position
	comma rune
}

// Position is a place in a file.
type Position struct {
	Offset int64 `json:"offset"` // bytes before it
	Line   int64 `json:"line"`   // line ends before it
}

const (
	fingerBytes = 64 << 10
	maxRecord   = 64 << 20
)

var bom = []byte("\xef\xbb\xbf")

// Open opens a file and reads its header.
func Open(path string, f Format) (*Input, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in, err := openFile(file, f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return in, nil
}

func openFile(file *os.File, f Format) (*Input, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file; give it on standard input (-) instead")
	}
	head := make([]byte, fingerBytes)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(head[:n])
	in, err := NewInput(file, f)
	if err != nil {
		return nil, err
	}
	in.file, in.Size, in.Finger = file, info.Size(), hex.EncodeToString(sum[:])
	return in, nil
}

// NewInput reads a stream, header first.
func NewInput(r io.Reader, f Format) (*Input, error) {
	if f.Delimiter == 0 {
		f.Delimiter = ','
	}
	if f.Delimiter == '"' || f.Delimiter == '\n' || f.Delimiter == '\r' || f.Delimiter == utf8.RuneError || !utf8.ValidRune(f.Delimiter) {
		return nil, fmt.Errorf("%q can't be a delimiter", f.Delimiter)
	}
	in := &Input{comma: f.Delimiter}
	start := make([]byte, len(bom))
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(start[:n], bom) {
		in.base.Offset, n = int64(len(bom)), 0
	}
	in.begin(io.MultiReader(bytes.NewReader(start[:n]), r))
	if f.Columns != nil {
		in.Header = f.Columns
		return in, nil
	}
	row, err := in.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty; the first line has to name the columns")
	case err != nil:
		return nil, err
	case row.Problem != "":
		return nil, fmt.Errorf("its header line can't be read: %s", row.Problem)
	}
	in.Header = row.Fields
	return in, nil
}

func (in *Input) begin(r io.Reader) {
	in.guard = &guard{from: r}
	in.csv = csv.NewReader(in.guard)
	in.csv.Comma = in.comma
	in.csv.FieldsPerRecord = -1 // counted by the layout, so that one bad row is no end
	in.at = in.base
}

// Seek goes on at a place where a row begins.
func (in *Input) Seek(to Position) error {
	if in.file == nil {
		return errors.New("a stream can't go on where another one stopped")
	}
	if _, err := in.file.Seek(to.Offset, io.SeekStart); err != nil {
		return err
	}
	in.base = to
	in.begin(in.file)
	return nil
}

// Position is the place after the rows that were read.
func (in *Input) Position() Position { return in.at }

// Close closes the file.
func (in *Input) Close() error {
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}

// Record is one row as the file has it.
type Record struct {
	Line    int64 // on which it begins, from 1
	Fields  []string
	Problem string // why it can't be read; Fields is what could be
}

// Next is the next row, or io.EOF. Other errors are the file's, not a row's.
func (in *Input) Next() (Record, error) {
	in.guard.left = maxRecord
	fields, err := in.csv.Read()
	row := Record{Fields: fields}
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return row, io.EOF
	case errors.As(err, &parse):
		row.Line, row.Problem = in.base.Line+int64(parse.StartLine), parse.Err.Error()
	case err != nil:
		return row, fmt.Errorf("after line %d: %w", in.at.Line, err)
	default:
		line, _ := in.csv.FieldPos(0)
		row.Line = in.base.Line + int64(line)
	}
	// A record ends with its line; those in its quoted fields count too.
	in.at.Offset = in.base.Offset + in.csv.InputOffset()
	in.at.Line = row.Line
	for _, f := range fields {
		for i := 0; i < len(f); i++ {
			if f[i] == '\n' {
				in.at.Line++
			}
		}
	}
	if parse != nil {
		in.at.Line = in.base.Line + int64(parse.Line)
	}
	return row, nil
}

// guard bounds what one record reads.
type guard struct {
	from io.Reader
	left int
}

func (g *guard) Read(b []byte) (int, error) {
	if g.left <= 0 {
		return 0, fmt.Errorf("a row does not end within %d MiB: look for a quote that is not closed", maxRecord>>20)
	}
	n, err := g.from.Read(b)
	g.left -= n
	return n, err
}

package importer_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthdb/berth/cmd/berth/importer"
)

// all reads the rest of the input.
func all(t testing.TB, in *importer.Input) []importer.Record {
	t.Helper()
	var rows []importer.Record
	for {
		r, err := in.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
}

func TestInput(t *testing.T) {
	for _, c := range []struct {
		name, text string
		format     importer.Format
		header     []string
		rows       []importer.Record
	}{
		{"plain", "a,b\n1,2\n", importer.Format{}, []string{"a", "b"}, []importer.Record{{Line: 2, Fields: []string{"1", "2"}}}},
		{"no line end at the end", "a\n1", importer.Format{}, []string{"a"}, []importer.Record{{Line: 2, Fields: []string{"1"}}}},
		{"byte order mark", "\xef\xbb\xbfa\n1\n", importer.Format{}, []string{"a"}, []importer.Record{{Line: 2, Fields: []string{"1"}}}},
		{"Windows", "a,b\r\n1,2\r\n", importer.Format{}, []string{"a", "b"}, []importer.Record{{Line: 2, Fields: []string{"1", "2"}}}},
		{"lines in quotes", "a\n\"1\n2\"\n3\n", importer.Format{}, []string{"a"}, []importer.Record{{Line: 2, Fields: []string{"1\n2"}}, {Line: 4, Fields: []string{"3"}}}},
		{"empty lines", "a\n\n1\n\n\n2\n", importer.Format{}, []string{"a"}, []importer.Record{{Line: 3, Fields: []string{"1"}}, {Line: 6, Fields: []string{"2"}}}},
		{"no header", "1 2\n", importer.Format{Delimiter: ' ', Columns: []string{"a", "b"}}, []string{"a", "b"}, []importer.Record{{Line: 1, Fields: []string{"1", "2"}}}},
		{"a bad quote", "a,b\nx\"y,2\n3,4\n", importer.Format{}, []string{"a", "b"}, []importer.Record{{Line: 2, Problem: "bare \" in non-quoted-field"}, {Line: 3, Fields: []string{"3", "4"}}}},
		{"only a header", "a", importer.Format{}, []string{"a"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := importer.NewInput(strings.NewReader(c.text), c.format)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.header, in.Header); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.rows, all(t, in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInputRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		format     importer.Format
		says       string
	}{
		{"empty", "", importer.Format{}, "it is empty"},
		{"bad header", "a\"b\n", importer.Format{}, "header line can't be read"},
		{"bad delimiter", "a\n", importer.Format{Delimiter: '"'}, "can't be a delimiter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := importer.NewInput(strings.NewReader(c.text), c.format); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, and it should say %q", err, c.says)
			}
		})
	}
	if _, err := importer.Open(t.TempDir(), importer.Format{}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a directory was opened: %v", err)
	}
}

// endless is a quote that never ends.
type endless struct{ began bool }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	if !e.began {
		copy(b, "a\n\"")
		e.began = true
	}
	return len(b), nil
}

func TestInputBoundsARow(t *testing.T) {
	in, err := importer.NewInput(&endless{}, importer.Format{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Next(); err == nil || !strings.Contains(err.Error(), "quote that is not closed") {
		t.Errorf("got %v", err)
	}
}

// FuzzInput goes on reading from every place between two rows: what follows
// must be the same rows with the same lines.
func FuzzInput(f *testing.F) {
	f.Add("a,b\n1,2\n\"x\ny\",3\n\n4,5")
	f.Add("\xef\xbb\xbfa\r\n\"1\r\n2\"\r\n3\r\n")
	f.Add("a\nx\"y\n\"z\"w\n1\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := importer.Open(file, importer.Format{})
		if err != nil {
			return
		}
		defer in.Close()
		var places []importer.Position
		var rows []importer.Record
		for {
			places = append(places, in.Position())
			r, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		for i, place := range places[:len(rows)] {
			if err := in.Seek(place); err != nil {
				t.Fatal(err)
			}
			r, err := in.Next()
			if err != nil {
				t.Fatalf("no row at %+v: %v", place, err)
			}
			if diff := cmp.Diff(rows[i], r); diff != "" {
				t.Fatalf("row %d reads differently from %+v on:\n%s", i, place, diff)
			}
		}
	})
}

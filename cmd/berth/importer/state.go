package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is the place up to which a file has been imported, as it is kept
// beside the file.
type state struct {
	Version  int      `json:"version"`
	Settings Settings `json:"settings"`
	Done     Position `json:"done"` // everything before it is in the tables or among the rejects
	Rows     int64    `json:"rows"` // written
	Rejected int64    `json:"rejected"`
	Rejects  int64    `json:"rejects_bytes"` // of the file of rejects
	// Clean: nothing after Done has been written. It is false while an import
	// runs, so that it is false after a crash.
	Clean bool `json:"clean"`
}

// Settings are what must not change between an import and the one that goes on
// with it.
type Settings struct {
	Cluster   string   `json:"cluster"`
	Table     string   `json:"table"`
	Columns   []string `json:"columns"` // of the table
	Fields    []int    `json:"fields"`  // by column; -1 is the line's number
	Delimiter string   `json:"delimiter"`
	Header    bool     `json:"header"`
	Null      *string  `json:"null"`
	Finger    string   `json:"file_sha256"` // of the file's beginning
}

func (s Settings) equal(o Settings) bool {
	a, _ := json.Marshal(s) // plain values always can be
	b, _ := json.Marshal(o)
	return bytes.Equal(a, b)
}

const stateVersion = 1

// readState gives nil when there is none.
func readState(path string) (*state, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read where the import stopped: %w", err)
	}
	var s state
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil || s.Version != stateVersion || s.Done.Offset < 0 || s.Done.Line < 0 {
		return nil, fmt.Errorf("%s does not say where the import stopped, in a form that this berth knows (%v); delete it to begin at the beginning", path, err)
	}
	return &s, nil
}

// write puts the state in place as a whole, for good.
func (s *state) write(path string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save where the import is: %w", err)
	}
	_, err = tmp.Write(append(b, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // it may not even be there
		return fmt.Errorf("save where the import is: %w", err)
	}
	return nil
}

// NewSettings gathers what must stay the same.
func NewSettings(cluster, table string, in *Input, f Format, l *Layout) Settings {
	return Settings{Cluster: cluster, Table: table, Columns: l.Columns, Fields: l.fields, Delimiter: string(in.comma),
		Header: f.Columns == nil, Null: l.null, Finger: in.Finger}
}

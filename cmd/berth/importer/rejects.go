package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// rejects is the file of rows that could not be imported. It is made with the
// first of them.
type rejects struct {
	path   string
	header []string
	file   *os.File
	size   int64
}

// reject is one of them.
type reject struct {
	record Record
	reason string
}

// resume cuts off what was written after the place the import goes on from.
func (r *rejects) resume(size int64) error {
	if size == 0 {
		return nil
	}
	file, err := os.OpenFile(r.path, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("go on with the rejects: %w", err)
	}
	r.file, r.size = file, size
	if err := file.Truncate(size); err != nil {
		return fmt.Errorf("go on with the rejects: %w", err)
	}
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("go on with the rejects: %w", err)
	}
	return nil
}

// write adds rejects, for good.
func (r *rejects) write(list []reject) error {
	if len(list) == 0 {
		return nil
	}
	var lines [][]string
	if r.file == nil {
		file, err := os.OpenFile(r.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("keep the rejects: %w", err)
		}
		r.file = file
		lines = append(lines, append([]string{"line", "reason"}, r.header...))
	}
	for _, x := range list {
		lines = append(lines, append([]string{strconv.FormatInt(x.record.Line, 10), x.reason}, x.record.Fields...))
	}
	w := csv.NewWriter(r.file)
	err := w.WriteAll(lines)
	err = errors.Join(err, r.file.Sync())
	if err != nil {
		return fmt.Errorf("keep the rejects: %w", err)
	}
	r.size, err = r.file.Seek(0, io.SeekCurrent)
	return err
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

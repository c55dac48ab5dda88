package history

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Extension is of the files that Load reads.
const Extension = ".jsonl"

// Load reads all files of a directory.
func Load(dir string) ([]Op, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+Extension))
	if err != nil {
		return nil, err
	}
	var all []Op
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", dir, err)
		}
		ops, err := Decode(strings.TrimSuffix(filepath.Base(path), Extension), f)
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("read the history %s: %w", path, err)
		}
		all = append(all, ops...)
	}
	slices.SortStableFunc(all, func(a, b Op) int { return cmp.Compare(a.Start, b.Start) })
	return all, nil
}

// Decode reads one process's events. A last line that was not written to its
// end, as a kill may leave one, is passed over.
func Decode(process string, r io.Reader) ([]Op, error) {
	var ops []Op
	place := make(map[int64]int)
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return ops, nil
		}
		if err != nil {
			return nil, err
		}
		e, err := decode(bytes.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		i, called := place[e.Op]
		switch {
		case e.Call != nil && called:
			return nil, fmt.Errorf("line %d: operation %d is called twice", n, e.Op)
		case e.Call != nil:
			place[e.Op] = len(ops)
			ops = append(ops, Op{Process: process, Call: *e.Call, Return: Return{Outcome: Unknown}, Start: e.At, End: Never})
		case !called || ops[i].End != Never:
			return nil, fmt.Errorf("line %d: operation %d returns without a call", n, e.Op)
		case e.At < ops[i].Start:
			return nil, fmt.Errorf("line %d: operation %d returns before its call", n, e.Op)
		default:
			ops[i].Return, ops[i].End = *e.Return, e.At
		}
	}
}

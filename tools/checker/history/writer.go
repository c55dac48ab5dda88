package history

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Writer writes a process's file. It is safe for concurrent use.
//
// Each event is one write to the file, so what was written survives a kill of
// the process. An error stays and is given by Close: a client must not be held
// up, or fail, by its record.
type Writer struct {
	path string

	mu   sync.Mutex
	file *os.File
	next int64
	err  error
}

// Create makes the file, which must not be there.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make a history: %w", err)
	}
	return &Writer{path: path, file: f}, nil
}

// Call records that an operation is about to be sent, and gives the number to
// name it by when it has ended.
func (w *Writer) Call(c Call) (op int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	w.write(event{Op: w.next, At: Now(), Call: &c})
	return w.next
}

// Return records how the operation ended.
func (w *Writer) Return(op int64, r Return) {
	at := Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(event{Op: op, At: at, Return: &r})
}

func (w *Writer) write(e event) {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = w.file.Write(append(b, '\n'))
	}
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write the history %s: %w", w.path, err)
	}
}

// Close ends the file and gives the first error that there was.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.file.Close(); w.err == nil {
		w.err = err
	}
	return w.err
}

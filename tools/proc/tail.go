package proc

import (
	"io"
	"os"
	"strings"
)

// tailBytes bounds what Tail reads: enough for the last lines of any log.
const tailBytes = 16 << 10

// Tail returns the last n lines of a log, indented for an error message, or a
// line that says why there are none.
func Tail(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return "\t(no log: " + err.Error() + ")"
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		_, err = f.Seek(max(0, size-tailBytes), io.SeekStart)
		if err != nil {
			return "\t(no log: " + err.Error() + ")"
		}
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return "\t(no log: " + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines = lines[max(0, len(lines)-n):]
	if len(lines) == 1 && lines[0] == "" {
		return "\t(" + path + " is empty)"
	}
	return "\t" + strings.Join(lines, "\n\t")
}

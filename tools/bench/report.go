package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// report is one run: what was asked, where it ran, and what came out.
type report struct {
	Command  string             `json:"command"`
	Date     string             `json:"date"`
	Cores    int                `json:"cores"`
	Platform string             `json:"platform"`
	Go       string             `json:"go"`
	Driver   string             `json:"mysql_driver"`
	Rounds   int                `json:"rounds"`
	Turn     string             `json:"turn"`
	Results  map[string]section `json:"results"`
}

func newReport(o options) *report {
	return &report{
		Command: strings.TrimSpace("go run ./tools/bench " + strings.Join(os.Args[1:], " ")),
		Date:    time.Now().UTC().Format(time.DateOnly),
		Cores:   runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Driver: moduleVersion("github.com/go-sql-driver/mysql"),
		Rounds: o.rounds, Turn: o.duration.String(), Results: map[string]section{},
	}
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "$ %s\n%s · %d cores, %s · %s · go-sql-driver/mysql %s · %d rounds of turns of %s\n",
		r.Command, r.Date, r.Cores, r.Platform, r.Go, r.Driver, r.Rounds, r.Turn)
}

func (r *report) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "?"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "?"
}

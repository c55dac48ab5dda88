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
	Load     string             `json:"load_average"` // of the machine, before
	Scale    string             `json:"scale"`
	Results  map[string]section `json:"results"`
}

func newReport(o options) *report {
	if o.scale == "" {
		o.scale = fmt.Sprintf("%d rounds of turns of %s", o.rounds, o.duration)
	}
	return &report{
		Command: strings.TrimSpace("go run ./tools/bench " + strings.Join(os.Args[1:], " ")),
		Date:    time.Now().UTC().Format(time.DateOnly),
		Cores:   runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Driver: moduleVersion("github.com/go-sql-driver/mysql"),
		Load:   loadAverage(), Scale: o.scale, Results: map[string]section{},
	}
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "$ %s\n%s · %d cores, %s · %s · go-sql-driver/mysql %s · load average %s · %s\n",
		r.Command, r.Date, r.Cores, r.Platform, r.Go, r.Driver, r.Load, r.Scale)
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

package main

import (
	"fmt"
	"time"

	"github.com/berthdb/berth/cmd/berth/importer"
)

// importProgress tells how far an import is: a line that is redrawn on a
// terminal, a line now and then elsewhere.
type importProgress struct {
	a     *app
	size  int64 // of the file, 0 when not known
	begun time.Time
	told  time.Time
	first importer.Result // where this run began to count
	drawn bool
}

const (
	redrawEvery = 200 * time.Millisecond
	tellEvery   = 10 * time.Second
)

func newImportProgress(a *app, size int64) *importProgress {
	now := a.now()
	return &importProgress{a: a, size: size, begun: now, told: now}
}

func (p *importProgress) show(r importer.Result) {
	now := p.a.now()
	every := tellEvery
	if p.a.live {
		every = redrawEvery
	}
	if now.Sub(p.told) < every {
		return
	}
	p.told = now
	if p.first == (importer.Result{}) {
		p.first, p.begun = r, now // the rate counts from the first report on
	}
	line := fmt.Sprintf("%d rows", r.Rows)
	if s := now.Sub(p.begun).Seconds(); s > 0 {
		line += fmt.Sprintf(", %.0f a second", float64(r.Rows-p.first.Rows)/s)
	}
	line += fmt.Sprintf(", %s", count(r.Rejected, "reject"))
	if p.size > 0 {
		line += fmt.Sprintf(", %s of %s", humanBytes(uint64(r.Offset)), humanBytes(uint64(p.size)))
	}
	if p.a.live {
		fmt.Fprintf(p.a.err, "\r%s\x1b[K", line)
		p.drawn = true
		return
	}
	fmt.Fprintln(p.a.err, line)
}

func (p *importProgress) end() {
	if p.drawn {
		fmt.Fprint(p.a.err, "\r\x1b[K")
	}
}

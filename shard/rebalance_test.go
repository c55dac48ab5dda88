package shard_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard"
)

const gib = 1 << 30

// TestRebalance reads testdata/rebalance.txt: cases, each a title, lines that
// say what is there, and after "=>" what is proposed.
//
//	shard NAME [weight=N] [draining]
//	SPAN SHARD GiB [rate=N] [frozen=SHARD] [heavy=MEMBER:GiB[:RATE]]...
//	busy SPAN SHARD
//	tolerance=N
func TestRebalance(t *testing.T) {
	in, err := os.ReadFile("testdata/rebalance.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var c *rebalanceCase
	lines := bufio.NewScanner(bytes.NewReader(in))
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "# "):
			c = newRebalanceCase()
			fmt.Fprintln(&out, line)
		case line == "=>":
			fmt.Fprintf(&out, "=>\n%s\n", c.run(t))
			c = nil
		case c != nil && line != "":
			c.read(t, strings.Fields(line))
			fmt.Fprintln(&out, line)
		}
	}
	golden(t, "rebalance.txt", out.Bytes())
}

type rebalanceCase struct {
	doc   shard.Document
	sizes map[shard.Span]shard.Load
	opts  shard.RebalanceOptions
}

func newRebalanceCase() *rebalanceCase {
	d := document()
	d.Shards, d.Ranges, d.Pins, d.Tables = nil, nil, nil, nil
	return &rebalanceCase{d, map[shard.Span]shard.Load{}, shard.RebalanceOptions{Busy: map[shard.Span]string{}}}
}

func (c *rebalanceCase) read(t *testing.T, words []string) {
	options := map[string][]string{}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		options[k] = append(options[k], v)
	}
	one := func(k string) string { return append(options[k], "0")[0] }
	if v, ok := options["tolerance"]; ok {
		c.opts.Tolerance = number(t, v[0])
		return
	}
	switch words[0] {
	case "shard":
		_, draining := options["draining"]
		c.doc.Shards = append(c.doc.Shards, shard.Shard{
			Name: words[1], Database: "app", Primary: shard.Instance{Address: fmt.Sprintf("10.0.0.%d:3306", len(c.doc.Shards)+1)},
			Weight: int(number(t, one("weight"))), Draining: draining,
		})
	case "busy":
		c.opts.Busy[span(words[1])] = words[2]
	default:
		e := shard.Entry{Span: span(words[0]), Shard: words[1]}
		if to := options["frozen"]; to != nil {
			f := freeze(to[0], "job/1")
			e.Frozen = &f
		}
		l := shard.Load{Bytes: uint64(number(t, words[2]) * gib), Rate: number(t, one("rate"))}
		l.Rows = l.Bytes / 300
		for _, h := range options["heavy"] {
			p := append(strings.Split(h, ":"), "0")
			size := uint64(number(t, p[1]) * gib)
			l.Heaviest = append(l.Heaviest, shard.MemberLoad{Member: mustMember(t, p[0]), Bytes: size, Rows: size / 300, Rate: number(t, p[2])})
		}
		c.sizes[e.Span] = l
		if e.Span.IsPin() {
			c.doc.Pins = append(c.doc.Pins, e)
		} else {
			c.doc.Ranges = append(c.doc.Ranges, e)
		}
	}
}

// run is what is proposed, and what each shard holds then.
func (c *rebalanceCase) run(t *testing.T) string {
	m := mustMap(t, c.doc)
	moves, err := shard.Rebalance(m, c.sizes, c.opts)
	if err != nil {
		return err.Error() + "\n"
	}
	held := map[string]shard.Load{}
	for _, e := range m.Entries() {
		home := e.Shard
		if to, ok := c.opts.Busy[e.Span]; ok {
			home = to
		}
		if e.Frozen != nil {
			home = e.Frozen.To
		}
		l := c.sizes[e.Span]
		held[home] = shard.Load{Bytes: held[home].Bytes + l.Bytes, Rate: held[home].Rate + l.Rate}
	}
	var b strings.Builder
	for _, p := range moves {
		fmt.Fprintf(&b, "%s: %.1f GiB", p, float64(p.Load.Bytes)/gib)
		if p.Load.Rate > 0 {
			fmt.Fprintf(&b, ", %.0f/s", p.Load.Rate)
		}
		b.WriteByte('\n')
		from, to := held[p.From], held[p.To]
		from.Bytes, from.Rate = from.Bytes-p.Load.Bytes, from.Rate-p.Load.Rate
		to.Bytes, to.Rate = to.Bytes+p.Load.Bytes, to.Rate+p.Load.Rate
		held[p.From], held[p.To] = from, to
	}
	for s := range m.Shards() {
		fmt.Fprintf(&b, "%s then %.1f GiB", s.Name, float64(held[s.Name].Bytes)/gib)
		if held[s.Name].Rate > 0 {
			fmt.Fprintf(&b, ", %.0f/s", held[s.Name].Rate)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRebalanceNeedsEverySize(t *testing.T) {
	m := mustMap(t, document())
	sizes := map[shard.Span]shard.Load{}
	for _, e := range m.Entries() {
		sizes[e.Span] = shard.Load{}
	}
	if moves, err := shard.Rebalance(m, sizes, shard.RebalanceOptions{}); err != nil || len(moves) != 0 {
		t.Errorf("nothing weighs anything, and got %v, %v", moves, err)
	}
	if _, err := shard.Rebalance(m, sizes, shard.RebalanceOptions{Tolerance: 1}); err == nil {
		t.Error("a tolerance of 1 was taken")
	}
	delete(sizes, span("member:7"))
	if _, err := shard.Rebalance(m, sizes, shard.RebalanceOptions{}); err == nil || !strings.Contains(err.Error(), "member:7") {
		t.Errorf("without the size of a pin: %v", err)
	}
}

func TestShortest(t *testing.T) {
	for _, c := range []struct{ low, high, want shard.KeyspaceID }{
		{0x3f12345678abcdef, 0x4100000000000001, 0x4100000000000000},
		{0x3f12345678abcdef, 0x40ffffffffffffff, 0x4000000000000000},
		{0x4000000000000001, 0x40ffffffffffffff, 0x40ff000000000000},
		{0x4000000000000001, 0x4000000000000001, 0x4000000000000001},
		{0x4000000000000000, 0x4000000000000000, 0x4000000000000000},
		{1, 1<<64 - 1, 0xff << 56},
		{1<<64 - 1, 1<<64 - 1, 1<<64 - 1},
	} {
		if got := shard.Shortest(c.low, c.high); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// pauseBar is the longest wait of a member that moves, at p99, in ms.
const pauseBar = 50.0

// cutoverResult is what clients felt of cutovers.
type cutoverResult struct {
	MySQL   string        `json:"mysql"`
	Rows    int           `json:"rows"`
	Rate    int           `json:"transactions_per_second"`
	Routers int           `json:"routers"`
	Durable bool          `json:"durable"`
	Lines   []cutoverLine `json:"scenarios"`
}

// cutoverLine is the cutovers of one scenario.
type cutoverLine struct {
	Scenario string  `json:"scenario"`
	Cutovers int     `json:"cutovers"`
	GaveUp   int     `json:"gave_up"` // after their attempts, with nothing changed
	Attempts int     `json:"attempts"`
	Waited   float64 `json:"asked_to_seen_ms"` // median
	Told     float64 `json:"pause_by_record_ms"`
	Groups   []group `json:"groups"`
	// Of the transactions that were kept open.
	Held       int            `json:"held,omitempty"`
	HeldFailed map[string]int `json:"held_failed,omitempty"`
	Verdict    string         `json:"verdict,omitempty"`
}

// group is what some members felt.
type group struct {
	Members      string         `json:"members"`
	Transactions int            `json:"transactions"`
	Failed       map[string]int `json:"failed,omitempty"`
	P50          float64        `json:"p50_ms"` // of all transactions around the cutovers; median of the cutovers
	Pause        waits          `json:"longest_ms"`
	Quiet        waits          `json:"longest_without_ms"` // in as long a time before each cutover
}

// waits are the longest waits of the cutovers.
type waits struct {
	Median float64   `json:"median"`
	P99    float64   `json:"p99"`
	Worst  float64   `json:"worst"`
	Each   []float64 `json:"each"` // in their order, forth and back
}

func waitsOf(each []float64) waits {
	sorted := slices.Sorted(slices.Values(each))
	return waits{quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1), each}
}

// first is that of the first cutover, when no router has had a connection to
// the new owner yet.
func (w waits) first() float64 {
	if len(w.Each) == 0 {
		return 0
	}
	return w.Each[0]
}

// worsts are each run's longest wait.
func worsts(runs []cutoverRun, get func(cutoverRun) feeling) (list []float64) {
	for _, r := range runs {
		list = append(list, get(r).Worst)
	}
	return list
}

func cutoverSummary(s scenario, runs []cutoverRun) cutoverLine {
	l := cutoverLine{Scenario: s.what(), Cutovers: len(runs), HeldFailed: map[string]int{}}
	l.Waited = medianOf(runs, func(r cutoverRun) float64 { return milliseconds(r.waited) })
	var told []float64
	for _, r := range runs {
		if r.gaveUp {
			l.GaveUp++
		}
		if r.told > 0 {
			told = append(told, r.told)
		}
		l.Attempts += r.attempts
		l.Held += r.held
		addUp(l.HeldFailed, r.heldFailed)
	}
	if len(told) > 0 {
		l.Told = median(told)
	}
	for i, name := range []string{"that move", "others"} {
		g := group{Members: name, Failed: map[string]int{}}
		g.Pause = waitsOf(worsts(runs, func(r cutoverRun) feeling { return r.during[i] }))
		g.Quiet = waitsOf(worsts(runs, func(r cutoverRun) feeling { return r.quiet[i] }))
		g.P50 = medianOf(runs, func(r cutoverRun) float64 { return r.during[i].P50 })
		for _, r := range runs {
			g.Transactions += r.during[i].Transactions
			addUp(g.Failed, r.during[i].Failed)
		}
		l.Groups = append(l.Groups, g)
	}
	if s.open == 0 {
		l.Verdict = verdict(l.Groups[moving].Pause.P99 <= pauseBar && len(l.Groups[moving].Failed)+len(l.Groups[others].Failed) == 0)
	}
	return l
}

func addUp(to, from map[string]int) {
	for k, n := range from {
		to[k] += n
	}
}

func (r cutoverResult) print(w io.Writer) {
	fmt.Fprintf(w, "Cutovers of half of the members, forth and back, under %d transactions/s through %d routers, Consul, MySQL %s, %s\n", r.Rate, r.Routers, r.MySQL, durability(r.Durable))
	fmt.Fprintf(w, "Bar: longest wait of members that move at most %.0f ms at p99, no failed statement\n", pauseBar)
	fmt.Fprintf(w, "The longest wait is that of the slowest transaction around each cutover, from when it was due; \"without\" is the same in as long a time before\n")
	for _, l := range r.Lines {
		fmt.Fprintf(w, "\n%s: %d cutovers in %d attempts, %d gave up; asked to seen %.0f ms; pause by the job's record %.1f ms (medians)   %s\n",
			l.Scenario, l.Cutovers, l.Attempts, l.GaveUp, l.Waited, l.Told, l.Verdict)
		fmt.Fprintf(w, "  %-10s %8s %8s   %-37s   %-28s  %s\n", "members", "tx", "p50 ms", "longest ms: first median p99 worst", "without: median p99 worst", "failed")
		for _, g := range l.Groups {
			fmt.Fprintf(w, "  %-10s %8d %8.2f   %10.1f %8.1f %8.1f %8.1f   %10.1f %8.1f %8.1f   %s\n", g.Members, g.Transactions, g.P50,
				g.Pause.first(), g.Pause.Median, g.Pause.P99, g.Pause.Worst, g.Quiet.Median, g.Quiet.P99, g.Quiet.Worst, counted(g.Failed))
		}
		if l.Held > 0 {
			fmt.Fprintf(w, "  of %d transactions that were kept open failed: %s\n", l.Held, counted(l.HeldFailed))
		}
	}
}

// counted lists what failed and how often.
func counted(failed map[string]int) string {
	if len(failed) == 0 {
		return "none"
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(failed)) {
		list = append(list, fmt.Sprintf("%d %s", failed[k], k))
	}
	return strings.Join(list, "; ")
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// The statuses, which are also the exit statuses of "berth health" by their
// place, as monitoring plugins expect.
const (
	fine     = "ok"
	note     = "note" // worth knowing, and nothing is wrong
	warning  = "warning"
	critical = "critical"
	unknown  = "unknown"
)

func newHealth(a *app) *cobra.Command {
	var watch bool
	interval := 2 * time.Second
	cmd := &cobra.Command{
		Use: "health", Short: "Say what is wrong and what to run next",
		Long: `Ask the store and all servers side by side, and say what is wrong and what to run
next. Whoever does not answer within 800 ms is reported as such, so the answer
comes within a second. With the store down it goes by the cached map.

It exits with 0 when all is well, 1 for a warning, 2 when something is critical,
3 when nothing can be told.`,
		Example:           "  berth health\n  berth health --watch\n  berth health -o json",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if interval <= 0 {
				return misuse("--interval %s: write a time such as 2s", interval)
			}
			if watch {
				return a.watchHealth(cmd.Context(), interval)
			}
			h := a.health(cmd.Context())
			if err := a.showHealth(h, false); err != nil {
				return err
			}
			return statusError(h.exit())
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on until Ctrl-C")
	cmd.Flags().DurationVar(&interval, "interval", interval, "how often, with --watch")
	return cmd
}

// healthDocument is the answer, as scripts see it.
type healthDocument struct {
	Status  string         `json:"status"`
	Epoch   uint64         `json:"epoch"` // of the map that the answer goes by; 0: there is none
	Store   storeHealth    `json:"store"`
	Shards  []shardHealth  `json:"shards"`
	Routers []routerHealth `json:"routers"`
	Jobs    []jobHealth    `json:"jobs"`
}

type storeHealth struct {
	URL       string    `json:"url"`
	Status    string    `json:"status"`
	LatencyMS float64   `json:"latency_ms"`
	MapFrom   string    `json:"map_from"` // "store", "cache" or empty
	Problems  []problem `json:"problems"`
}

type shardHealth struct {
	Name      string          `json:"name"`
	Status    string          `json:"status"`
	Primary   string          `json:"primary"`
	LatencyMS float64         `json:"latency_ms"`
	Breaker   string          `json:"breaker"` // of a router; a command has none
	Replicas  []replicaHealth `json:"replicas"`
	Problems  []problem       `json:"problems"`
}

type replicaHealth struct {
	Instance string `json:"instance"`
	LagMS    *int64 `json:"lag_ms"` // null: not known
	Status   string `json:"status"`
}

type routerHealth struct {
	ID     string    `json:"id"`
	Host   string    `json:"host"`
	Epoch  uint64    `json:"epoch"`
	SeenAt time.Time `json:"seen_at"`
}

// problem is one thing that is wrong, and the next step.
type problem struct {
	Severity string `json:"severity"`
	What     string `json:"what"`
	Next     string `json:"next"`
}

// rank orders statuses: the worst is the highest. That nothing is known is
// worse than a warning, and less urgent than what is known to be critical.
func rank(status string) int {
	return map[string]int{fine: 0, warning: 1, unknown: 2, critical: 3}[status]
}

func worse(a, b string) string {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func worst(problems []problem) string {
	status := fine
	for _, p := range problems {
		if p.Severity != note {
			status = worse(status, p.Severity)
		}
	}
	return status
}

func (h *healthDocument) exit() int {
	return map[string]int{fine: 0, warning: 1, critical: 2, unknown: 3}[h.Status]
}

// watchHealth goes on until Ctrl-C, which is how it is meant to end.
func (a *app) watchHealth(ctx context.Context, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		h := a.health(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := a.showHealth(h, true); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *app) showHealth(h *healthDocument, watching bool) error {
	switch {
	case a.json() && watching:
		return printLine(a.out, h)
	case a.json():
		return printJSON(a.out, h)
	case watching && a.colour: // a terminal
		fmt.Fprint(a.out, "\x1b[H\x1b[2J")
	case watching:
		fmt.Fprintf(a.out, "%s\n", moment(a.now()))
	}
	from := ""
	if h.Store.MapFrom == "cache" {
		from = " (from this machine's cache)"
	}
	fmt.Fprintf(a.out, "%s: epoch %d%s, store %s, %s, %s\n", a.paintStatus(h.Status), h.Epoch, from, h.Store.URL,
		count(len(h.Shards), "shard"), count(len(h.Routers), "router"))
	if len(h.Shards) > 0 {
		fmt.Fprintln(a.out)
		a.grid([]column{left("shard"), left("status"), left("primary"), right("latency"), left("replicas")}, a.healthRows(h))
	}
	a.showRouters(h)
	a.showJobs(h)
	a.showProblems(h)
	return nil
}

func (a *app) healthRows(h *healthDocument) [][]any {
	var rows [][]any
	for _, s := range h.Shards {
		latency := "-"
		if s.LatencyMS > 0 {
			latency = fmt.Sprintf("%.1f ms", s.LatencyMS)
		}
		var replicas []string
		for _, r := range s.Replicas {
			lag := "lag unknown"
			if r.LagMS != nil {
				lag = fmt.Sprintf("%d s behind", *r.LagMS/1000)
			}
			replicas = append(replicas, fmt.Sprintf("%s %s, %s", r.Instance, r.Status, lag))
		}
		if replicas == nil {
			replicas = []string{"none"}
		}
		rows = append(rows, []any{s.Name, a.paintStatus(s.Status), s.Primary, latency, strings.Join(replicas, "; ")})
	}
	return rows
}

func (a *app) showRouters(h *healthDocument) {
	if len(h.Routers) == 0 {
		return
	}
	var rows [][]any
	for _, r := range h.Routers {
		rows = append(rows, []any{r.ID, r.Host, r.Epoch, moment(r.SeenAt)})
	}
	fmt.Fprintln(a.out)
	a.grid([]column{left("router"), left("host"), right("epoch"), left("seen")}, rows)
}

func (a *app) showProblems(h *healthDocument) {
	show := func(subject string, problems []problem) {
		for _, p := range problems {
			fmt.Fprintf(a.out, "\n%s: %s: %s\n  next: %s\n", a.paintStatus(p.Severity), subject, p.What, p.Next)
		}
	}
	show("store", h.Store.Problems)
	for _, s := range h.Shards {
		show("shard "+s.Name, s.Problems)
	}
	for _, j := range h.Jobs {
		show("job "+j.ID, j.Problems)
	}
}

func (a *app) paintStatus(status string) string {
	colours := map[string]text.Color{fine: text.FgGreen, warning: text.FgYellow, critical: text.FgRed, unknown: text.FgMagenta}
	if status == note {
		return status
	}
	return a.paint(colours[status], status)
}

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{5, 1, 100}, 5}, {[]float64{4, 1, 2, 100}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %g instead of %g", c.values, got, c.want)
		}
	}
}

// The interval leaves out what one round of chance could have done, and shrinks
// with the number of rounds.
func TestRatioOf(t *testing.T) {
	for _, c := range []struct {
		rounds    int
		low, high float64
	}{{1, 1, 1}, {5, 1, 5}, {9, 2, 8}, {25, 8, 18}, {100, 41, 60}} {
		values := make([]float64, c.rounds)
		for i := range values {
			values[i] = float64(c.rounds - i)
		}
		if got := ratioOf(values); got.Low != c.low || got.High != c.high || got.Median != float64(c.rounds+1)/2 {
			t.Errorf("of 1 to %d: %+v instead of %g to %g", c.rounds, *got, c.low, c.high)
		}
	}
}

func TestVerdict(t *testing.T) {
	turns := func(p50 ...float64) (all []turn) {
		for _, v := range p50 {
			all = append(all, turn{p50: v, perSecond: 1000, cpu: 1})
		}
		return all
	}
	base := turns(1, 1, 1)
	for _, c := range []struct {
		name, want string
		own        []turn
	}{
		{"as fast", "met", turns(1, 1.01, 1.02)},
		{"slower in each round", "MISSED", turns(1.2, 1.1, 1.3)},
		{"slower in most rounds", "open", turns(1.2, 1.1, 0.9)},
	} {
		var l line
		l.compare(c.own, base)
		if l.Verdict != c.want {
			t.Errorf("%s: %s instead of %s", c.name, l.Verdict, c.want)
		}
	}
	var l line
	slow := turns(1, 1, 1)
	for i := range slow {
		slow[i].perSecond = 900
	}
	if l.compare(slow, base); l.Verdict != "MISSED" {
		t.Errorf("nine tenths of the throughput: %s", l.Verdict)
	}
}

// What is printed for people and for scripts is the same result.
func TestPrint(t *testing.T) {
	plain := line{Manner: "M", Statement: "insert", Connections: 8, Through: "plain driver", PerSecond: 100, P50: 1}
	ours := line{
		Manner: "M", Statement: "insert", Connections: 8, Through: "repository", PerSecond: 99, P50: 1.01,
		Latency: &ratio{1.01, 0.9, 1.1}, Throughput: &ratio{0.99, 0.9, 1.1}, Work: &ratio{1, 1, 1}, Verdict: "met",
	}
	r := newReport(options{rounds: 3})
	r.Results["router"] = routerResult{MySQL: "9.7.4", Lines: []line{plain, ours}}
	var people, scripts bytes.Buffer
	r.Results["router"].print(&people)
	for _, want := range []string{"plain driver", "1.01 (0.90-1.10)  0.99 (0.90-1.10)", "met"} {
		if !strings.Contains(people.String(), want) {
			t.Errorf("no %q in\n%s", want, people.String())
		}
	}
	if err := r.json(&scripts); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Results struct {
			Router struct {
				Lines []struct {
					Ratio *ratio `json:"p50_ratio"`
				}
			}
		}
	}
	if err := json.Unmarshal(scripts.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	lines := back.Results.Router.Lines
	if len(lines) != 2 || lines[0].Ratio != nil || lines[1].Ratio == nil || lines[1].Ratio.Median != 1.01 {
		t.Errorf("the JSON says otherwise:\n%s", scripts.String())
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario is what else goes on when a cutover is asked for.
type scenario struct {
	name   string
	open   time.Duration // how long each of the transactions that are kept open takes; 0: none are
	long   bool          // longer than one attempt waits for
	moving bool          // they are of members that move
	kill   bool          // the job may end them
	part   int           // of the rounds: one in so many
}

// what says it for people.
func (s scenario) what() string {
	if s.open == 0 {
		return "nothing kept open"
	}
	text := fmt.Sprintf("%d transactions of %s kept open, of other members", openAtOnce, s.open)
	if s.moving {
		text = fmt.Sprintf("%d transactions of %s kept open, of members that move", openAtOnce, s.open)
	}
	if s.kill {
		text += ", which the job may end (--kill)"
	}
	return text
}

func scenarios(long time.Duration) []scenario {
	return []scenario{
		{name: "plain", part: 1},
		{name: "short", open: 300 * time.Millisecond, moving: true, part: 5},
		{name: "others", open: long, long: true, part: 5},
		{name: "long", open: long, long: true, moving: true, part: 5},
		{name: "kill", open: long, long: true, moving: true, kill: true, part: 5},
	}
}

func scenarioNames() (names []string) {
	for _, s := range scenarios(0) {
		names = append(names, s.name)
	}
	return names
}

// chosen are the scenarios that were asked for, in their order.
func (o moveOptions) chosen() (list []scenario, err error) {
	for _, name := range o.scenarios {
		if !slices.Contains(scenarioNames(), name) {
			return nil, fmt.Errorf("--scenarios %s: there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	for _, s := range scenarios(o.long) {
		if slices.Contains(o.scenarios, s.name) {
			list = append(list, s)
		}
	}
	return list, nil
}

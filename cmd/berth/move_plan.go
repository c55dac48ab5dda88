package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

// planOf tells what a move would do.
func planOf(r move.Request, p *move.Plan) plan {
	out := plan{title: planTitle(r, p)}
	if p.Cut != "" {
		out.add("cut       at %s, in the map of epoch %d", shortID(p.Range.Start), p.Epoch)
	}
	if p.Member != "" && p.Kind != move.KindUnpin {
		out.add("pin       member %s, whose home is then named in the map by itself", p.Member)
	}
	if len(p.Refusals) == 0 || len(p.Tables) > 0 {
		out.add("rows      %d of %s, about %s", p.Rows, count(p.Members, "member"), humanBytes(uint64(max(p.Bytes, 0))))
	}
	for i, t := range p.Tables {
		head := "          "
		if i == 0 {
			head = "tables    "
		}
		out.add("%s%s: %s, %s", head, t.Name, count(t.Rows, "row"), humanBytes(uint64(max(t.Bytes, 0))))
	}
	if p.Disk != "" {
		out.add("disk      %s", p.Disk)
	}
	if p.CopySeconds > 0 {
		out.add("takes     about %s to copy and verify, while all is in use", roughly(secondsOf(p.CopySeconds)))
	}
	if p.PauseMs > 0 {
		out.add("pause     about %s in the cutover for the members that move, none for the others", roughly(secondsOf(p.PauseMs/1000)))
	}
	if len(p.Refusals) == 0 {
		out.add("after     the way back stays open until the job is completed, or rolled back")
	}
	for _, w := range p.Warnings {
		if !aboutSession(p, w) { // they follow, with what they do
			out.add("warning   %s", strings.Replace(w, ": warning: ", ": ", 1))
		}
	}
	for i, s := range p.Sessions {
		if i == mostSessions {
			out.add("          and %d more", len(p.Sessions)-i)
			break
		}
		out.add("open long %s", sessionText(s))
	}
	if len(p.Sessions) > 0 {
		out.add("          the cutover waits for these, backs off and tries again; --kill-transactions ends them")
	}
	return out
}

// mostSessions is how many open transactions a plan names.
const mostSessions = 5

// planTitle says what was asked for, or what comes of it once that is known.
func planTitle(r move.Request, p *move.Plan) string {
	title := string(r.Kind)
	switch {
	case !r.Member.IsZero():
		title += " member " + r.Member.String()
	case r.Kind == move.KindMerge:
		title += fmt.Sprintf(" ranges %s and %s", r.Range, r.With)
	default:
		title += " range " + r.Range.String()
	}
	switch {
	case p.From == "":
		return title + " to shard " + p.To
	case p.Range != nil && *p.Range != r.Range || r.Kind == move.KindMerge:
		return fmt.Sprintf("%s: %s moves from shard %s to shard %s", title, p.Range, p.From, p.To)
	}
	return fmt.Sprintf("%s from shard %s to shard %s", title, p.From, p.To)
}

// aboutSession reports whether a warning is of an open transaction.
func aboutSession(p *move.Plan, warning string) bool {
	return slices.ContainsFunc(p.Sessions, func(s move.Session) bool {
		return strings.HasPrefix(warning, fmt.Sprintf("session %d of ", s.ID))
	})
}

func sessionText(s move.Session) string {
	who := s.User + "@" + s.Host
	if s.Program != "" {
		who += " (" + s.Program + ")"
	}
	text := fmt.Sprintf("session %d of %s has a transaction open for %s", s.ID, who, roughly(s.Age))
	if s.Doing != "" {
		text += ": " + shortened(s.Doing, 80)
	}
	return text
}

// shortened is a text on one line, of so many letters at most.
func shortened(s string, most int) string { return fitted(strings.Join(strings.Fields(s), " "), most) }

// fitted is the line's beginning if it is longer.
func fitted(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func secondsOf(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// roughly is a duration for people who want to know how long to wait.
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// shortID is a keyspace id as ranges and --at have it: 40 for 4000000000000000.
func shortID(k shard.KeyspaceID) string {
	return strings.TrimSuffix(shard.Range{Start: k}.String(), "-")
}

// rangeArgument reads a range.
func rangeArgument(text string) (shard.Range, error) {
	r, err := shard.ParseRange(text)
	if err != nil {
		return r, misuse(`%w; see the ranges there are with "berth map show"`, err)
	}
	return r, nil
}

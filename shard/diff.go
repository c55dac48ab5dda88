package shard

import (
	"fmt"
	"strings"
)

// Difference is one thing that differs between two maps: a shard, an entry or
// a table, as its line reads before and after. Empty means that it is not there.
type Difference struct {
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff lists what changed from a to b: shards, then ranges and pins, then tables.
func Diff(a, b *Map) []Difference {
	var out []Difference
	collect := func(lines func(*Map) ([]string, map[string]string)) {
		oldKeys, before := lines(a)
		newKeys, after := lines(b)
		for _, k := range oldKeys {
			if before[k] != after[k] {
				out = append(out, Difference{k, before[k], after[k]})
			}
		}
		for _, k := range newKeys {
			if _, ok := before[k]; !ok {
				out = append(out, Difference{k, "", after[k]})
			}
		}
	}
	collect(shardLines)
	collect(entryLines)
	collect(tableLines)
	return out
}

// String is one line: "+" for what came, "-" for what went, "~" for a change.
func (d Difference) String() string {
	switch {
	case d.Before == "":
		return fmt.Sprintf("+ %s: %s", d.What, d.After)
	case d.After == "":
		return fmt.Sprintf("- %s: %s", d.What, d.Before)
	}
	return fmt.Sprintf("~ %s: %s -> %s", d.What, d.Before, d.After)
}

func shardLines(m *Map) (keys []string, lines map[string]string) {
	lines = map[string]string{}
	for s := range m.Shards() {
		words := []string{s.Database, "primary " + s.Primary.String()}
		for _, r := range s.Replicas {
			words = append(words, "replica "+r.String())
		}
		if s.Draining {
			words = append(words, "draining")
		}
		if s.Weight > 1 {
			words = append(words, fmt.Sprintf("weight %d", s.Weight))
		}
		key := "shard " + s.Name
		keys, lines[key] = append(keys, key), strings.Join(words, ", ")
	}
	return keys, lines
}

// String is the address, with the server's UUID when it is known.
func (i Instance) String() string {
	if i.UUID == "" {
		return i.Address
	}
	return i.Address + " (" + i.UUID + ")"
}

func entryLines(m *Map) (keys []string, lines map[string]string) {
	lines = map[string]string{}
	for _, e := range m.Entries() {
		key := "range " + e.Span.String()
		if e.Span.IsPin() {
			key = "pin " + e.Span.Pin.String()
		}
		line := e.Shard
		if e.Frozen != nil {
			line = fmt.Sprintf("%s, frozen for %s by attempt %s", e.Shard, e.Frozen.To, e.Frozen.Attempt)
		}
		keys, lines[key] = append(keys, key), line
	}
	return keys, lines
}

func tableLines(m *Map) (keys []string, lines map[string]string) {
	lines = map[string]string{}
	for t := range m.Tables() {
		line := string(t.Kind)
		switch t.Kind {
		case Sharded:
			line += " by " + t.MemberColumn
			if t.OwnKeys {
				line += ", in every key"
			}
		case Global:
			line += " on " + t.Shard
		}
		key := "table " + t.Name
		keys, lines[key] = append(keys, key), line
	}
	return keys, lines
}

package shard

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// normalise puts the lists in their canonical order and the absent ones to
// empty, so that equal maps have equal texts.
func (d *Document) normalise() {
	slices.SortStableFunc(d.Shards, func(a, b Shard) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(d.Ranges, func(a, b Entry) int { return a.Span.Range.Compare(b.Span.Range) })
	slices.SortStableFunc(d.Pins, func(a, b Entry) int { return compareMembers(a.Span.Pin, b.Span.Pin) })
	slices.SortStableFunc(d.Tables, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	d.Change.Time = d.Change.Time.UTC().Round(0)
	for _, s := range []*string{&d.Change.Author, &d.Change.Action, &d.Change.Reason} {
		*s = strings.ToValidUTF8(*s, "\ufffd") // as JSON would; a reason from a terminal may be in any encoding
	}
	for _, entries := range [][]Entry{d.Ranges, d.Pins} {
		for i, e := range entries {
			if e.Frozen != nil {
				entries[i].Frozen.Deadline = e.Frozen.Deadline.UTC().Round(0)
			}
		}
	}
}

// compareMembers orders integers by value, then strings by bytes.
func compareMembers(a, b Member) int {
	rank := [...]int{memberNegative: 1, memberNatural: 2, memberText: 3}
	if c := cmp.Compare(rank[a.kind], rank[b.kind]); c != 0 {
		return c
	}
	if a.kind == memberNegative {
		return cmp.Compare(b.num, a.num)
	}
	return cmp.Or(cmp.Compare(a.num, b.num), strings.Compare(a.text, b.text))
}

// checkName refuses names that are empty, too long, or would garble a terminal.
func checkName(what, name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("a %s has no name", what)
	case len(name) > limit:
		return fmt.Errorf("%s %q: the name has %d bytes, the limit is %d", what, name, len(name), limit)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%s %q: the name is not plain text", what, name)
	}
	return nil
}

// checkTime refuses what JSON has no text for.
func checkTime(what string, t time.Time) error {
	if y := t.Year(); y < 1 || y > 9999 {
		return fmt.Errorf("the time of the %s is in the year %d", what, y)
	}
	return nil
}

func checkShardName(name string) error {
	if err := checkName("shard", name, 64); err != nil {
		return err
	}
	if strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r))
	}) {
		return fmt.Errorf("shard %q: a name has letters, digits, '.', '_' and '-' only", name)
	}
	return nil
}

// CheckAddress refuses what is not host:port.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || checkName("host", host, 255) != nil {
		return fmt.Errorf("address %q is not HOST:PORT", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("address %q: the port is not a number from 1 to 65535", address)
	}
	return nil
}

func (d *Document) validate() error {
	if d.Format != Format {
		return fmt.Errorf("it has format %d and this berth knows format %d only; run the version that wrote it", d.Format, Format)
	}
	if d.Epoch == 0 {
		return fmt.Errorf("its epoch is 0; the first is 1")
	}
	if err := checkName("cluster", d.Cluster, 64); err != nil {
		return err
	}
	if err := checkTime("change", d.Change.Time); err != nil {
		return err
	}
	if d.Members.Type != Integer && d.Members.Type != String {
		return fmt.Errorf("member type %q is neither %q nor %q", d.Members.Type, Integer, String)
	}
	if err := checkName("member column", d.Members.Column, 64); err != nil {
		return err
	}
	shards, err := d.validateShards()
	if err != nil {
		return err
	}
	if err := d.validateRanges(shards); err != nil {
		return err
	}
	if err := d.validatePins(shards); err != nil {
		return err
	}
	for i, t := range d.Tables {
		if i > 0 && d.Tables[i-1].Name == t.Name {
			return fmt.Errorf("table %s is there twice", t.Name)
		}
		if err := t.validate(shards); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) validateShards() (map[string]bool, error) {
	names := map[string]bool{}
	servers := map[string]string{} // address/database -> shard
	for _, s := range d.Shards {
		if err := checkShardName(s.Name); err != nil {
			return nil, err
		}
		if names[s.Name] {
			return nil, fmt.Errorf("shard %s is there twice", s.Name)
		}
		names[s.Name] = true
		if err := checkName("database", s.Database, 64); err != nil {
			return nil, fmt.Errorf("shard %s: %w", s.Name, err)
		}
		if s.Primary.Address == "" {
			return nil, fmt.Errorf("shard %s has no primary", s.Name)
		}
		if s.Weight < 0 {
			return nil, fmt.Errorf("shard %s has the weight %d; it can't be negative", s.Name, s.Weight)
		}
		for _, in := range append([]Instance{s.Primary}, s.Replicas...) {
			if err := CheckAddress(in.Address); err != nil {
				return nil, fmt.Errorf("shard %s: %w", s.Name, err)
			}
			if in.UUID != "" {
				if err := checkName("server UUID", in.UUID, 64); err != nil {
					return nil, fmt.Errorf("shard %s: %w", s.Name, err)
				}
			}
			at := in.Address + "/" + s.Database
			if other, ok := servers[at]; ok {
				return nil, fmt.Errorf("shards %s and %s both have the server %s", other, s.Name, at)
			}
			servers[at] = s.Name
		}
	}
	return names, nil
}

func (d *Document) validateRanges(shards map[string]bool) error {
	var next KeyspaceID
	for i, e := range d.Ranges {
		r := e.Span.Range
		if e.Span.IsPin() {
			return fmt.Errorf("%s stands among the ranges", e.Span)
		}
		if r.End != 0 && r.End <= r.Start {
			return fmt.Errorf("range %s is empty", r)
		}
		switch {
		case i > 0 && next == 0, r.Start < next:
			return fmt.Errorf("range %s overlaps range %s", r, d.Ranges[i-1].Span.Range)
		case r.Start > next:
			return fmt.Errorf("no range covers %s to %s", next, r.Start)
		}
		if err := e.validate(shards); err != nil {
			return err
		}
		next = r.End
	}
	if len(d.Ranges) == 0 {
		return fmt.Errorf("it has no ranges")
	}
	if next != 0 {
		return fmt.Errorf("no range covers %s to the end", next)
	}
	return nil
}

func (d *Document) validatePins(shards map[string]bool) error {
	for i, e := range d.Pins {
		if !e.Span.IsPin() {
			return fmt.Errorf("range %s stands among the pins", e.Span)
		}
		if err := d.Members.Type.Check(e.Span.Pin); err != nil {
			return fmt.Errorf("a pin: %w", err)
		}
		if i > 0 && d.Pins[i-1].Span == e.Span {
			return fmt.Errorf("member %s is pinned twice", e.Span.Pin)
		}
		if err := e.validate(shards); err != nil {
			return err
		}
	}
	return nil
}

func (e Entry) validate(shards map[string]bool) error {
	if !shards[e.Shard] {
		return fmt.Errorf("%s is owned by shard %q, which the map does not have", e.Span, e.Shard)
	}
	f := e.Frozen
	switch {
	case f == nil:
		return nil
	case !shards[f.To]:
		return fmt.Errorf("%s is frozen for shard %q, which the map does not have", e.Span, f.To)
	case f.To == e.Shard:
		return fmt.Errorf("%s is frozen for shard %s, which owns it already", e.Span, f.To)
	case f.Attempt == "":
		return fmt.Errorf("%s is frozen without an attempt's id", e.Span)
	case f.Deadline.IsZero():
		return fmt.Errorf("%s is frozen without a deadline", e.Span)
	}
	if err := checkName("attempt", f.Attempt, 255); err != nil {
		return fmt.Errorf("%s is frozen: %w", e.Span, err)
	}
	return checkTime("deadline", f.Deadline)
}

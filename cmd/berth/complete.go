package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

// completer gives the words that may stand at a place.
type completer = func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective)

// complete gives the words that a flag may have.
func complete(cmd *cobra.Command, flag string, words ...string) {
	completeBy(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func completeBy(cmd *cobra.Command, flag string, by completer) {
	if err := cmd.RegisterFlagCompletionFunc(flag, by); err != nil {
		panic("berth: completion of a flag that is not there: " + err.Error())
	}
}

// fromMap completes with what the current map has, or with nothing when it
// can't be had at once: somebody is waiting in the middle of a line.
func (a *app) fromMap(places int, words func(*shard.Map) []string) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if places >= 0 && len(args) >= places {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), time.Second)
		defer cancel()
		c, m, err := a.current(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.close()
		return words(m), cobra.ShellCompDirectiveNoFileComp
	}
}

// anyPlace is for flags, which may stand after any number of arguments.
const anyPlace = -1

func shardNames(m *shard.Map) (names []string) {
	for s := range m.Shards() {
		names = append(names, s.Name)
	}
	return names
}

func rangeNames(m *shard.Map) (names []string) {
	for _, e := range m.Entries() {
		if !e.Span.IsPin() {
			names = append(names, e.Span.String())
		}
	}
	return names
}

func pinNames(m *shard.Map) (names []string) {
	for _, e := range m.Entries() {
		if e.Span.IsPin() {
			names = append(names, e.Span.Pin.String())
		}
	}
	return names
}

func tableNames(m *shard.Map) (names []string) {
	for t := range m.Tables() {
		names = append(names, t.Name)
	}
	return names
}

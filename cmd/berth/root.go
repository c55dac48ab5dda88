package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// app is what all commands share: the world outside, and the options that
// every command has.
type app struct {
	streams
	configFile string
	storeURL   string
	output     string // "table" or "json"
	yes        bool
	reason     string
	dryRun     bool // of the commands that change something
}

// run is the program without the process around it.
func run(ctx context.Context, s streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(openRanges(args))
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		// What failed because of Ctrl-C often says so in its own words.
		err = fmt.Errorf("%w (%w)", err, context.Canceled)
	}
	return report(s, err)
}

// negative finds, in what the flags say, a number that was taken for a flag.
var negative = regexp.MustCompile(`in -\d+$`)

// newRoot is the whole command line.
func newRoot(s streams) *cobra.Command {
	a := &app{streams: s}
	root := group("berth", "Give every member one home: a MySQL shard",
		"Berth maps each member id to its MySQL shard through a map kept in Consul or in a directory.",
		"  berth init --shard a=10.0.0.1:3306/app --shard b=10.0.0.2:3306/app\n  berth map lookup 42\n  berth health")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if negative.MatchString(err.Error()) {
			return misuse("%w; write a negative member id after --", err)
		}
		return misuse("%w; see %q", err, cmd.CommandPath()+" --help")
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "configuration `FILE` (default: $BERTH_CONFIG, ./berth.yaml, /etc/berth/berth.yaml)")
	flags.StringVar(&a.storeURL, "store", "", "`URL` of the map's store, consul://HOST:PORT/PREFIX or file:///DIRECTORY, instead of the configuration's")
	flags.StringVarP(&a.output, "output", "o", "table", "table for people or json for scripts")
	flags.BoolVar(&a.yes, "yes", false, "ask no question")
	flags.StringVar(&a.reason, "reason", "", "`TEXT` to keep in the map's history")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.output != "table" && a.output != "json" {
			return misuse("-o %s: write -o table or -o json", a.output)
		}
		return nil
	}
	complete(root, "output", "table", "json")
	root.AddCommand(newInit(a), newMap(a), newShard(a), newTable(a), newSQL(a), newImport(a), newMember(a),
		newSplit(a), newMove(a), newMerge(a), newUnpin(a), newRebalance(a), newJob(a), newServe(a), newHealth(a), newDemo(a), newVersion(a))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	exampleLast(root)
	return root
}

// group is a command that only holds others.
func group(use, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			next := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				next = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+near[0])
			}
			return misuse("%q has no command %q; %s", cmd.CommandPath(), args[0], next)
		},
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(commands...)
	return cmd
}

// exampleLast makes every help end with its example, which is what people copy.
func exampleLast(root *cobra.Command) {
	root.SetUsageTemplate(strings.NewReplacer("{{if .HasExample}}\n\nExamples:\n{{.Example}}{{end}}", "").Replace(root.UsageTemplate()) +
		"{{if .HasExample}}\nExample:\n{{.Example}}\n{{end}}")
	for _, cmd := range root.Commands() {
		switch cmd.Name() { // cobra's own have none
		case "help":
			cmd.Example = "  berth help map lookup"
		case "completion":
			cmd.Example = "  berth completion bash > /etc/bash_completion.d/berth"
			for _, shell := range cmd.Commands() {
				shell.Example = "  berth completion " + shell.Name()
			}
		}
	}
}

// arguments checks their number, and says what is wanted.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return misuse("%s: something is missing; write %q", cmd.CommandPath(), cmd.UseLine())
		case most >= 0 && len(args) > most:
			return misuse("%s: %q is too much; write %q", cmd.CommandPath(), strings.Join(args[most:], " "), cmd.UseLine())
		}
		return nil
	}
}

// dryRunFlag is for the commands that change something.
func (a *app) dryRunFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.dryRun, "dry-run", false, "print the plan and change nothing")
}

func (a *app) json() bool { return a.output == "json" }

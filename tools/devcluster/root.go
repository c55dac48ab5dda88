package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// errUsage marks a wrong call of a command, which exits with 2.
var errUsage = errors.New("wrong usage")

// run is the whole program: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "devcluster: %v\n", err)
		return 2
	default:
		fmt.Fprintf(stderr, "devcluster: %v\n", err)
		return 1
	}
}

func newRoot(log *slog.Logger) *cobra.Command {
	root := &cobra.Command{
		Use:           "devcluster",
		Short:         "Real MySQL and Consul servers on this machine, for development",
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w", errUsage, err)
	})
	root.AddCommand(newUp(log), newDown(log), newFetch(log))
	return root
}

// withoutTime keeps the lines of progress short.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

// noArgs is cobra's, with an error that run knows.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %s takes no argument, and got %q", errUsage, cmd.Name(), args[0])
	}
	return nil
}

// noCommand is the root's: what is left over there was meant for a command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unknown command %q; see %s --help", errUsage, args[0], cmd.Name())
	}
	return nil
}

// dirFlag adds the flag that up and down share.
func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "directory of the cluster (required)")
}

func needDir(dir string) error {
	if dir == "" {
		return fmt.Errorf("%w: say which directory with --dir", errUsage)
	}
	return nil
}

package main

import (
	"io"

	"github.com/spf13/cobra"
)

func newRoot(out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use: "checker", Short: "Prove or break Berth's promises while moves run and things fail",
		Example:      "  go run ./tools/checker run --for 10m --seed 7",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetOut(out)
	root.AddCommand(newRun(out), newJudge(out), newClient(), newWorker())
	return root
}

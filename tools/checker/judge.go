package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/tools/checker/history"
	"github.com/berthdb/berth/tools/checker/verdict"
)

func newJudge(out io.Writer) *cobra.Command {
	var limit time.Duration
	cmd := &cobra.Command{
		Use: "judge DIRECTORY", Short: "Judge the history of a round that was kept", Args: cobra.ExactArgs(1),
		Example: "  go run ./tools/checker judge /tmp/berth-checker-7/round-0003",
		RunE: func(_ *cobra.Command, args []string) error {
			findings, ops, err := judge(args[0], limit)
			if err != nil {
				return err
			}
			for _, f := range findings {
				fmt.Fprintln(out, f)
			}
			if len(findings) > 0 {
				return errors.New("the history is broken")
			}
			fmt.Fprintf(out, "%d operations: nothing lost, nothing twice, nothing stale\n", len(ops))
			return nil
		},
	}
	cmd.Flags().DurationVar(&limit, "limit", searchLimit, "of the search for one object")
	return cmd
}

// searchLimit is the time for one object of a round.
const searchLimit = 30 * time.Second

// finalsFile is beside the histories, and has what the objects held at the end.
const finalsFile = "finals.json"

type final struct {
	history.Object
	State history.State `json:"state"`
}

// keepFinals puts the final states beside the round's histories.
func keepFinals(dir string, finals map[history.Object]history.State) error {
	var list []final
	for o, s := range finals {
		list = append(list, final{o, s})
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, finalsFile), b, 0o644)
}

// judge judges the round in a directory, and draws what it finds.
func judge(dir string, limit time.Duration) (findings []verdict.Finding, ops []history.Op, err error) {
	b, err := os.ReadFile(filepath.Join(dir, finalsFile))
	if err != nil {
		return nil, nil, fmt.Errorf("judge %s: %w", dir, err)
	}
	var list []final
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, nil, fmt.Errorf("judge %s: read the final states: %w", dir, err)
	}
	finals := make(map[history.Object]history.State, len(list))
	for _, f := range list {
		finals[f.Object] = f.State
	}
	ops, err = history.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	findings = verdict.Judge(ops, finals, limit)
	for _, f := range findings {
		page := fmt.Sprintf("member-%d.html", f.Object.Member)
		if _, err := f.Visualize(filepath.Join(dir, page)); err != nil {
			return findings, ops, err
		}
	}
	return findings, ops, nil
}

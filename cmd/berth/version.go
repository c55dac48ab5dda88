package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of this program, of Go and of the map format",
		Example:           "  berth version -o json",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version   string `json:"version"`
				Go        string `json:"go"`
				MapFormat int    `json:"map_format"`
			}{version(), runtime.Version(), shard.Format}
			if a.json() {
				return printJSON(a.out, v)
			}
			fmt.Fprintf(a.out, "berth %s, %s, map format %d\n", v.Version, v.Go, v.MapFormat)
			return nil
		},
	}
}

// version is what the Go tool wrote into the binary: a tag, or a commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// The command berth: see doc.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(process()) }

// process is one run of the program. The first Ctrl-C cancels the context; a
// second one ends the process as if it had not been caught.
func process() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return run(ctx, standardStreams(), os.Args[1:])
}

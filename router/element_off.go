//go:build mutate

package router

import (
	"os"
	"time"
)

// off reports whether $BERTH_MUTATION names the element.
func (e element) off() bool { return os.Getenv("BERTH_MUTATION") == string(e) }

// window makes room for what the element keeps apart, when it is off.
func (e element) window() {
	if e.off() {
		time.Sleep(200 * time.Millisecond)
	}
}

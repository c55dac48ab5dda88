//go:build mutate

package move

import "os"

// off reports whether $BERTH_MUTATION names the element.
func (e element) off() bool { return os.Getenv("BERTH_MUTATION") == string(e) }

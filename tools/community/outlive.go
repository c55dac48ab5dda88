package community

import (
	"context"
	"time"
)

// lastWord is how long what is under way may take when its caller has had enough.
const lastWord = 5 * time.Second

// outlive gives a context that ends a while after ctx, so that statements that
// are under way when ctx ends come to their own end. Call the function when
// none is under way.
func outlive(ctx context.Context) (context.Context, func()) {
	longer, cut := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lastWord, cut) })
	return longer, func() {
		stop()
		cut()
	}
}

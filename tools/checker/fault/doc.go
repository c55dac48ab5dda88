// Package fault strikes a stage: each fault is a small type that does harm and
// undoes it.
//
//	f := fault.StopRouter{Router: s.Routers[1]}
//	err := f.Inject(ctx)
//	…
//	err = f.Heal(ctx)
//
// A Storm strikes one after the other, as a seed has it: at random times, or
// when the worker reaches a failpoint of the mover's, where it waits until the
// fault has struck.
//
// # Caveats
//
// One fault at a time: what two would do together, their histories would not
// tell apart.
package fault

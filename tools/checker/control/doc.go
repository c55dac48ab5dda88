// Package control is how the checker tells its processes what to do: lines of
// JSON over a loopback connection, which the process opens.
//
//	link, err := control.Dial(ctx, addr, control.Hello{Name: "r1", Start: 1})
//	for {
//		var o control.Order
//		if err := link.Receive(&o); err != nil {
//			return nil // the checker is gone, so we go
//		}
//		…
//		err = link.Send(control.Answer{Ended: o.Round})
//	}
//
// # Caveats
//
// A process that is stopped reads nothing: an order waits until it is woken. An
// order is answered once it is carried out, so the checker gives one at a time.
package control

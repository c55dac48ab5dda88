package control_test

import (
	"net"
	"testing"

	"github.com/berthdb/berth/tools/checker/control"
)

func TestOrdersAndAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		ended <- func() error {
			link, err := control.Dial(t.Context(), l.Addr().String(), control.Hello{Name: "r1", Start: 2})
			if err != nil {
				return err
			}
			defer link.Close()
			var o control.Order
			if err := link.Receive(&o); err != nil {
				return err
			}
			return link.Send(control.Answer{Round: o.Round})
		}()
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	link := control.NewLink(conn)
	defer link.Close()
	var h control.Hello
	var a control.Answer
	for _, err := range []error{link.Receive(&h), link.Send(control.Order{Begin: true, Round: 7}), link.Receive(&a), <-ended} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if h != (control.Hello{Name: "r1", Start: 2}) || a.Round != 7 {
		t.Errorf("hello %+v, answer %+v", h, a)
	}
	if err := link.Receive(&a); err == nil {
		t.Error("received from who is gone")
	}
}

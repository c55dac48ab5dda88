package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard/consul"
	"github.com/berthdb/berth/shard/instance"
	"github.com/berthdb/berth/tools/checker/control"
	"github.com/berthdb/berth/tools/checker/stage"
)

// child is what the processes that the stage starts have in common.
type child struct {
	control, name, dir string
	start              int
	consul, prefix     string
	user               string
}

func (c *child) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.control, "control", "", "where the checker listens")
	f.StringVar(&c.name, "name", "", "of the process")
	f.IntVar(&c.start, "start", 0, "which of its starts")
	f.StringVar(&c.dir, "dir", "", "its own directory")
	f.StringVar(&c.consul, "consul", "", "the way to Consul")
	f.StringVar(&c.prefix, "prefix", "", "of the keys")
	f.StringVar(&c.user, "user", "", "MySQL account; its password is in "+stage.PasswordVariable)
	cmd.Hidden = true
}

func (c *child) log() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }

func (c *child) store() (*consul.Store, error) {
	return consul.Open(consul.Config{Address: c.consul, Prefix: c.prefix, Log: c.log()})
}

func (c *child) instance() instance.Config {
	return instance.Config{User: c.user, Password: instance.Literal(os.Getenv(stage.PasswordVariable)), Logger: c.log()}
}

// serve calls in, says that the process is ready, and carries out orders until
// ctx ends or the checker is gone, which is no error.
func (c *child) serve(ctx context.Context, carryOut func(control.Order) error) error {
	link, err := control.Dial(ctx, c.control, control.Hello{Name: c.name, Start: c.start})
	if err != nil {
		return err
	}
	defer link.Close()
	stop := context.AfterFunc(ctx, func() { _ = link.Close() })
	defer stop()
	if err := link.Send(control.Answer{Ready: true}); err != nil {
		return err
	}
	for {
		var o control.Order
		if err := link.Receive(&o); err != nil {
			if err != io.EOF && ctx.Err() == nil {
				return fmt.Errorf("hear from the checker: %w", err)
			}
			return nil
		}
		a := control.Answer{Round: o.Round}
		if err := carryOut(o); err != nil {
			a.Error = err.Error()
		}
		if err := link.Send(a); err != nil {
			return err
		}
	}
}

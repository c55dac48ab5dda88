package binlog

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/go-mysql-org/go-mysql/client"

	"github.com/berthdb/berth/shard/instance"
)

// connect dials and logs in.
func connect(ctx context.Context, cfg Config) (*dump, error) {
	password, err := cfg.Password.Read()
	if err != nil {
		return nil, err
	}
	encryption, err := cfg.TLS.Config(cfg.Address)
	if err != nil {
		return nil, err
	}
	d, err := login(ctx, cfg, password, encryption)
	if err != nil && encryption != nil && cfg.TLS.Mode == instance.TLSPreferred && lacksTLS(err) {
		return login(ctx, cfg, password, nil)
	}
	return d, err
}

func login(ctx context.Context, cfg Config, password string, encryption *tls.Config) (*dump, error) {
	tcp, err := cfg.Dial(ctx, "tcp", cfg.Address)
	if err != nil {
		return nil, err
	}
	d := &dump{wire: &wire{Conn: tcp, limit: max(5*cfg.HeartbeatEvery, leastSilence)}}
	given := func(context.Context, string, string) (net.Conn, error) { return d.wire, nil }
	err = d.bounded(ctx, func() error {
		d.conn, err = client.ConnectWithDialer(ctx, "tcp", cfg.Address, cfg.User, password, "", given,
			func(c *client.Conn) error {
				if encryption != nil {
					c.SetTLSConfig(encryption.Clone())
				}
				c.SetAttributes(map[string]string{"program_name": "berth", "_client_role": "binary_log_listener"})
				return nil
			})
		return err
	})
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// lacksTLS reports that the server has no encryption to offer. The library has
// no value for it.
func lacksTLS(err error) bool {
	return err != nil && !errors.Is(err, context.Canceled) && strings.Contains(err.Error(), "does not support TLS")
}

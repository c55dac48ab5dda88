package consul_test

import (
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/consul"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		url             string
		address, prefix string
		bad             string // in the error
	}{
		{url: "consul://127.0.0.1:8500/berth", address: "127.0.0.1:8500", prefix: "berth"},
		{url: "consul://consul.example:8501/team/berth/", address: "consul.example:8501", prefix: "team/berth"},
		{url: "consul://[::1]:8500/berth", address: "[::1]:8500", prefix: "berth"},
		{url: "consul:///berth", prefix: "berth"},
		{url: "consul://127.0.0.1:8500", address: "127.0.0.1:8500"},
		{url: "consul://127.0.0.1/berth", bad: "HTTP port"},
		{url: "consul://:8500/berth", bad: "HTTP port"},
		{url: "consul://user:secret@127.0.0.1:8500/berth", bad: "set token and TLS"},
		{url: "consul://127.0.0.1:8500/berth?token=secret", bad: "set token and TLS"},
		{url: "consul://secret:x y@:/", bad: "write consul://"},
		{url: "consul://127.0.0.1:8500/a//b", bad: "key prefix"},
		{url: "consul://127.0.0.1:8500/a/../b", bad: "key prefix"},
		{url: "consul://127.0.0.1:8500/a%20b", bad: "key prefix"},
		{url: "http://127.0.0.1:8500/berth", bad: "scheme"},
		{url: "", bad: "scheme"},
	} {
		cfg, err := consul.Parse(test.url)
		switch {
		case test.bad == "" && err != nil:
			t.Errorf("%s: %v", test.url, err)
		case test.bad != "" && (err == nil || !strings.Contains(err.Error(), test.bad)):
			t.Errorf("%s: %v; the error should say %q", test.url, err, test.bad)
		case err == nil && (cfg.Address != test.address || cfg.Prefix != test.prefix):
			t.Errorf("%s: %+v", test.url, cfg)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the error tells the secret: %v", test.url, err)
		}
	}
}

// What Parse takes, String gives back.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"consul://127.0.0.1:8500/berth", "consul://[::1]:1/a/b", "consul://h:0/%41", "consul://", "consul://a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cfg, err := consul.Parse(s)
		if err != nil || cfg.Address == "" || cfg.Prefix == "" {
			return
		}
		store, err := consul.Open(cfg)
		if err != nil {
			return
		}
		defer store.Close()
		again, err := consul.Parse(store.String())
		if err != nil || again.Address != cfg.Address || again.Prefix != cfg.Prefix {
			t.Errorf("%q: %s: %+v, %v", s, store, again, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		cfg  consul.Config
		want string
	}{
		{consul.Config{Token: "secret", TokenFile: "/x"}, "set one of them"},
		{consul.Config{CertFile: "/x"}, "set both"},
		{consul.Config{TokenFile: "/nowhere/token"}, "/nowhere/token"},
		{consul.Config{CAFile: "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
		{consul.Config{Prefix: "a//b"}, "key prefix"},
	} {
		s, err := consul.Open(test.cfg)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", test.cfg, err)
		}
	}
}

package driver

import (
	"strings"
	"testing"
)

func TestDataSourceNames(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("BERTH_CONFIG", "")
	cfg, err := parse("consul://127.0.0.1:8500/berth?user=app&password_env=P&parseTime=true&max_open=7&buffer_window=2s&tls=required")
	if err != nil {
		t.Fatal(err)
	}
	in := cfg.Instance()
	if cfg.Store != "consul://127.0.0.1:8500/berth" || in.User != "app" || !in.Options.ParseTime || in.TLS.Mode != "required" ||
		in.Password.String() != "environment variable P" || cfg.Routing.Pool.MaxOpen != 7 {
		t.Errorf("%+v", cfg)
	}
	for name, want := range map[string]string{
		"redis://x?user=a":                                 "write consul://HOST:PORT/PREFIX",
		"file:///d?user=a&pasword=s3cret":                  `unknown option "pasword"; did you mean password?`,
		"file:///d?user=a&parsetime=true":                  "did you mean parseTime?",
		"file:///d?user=a&Max_Open=7":                      "did you mean max_open?",
		"file:///d?user=a&tls=loud":                        `TLS mode "loud" is none of`,
		"file:///d?user=a&tls_ca=x":                        "its mode is disabled",
		"file:///d?user=a&password=s3cret&password_env=P":  "more than one of password",
		"file:///d?user=a&user=b":                          "twice",
		"file:///d?user=a&multiStatements=true":            `"multiStatements"`,
		"file:///d?user=a&parseTime=s3cret%zz":             "can't be read",
		"file:///d?user=a&max_open=many":                   "max_open",
		"file:///d?user=a&buffer_window=soon":              "buffer_window",
		"file:///d?config=/nowhere/berth.yaml":             "is not there",
		"file:///d?user=a&password_file=x&password=s3cret": "more than one",
	} {
		_, err := parse(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

// Whatever is wrong with a data source name, its password stays out of the error.
func FuzzDataSourceName(f *testing.F) {
	f.Add("consul://127.0.0.1:8500/berth", "parseTime=true")
	f.Add("file:///d", "tls=required&tls_ca=x")
	f.Add("redis://", "password=other")
	f.Fuzz(func(t *testing.T, store, option string) {
		const secret = "xyzzy-s3cret-xyzzy"
		if strings.Contains(option, "config") {
			return // it would read files
		}
		cfg, err := parse(store + "?user=a&password=" + secret + "&" + option)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the password: %v", err)
		}
		if err == nil && !strings.Contains(store, "?") && cfg.Instance().User != "a" {
			t.Errorf("the user became %q", cfg.Instance().User)
		}
	})
}

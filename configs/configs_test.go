package configs_test

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
)

// uncommented is the shipped file with every setting in force.
func uncommented(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("berth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`(?m)^( *)# ( *[a-z_A-Z]+:( |$))`)
	return setting.ReplaceAllString(string(b), "$1$2")
}

func TestShippedFileIsReadAndShowsTheDefaults(t *testing.T) {
	short, err := configs.Load("berth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(short.MySQL.PasswordFile) {
		t.Errorf("the password file's path is %s", short.MySQL.PasswordFile)
	}
	long, err := configs.Parse([]byte(uncommented(t)))
	if err != nil {
		t.Fatalf("with every setting in force: %v", err)
	}
	if long.Consul.TLS.Key == "" || long.AdminAccount.User == "" || long.Log.Level == "" {
		t.Fatalf("not every setting is in force: %+v", long)
	}
	got := long.Router(nil, nil)
	pool, buffer, breaker, sync := router.Defaults()
	for _, c := range []struct{ got, want any }{
		{got.Pool, pool}, {got.Buffer, buffer}, {got.Breaker, breaker}, {got.Sync, sync},
		{got.StartTimeout, 3 * time.Second},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("the file shows %+v as the default, it is %+v", c.got, c.want)
		}
	}
}

func TestContradictionsAreRefusedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"stor: x", `unknown field "stor"`},
		{"mysql: {user: a, passwd: b}", `unknown field "passwd"`},
		{"mysql: {password: a, password_file: b}", "mysql: more than one of password, password_file and password_env is set"},
		{"admin: {password_env: a, password_file: b}", "admin: more than one of"},
		{"consul: {token: a, token_file: b}", "token and token_file are both set"},
		{"store: redis://x", "write consul://HOST:PORT/PREFIX or file:///DIRECTORY"},
		{"mysql: {options: {multiStatements: true}}", `"multiStatements" is no option that makes sense under a router`},
		{"mysql: {options: {parseTime: maybe}}", "write true or false"},
		{"router: {pool: {max_open: 5, max_idle: 6}}", "max_idle (6) is more than max_open (5)"},
		{"router: {buffer: {window: soon}}", "no length of time"},
		{"router: {buffer: {window: -1s}}", "no length of time"},
		{"router: {buffer: {bytes: lots}}", "no size"},
		{"router: {breaker: {failures: -1}}", "can't be negative"},
		{"log: {level: loud}", "it is debug, info, warn or error"},
		{"log: {format: xml}", "it is text or json"},
		{"store: [", "[1:"},
	} {
		_, err := configs.Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestFindLooksWhereItSays(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("BERTH_CONFIG", "")
	if path, err := configs.Find(""); err != nil || (path != "" && path != "/etc/berth/berth.yaml") {
		t.Errorf("with nothing here: %q, %v", path, err)
	}
	if err := os.WriteFile("berth.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := configs.Find(""); err != nil || path != "berth.yaml" {
		t.Errorf("with berth.yaml here: %q, %v", path, err)
	}
	t.Setenv("BERTH_CONFIG", filepath.Join(dir, "absent"))
	if _, err := configs.Find(""); err == nil || !strings.Contains(err.Error(), "$BERTH_CONFIG") {
		t.Errorf("with a file that is not there: %v", err)
	}
	if path, err := configs.Find("berth.yaml"); err != nil || path != "berth.yaml" {
		t.Errorf("the flag does not come first: %q, %v", path, err)
	}
}

func TestAdminFallsBackToTheRoutedAccount(t *testing.T) {
	c, err := configs.Parse([]byte("mysql: {user: app, password_env: P, tls: {mode: required}}"))
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Admin(); a.User != "app" || a.Password.String() != "environment variable P" || a.TLS.Mode != "required" {
		t.Errorf("%+v", a)
	}
}

func TestOpenStoreByItsURL(t *testing.T) {
	c := &configs.Config{Store: "file://" + t.TempDir()}
	s, err := c.OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != c.Store {
		t.Errorf("opened %s for %s", s, c.Store)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := (&configs.Config{}).OpenStore(t.Context()); err == nil {
		t.Error("no store was opened")
	}
}

func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("berth.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Add("router: {buffer: {bytes: 64MiB}}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := configs.Parse([]byte(text))
		if err == nil { // whatever it read must be usable
			c.Router(nil, c.Logger(io.Discard))
			c.Admin()
		}
	})
}

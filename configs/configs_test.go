package configs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/configs"
)

func TestValuesAreTakenAsTheyAreWritten(t *testing.T) {
	c, err := configs.Parse([]byte("mysql: {user: '0123', password: \"a#b: 'c'\", options: {timeTruncate: 1ms, maxAllowedPacket: 0}}\n" +
		"router: {buffer: {bytes: 1048576, window: 1m30s, statements: -1}, pool: {max_open: 7}}\nconsul:\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Router(nil, nil)
	if c.MySQL.User != "0123" || c.MySQL.Password != "a#b: 'c'" || r.Instance.Options.MaxAllowedPacket != -1 ||
		r.Instance.Options.TimeTruncate != time.Millisecond || r.Buffer.Bytes != 1<<20 || r.Buffer.Window != 90*time.Second ||
		r.Buffer.Statements != -1 || r.Pool.MaxOpen != 7 {
		t.Errorf("read as %+v", r)
	}
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		if c, err := configs.Parse([]byte(text)); err != nil || !reflect.DeepEqual(*c, configs.Config{}) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestLiteralSecretsAreWarnedAbout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "berth.yaml")
	if err := os.WriteFile(path, []byte("mysql: {user: a, password: s3cret}\nconsul: {token: s3cret}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o640: 2, 0o644: 2} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		c, err := configs.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		c.Router(nil, c.Logger(&log))
		if got := c.Warnings(); len(got) != want || strings.Count(log.String(), "level=WARN") != want || strings.Contains(log.String(), "s3cret") {
			t.Errorf("mode %o: %q, logged %s", mode, got, &log)
		}
	}
}

func TestCachedMapsOfTwoStoresAreApart(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		"store: consul://h:1/a", "store: consul://h:1/b", "store: consul://h:1/a\nconsul: {namespace: n}", "store: consul://h:1/a\nconsul: {partition: n}",
	} {
		c, err := configs.Parse([]byte("router: {cache_dir: /c}\n" + text))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[c.CacheFile()]; ok {
			t.Errorf("%q and %q keep their map in the same file", text, other)
		}
		seen[c.CacheFile()] = text
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

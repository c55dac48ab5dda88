package configs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/configs"
	"github.com/berthdb/berth/router"
	"github.com/berthdb/berth/shard/instance"
)

// uncommented is the shipped file with its settings in force: those that show
// a default, or all, the examples too.
func uncommented(t *testing.T, examples bool) string {
	t.Helper()
	b, err := os.ReadFile("berth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`^( *)# ( *[a-z_A-Z]+:( |$).*)`)
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		if examples || !strings.Contains(line, "# e.g.") {
			lines[i] = setting.ReplaceAllString(line, "$1$2")
		}
	}
	return strings.Join(lines, "\n")
}

func TestShippedFileIsReadAndShowsTheDefaults(t *testing.T) {
	short, err := configs.Load("berth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(short.MySQL.PasswordFile) {
		t.Errorf("the password file's path is %s", short.MySQL.PasswordFile)
	}
	long, err := configs.Parse([]byte(uncommented(t, false)))
	if err != nil {
		t.Fatalf("with every default in force: %v", err)
	}
	if long.Log.Level == "" || long.Routing.Sync.Max == 0 || long.MySQL.TLS.Mode == "" {
		t.Fatalf("not every default is in force: %+v", long)
	}
	if got, want := long.Log, (configs.Log{Level: "warn", Format: "text"}); got != want {
		t.Errorf("the file shows the log %+v, want %+v", got, want)
	}
	if want := (configs.TLS{Mode: instance.TLSDisabled}); long.MySQL.TLS != want {
		t.Errorf("the file shows the TLS %+v, want %+v", long.MySQL.TLS, want)
	}
	// The driver's defaults are what no options give, under their own names.
	want := instance.Options{Loc: time.UTC, Collation: "utf8mb4_general_ci", MaxAllowedPacket: 64 << 20}
	if got := long.Instance().Options; !reflect.DeepEqual(got, want) {
		t.Errorf("the file shows the options %+v, want %+v", got, want)
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

// Whoever adds a key shows it in the file, and every example there is one that
// can be had.
func TestShippedFileShowsEveryKey(t *testing.T) {
	text := strings.Replace(uncommented(t, true), "mode: disabled", "mode: verify-identity", 1)
	if _, err := configs.Parse([]byte(text)); err != nil {
		t.Errorf("with every example in force: %v", err)
	}
	names := configs.MySQLOptions()
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for i := range of.NumField() {
			if name, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ","); name != "" {
				names = append(names, name)
			}
			if of.Field(i).Type.Kind() == reflect.Struct {
				walk(of.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[configs.Config]())
	for _, name := range names {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
			t.Errorf("berth.yaml does not show the key %s", name)
		}
	}
}

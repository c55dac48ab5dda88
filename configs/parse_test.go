package configs_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/berthdb/berth/configs"
)

func TestBadInputIsRefusedWithTheNextStep(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"stor: x", `line 1, column 1: unknown key "stor" here; did you mean store?`},
		{"mysql: {user: a, passwd: b}", `line 1, column 18: unknown key "passwd" in mysql; did you mean password?`},
		{"log:\n  colour: red", `line 2, column 3: unknown key "colour" in log; the known ones are level, format`},
		{"mysql: {options: {parsetime: true}}", `line 1, column 19: mysql.options: "parsetime" is no option that makes sense under a router; did you mean parseTime?`},
		{"mysql: {options: {multiStatements: true}}", `line 1, column 19: mysql.options: "multiStatements" is no option that makes sense under a router; the known ones are ` + strings.Join(configs.MySQLOptions(), ", ")},
		{"mysql: {options: {parseTime: maybe}}", `line 1, column 19: mysql.options: option parseTime is "maybe"; write true or false`},
		{"mysql: {options: {loc: [UTC]}}", "line 1, column 24: mysql.options.loc has to be a single value"},
		{"store: [", "line 1, column 8: sequence end token ']' not found"},
		{"- store", "line 1, column 1: the configuration has to be keys with their values (KEY: VALUE)"},
		{"log: text", "line 1, column 6: log has to be keys with their values (KEY: VALUE)"},
		{"log: {level: {a: b}}", "line 1, column 14: log.level has to be a single value"},
		{"log: {level: info}\nlog: {}", `line 2, column 1: mapping key "log" already defined at [1:1]`},
		{"store: file:///a\n---\nstore: file:///b", "line 3, column 6: a second document begins here, which nobody would read; keep one"},
		{"mysql: &a {user: x}\nadmin: *a", "line 1, column 8: mysql has to be keys with their values (KEY: VALUE)"},
		{"<<: {store: x}", "line 1, column 1: a key has to be a plain word"},
		{"mysql: {password: 0123}", "line 1, column 19: mysql.password has to be a text, and YAML reads this as something else; put it in quotes"},
		{"mysql: {user: true}", "line 1, column 15: mysql.user has to be a text, and YAML reads this as something else; put it in quotes"},
		{"router: {pool: {max_open: many}}", "line 1, column 27: router.pool.max_open has to be a whole number"},
		{"router: {pool: {max_open: 1.5}}", "line 1, column 27: router.pool.max_open has to be a whole number"},
		{"router: {pool: {max_open: 99999999999999999999}}", "line 1, column 27: router.pool.max_open has to be a whole number"},
		{"router: {buffer: {window: soon}}", `line 1, column 27: router.buffer.window: "soon" is no length of time; write it as 500ms, 10s or 1h`},
		{"router: {buffer: {window: -1s}}", `line 1, column 27: router.buffer.window: "-1s" is no length of time; write it as 500ms, 10s or 1h`},
		{"router: {buffer: {bytes: lots}}", `line 1, column 26: router.buffer.bytes: "lots" is no size; write it as 1048576, 512KiB or 64MiB`},
		{"router: {buffer: {bytes: -1}}", `line 1, column 26: router.buffer.bytes: "-1" is no size; write it as 1048576, 512KiB or 64MiB`},
		{"consul: {tls: {enabled: 1}}", "line 1, column 25: consul.tls.enabled has to be true or false"},

		{"store: redis://x", "the store's URL is of neither kind; write consul://HOST:PORT/PREFIX or file:///DIRECTORY"},
		{"mysql: {password: a, password_file: b}", "mysql: more than one of password, password_file and password_env is set; keep one"},
		{"admin: {password_env: a, password_file: b}", "admin: more than one of password, password_file and password_env is set; keep one"},
		{"admin: {password_env: a}", "admin: a password is set and no user; set user, or take the password out to use the account of mysql"},
		{"mysql: {tls: {ca: x}}", "mysql.tls: TLS files or a server name are set, but its mode is disabled; set the mode to verify-identity"},
		{"mysql: {tls: {mode: required, ca: x}}", "mysql.tls: a TLS authority is set, but mode required does not look at it; use verify-ca or verify-identity"},
		{"admin: {tls: {mode: loud}}", `admin.tls: TLS mode "loud" is none of disabled, preferred, required, verify-ca, verify-identity`},
		{"mysql: {tls: {mode: preferred}, options: {allowCleartextPasswords: true}}", "mysql: allowCleartextPasswords would send the password readable by all; set tls.mode to required or higher"},
		{"consul: {token: a, token_file: b}", "consul: token and token_file are both set; keep one"},
		{"consul: {tls: {cert: a}}", "consul.tls: a certificate needs its key, and a key its certificate; set both cert and key"},
		{"router: {pool: {max_open: -2}}", "router.pool.max_open is -2; the least is -1, and 0 means the default"},
		{"router: {breaker: {failures: -1}}", "router.breaker.failures is -1; the least is 0, and 0 means the default"},
		{"router: {pool: {max_open: 5, max_idle: 6}}", "router.pool: max_idle (6) is more than max_open (5); lower the one or raise the other"},
		{"router: {buffer: {bytes: 2000GiB}}", "router.buffer.bytes is 2147483648000, more than a machine has"},
		{"log: {level: loud}", `log.level is "loud"; it is debug, info, warn or error`},
		{"log: {format: xml}", `log.format is "xml"; it is text or json`},
	} {
		_, err := configs.Parse([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n%v\nwant\n%s", c.text, err, c.want)
		}
	}
}

// Whatever is wrong with a file, what stands in it as a password stays out of
// the error, and what it has read can be used.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("berth.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", string(b))
	f.Add("router: {buffer: {bytes: 64MiB}}\n", "")
	f.Add("", "  password_file: x\n")
	f.Add("mysql: {password: '", "")
	f.Add("? [a", "  - b: &c *c\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "xyzzy-s3cret-xyzzy"
		c, err := configs.Parse([]byte(before + "mysql:\n  password: " + secret + "\n" + after))
		if err != nil {
			// In a key, or as a value of a setting that is no secret, it isn't one.
			if before == "" && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the password: %v", err)
			}
			return
		}
		c.Router(nil, c.Logger(io.Discard))
		c.Admin()
	})
}

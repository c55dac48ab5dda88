package instance_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

func missing(lines ...string) []string {
	var out []string
	for _, f := range instance.JudgeGrants("app@%", lines) {
		out = append(out, strings.TrimPrefix(f.Setting, "privilege "))
	}
	return out
}

func TestJudgeGrants(t *testing.T) {
	const static = "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `app`@`%` WITH GRANT OPTION"
	for _, tt := range []struct {
		name    string
		lines   []string
		missing string
	}{
		{"all of them", []string{static, "GRANT CONNECTION_ADMIN,REPLICATION_APPLIER,SYSTEM_USER,XA_RECOVER_ADMIN ON *.* TO `app`@`%`"}, ""},
		{"ALL", []string{"GRANT ALL PRIVILEGES ON *.* TO `app`@`%`"}, ""},
		{"SUPER includes the dynamic ones, but for SYSTEM_USER", []string{static, "GRANT SUPER ON *.* TO `app`@`%`"}, "SYSTEM_USER REPLICATION_APPLIER"},
		{"on one database, by role, and by column count for nothing", []string{
			static, "GRANT CONNECTION_ADMIN ON `a`.* TO `app`@`%`", "GRANT `SYSTEM_USER ON *.* TO x`@`%` TO `app`@`%`",
			"GRANT SELECT (`XA_RECOVER_ADMIN`) ON *.* TO `app`@`%`"}, "CONNECTION_ADMIN SYSTEM_USER REPLICATION_APPLIER XA_RECOVER_ADMIN"},
		{"revoked", []string{static, "REVOKE SELECT ON `mysql`.* FROM `app`@`%`"}, "CONNECTION_ADMIN SYSTEM_USER REPLICATION_APPLIER XA_RECOVER_ADMIN"},
	} {
		if got := missing(tt.lines...); strings.Join(got, " ") != tt.missing {
			t.Errorf("%s: missing %v, want %s", tt.name, got, tt.missing)
		}
	}
	f := instance.JudgeGrants("o'hara@h%", nil)[0]
	if want := "run: GRANT PROCESS ON *.* TO 'o''hara'@'h%'"; f.Next != want {
		t.Errorf("got %q, want %q", f.Next, want)
	}
}

func FuzzJudgeGrants(f *testing.F) {
	f.Add("GRANT SELECT, INSERT ON *.* TO `a`@`%`")
	f.Add("GRANT `r`@`%` TO `a`@`%`")
	f.Fuzz(func(t *testing.T, line string) {
		all := missing()
		got := missing(line)
		for _, m := range got {
			if !slices.Contains(all, m) {
				t.Fatalf("%q makes %s missing", line, m)
			}
		}
		if len(got) < len(all) && !strings.Contains(line, " ON *.* TO ") {
			t.Fatalf("%q grants something everywhere", line)
		}
	})
}

func TestWorstChannel(t *testing.T) {
	channel := func(pairs ...string) map[string]*string {
		m := map[string]*string{"Source_Host": &pairs[0], "Source_Port": &pairs[1], "Replica_IO_Running": &pairs[2],
			"Replica_SQL_Running": &pairs[3], "Seconds_Behind_Source": &pairs[4], "Last_SQL_Error": &pairs[5], "Last_IO_Error": nil}
		if pairs[4] == "NULL" {
			m["Seconds_Behind_Source"] = nil
		}
		return m
	}
	for _, tt := range []struct {
		name     string
		channels []map[string]*string
		want     instance.Replication
	}{
		{"one", []map[string]*string{channel("h", "1", "Yes", "Yes", "3", "")},
			instance.Replication{Source: "h:1", Receiving: true, Applying: true, Known: true, Lag: 3 * time.Second}},
		{"the slowest of two", []map[string]*string{channel("h", "1", "Yes", "Yes", "3", ""), channel("i", "2", "Yes", "Yes", "9", "")},
			instance.Replication{Source: "h:1", Receiving: true, Applying: true, Known: true, Lag: 9 * time.Second}},
		{"one stands still", []map[string]*string{channel("h", "1", "Yes", "No", "NULL", "duplicate"), channel("i", "2", "Yes", "Yes", "9", "")},
			instance.Replication{Source: "h:1", Receiving: true, Err: "duplicate"}},
		{"connecting: what has arrived is applied, and no one knows what has not", []map[string]*string{channel("h", "1", "Connecting", "Yes", "0", "")},
			instance.Replication{Source: "h:1", Applying: true}},
	} {
		if got := instance.Worst(tt.channels); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

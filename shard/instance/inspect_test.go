package instance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/instance"
)

// good are the settings of a server that has nothing to be found.
func good() map[string]string {
	return map[string]string{
		"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_value_options": "",
		"gtid_mode": "ON", "enforce_gtid_consistency": "ON", "server_id": "7", "performance_schema": "ON",
		"performance_schema_session_connect_attrs_size": "512", "innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1",
		"log_replica_updates": "ON", "binlog_expire_logs_seconds": "2592000", "lower_case_table_names": "0",
		"max_connections": "1000", "local_infile": "ON", "super_read_only": "OFF", "read_only": "OFF", "offline_mode": "OFF",
	}
}

func TestJudge(t *testing.T) {
	supported := instance.ParseVersion("8.4.3", "MySQL Community Server - GPL")
	for _, tt := range []struct {
		name     string
		role     instance.Role
		set      map[string]string // over the good ones; "-" takes one away
		version  instance.Version
		severity instance.Severity
		setting  string // of the one finding; empty: none
		next     string // what its Next says
	}{
		{name: "all well"},
		{name: "no binary log", set: map[string]string{"log_bin": "OFF"}, severity: instance.Blocking, setting: "log_bin", next: "restart"},
		{name: "no format, as in later versions", set: map[string]string{"binlog_format": "-"}},
		{name: "statements", set: map[string]string{"binlog_format": "MIXED"}, severity: instance.Blocking, setting: "binlog_format", next: "SET PERSIST binlog_format = ROW"},
		{name: "image", set: map[string]string{"binlog_row_image": "MINIMAL"}, severity: instance.Blocking, setting: "binlog_row_image", next: "SET PERSIST binlog_row_image = FULL"},
		{name: "image unknown", set: map[string]string{"binlog_row_image": "-"}, severity: instance.Blocking, setting: "binlog_row_image", next: "FULL"},
		{name: "partial JSON", set: map[string]string{"binlog_row_value_options": "PARTIAL_JSON"}, severity: instance.Blocking, setting: "binlog_row_value_options", next: "= ''"},
		{name: "GTID", set: map[string]string{"gtid_mode": "ON_PERMISSIVE"}, severity: instance.Blocking, setting: "gtid_mode", next: "OFF_PERMISSIVE"},
		{name: "GTID consistency", set: map[string]string{"enforce_gtid_consistency": "WARN"}, severity: instance.Blocking, setting: "enforce_gtid_consistency", next: "ON"},
		{name: "server id", set: map[string]string{"server_id": "0"}, severity: instance.Blocking, setting: "server_id", next: "server_id = N"},
		{name: "performance schema", set: map[string]string{"performance_schema": "OFF"}, severity: instance.Blocking, setting: "performance_schema", next: "performance_schema = ON"},
		{name: "attributes", set: map[string]string{"performance_schema_session_connect_attrs_size": "64"}, severity: instance.Blocking, setting: "performance_schema_session_connect_attrs_size", next: "PERSIST_ONLY"},
		{name: "flush", set: map[string]string{"innodb_flush_log_at_trx_commit": "2"}, severity: instance.Warning, setting: "innodb_flush_log_at_trx_commit", next: "= 1"},
		{name: "sync", set: map[string]string{"sync_binlog": "0"}, severity: instance.Warning, setting: "sync_binlog", next: "= 1"},
		{name: "expiry", set: map[string]string{"binlog_expire_logs_seconds": "600"}, severity: instance.Warning, setting: "binlog_expire_logs_seconds", next: "259200"},
		{name: "no expiry", set: map[string]string{"binlog_expire_logs_seconds": "0"}},
		{name: "table names", set: map[string]string{"lower_case_table_names": "1"}, severity: instance.Warning, setting: "lower_case_table_names", next: "lower case"},
		{name: "connections", set: map[string]string{"max_connections": "151"}, severity: instance.Note, setting: "max_connections", next: "1000"},
		{name: "infile", set: map[string]string{"local_infile": "OFF"}, severity: instance.Note, setting: "local_infile", next: "local_infile = ON"},
		{name: "read-only primary", set: map[string]string{"read_only": "ON"}, severity: instance.Blocking, setting: "read_only", next: "not a replica"},
		{name: "read-only replica", role: instance.Replica, set: map[string]string{"read_only": "ON", "super_read_only": "ON"}},
		{name: "writable replica", role: instance.Replica, severity: instance.Warning, setting: "super_read_only", next: "super_read_only = ON"},
		{name: "old version", version: instance.ParseVersion("5.7.44-log", ""), set: map[string]string{"log_bin": "OFF"}, severity: instance.Blocking, setting: "version", next: "upgrade"},
		{name: "another product", version: instance.ParseVersion("11.4.2-MariaDB", ""), severity: instance.Blocking, setting: "version", next: "another one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings := good()
			maps.Copy(settings, tt.set)
			maps.DeleteFunc(settings, func(_, v string) bool { return v == "-" })
			version := tt.version
			if version == (instance.Version{}) {
				version = supported
			}
			found := instance.Judge(version, settings, tt.role)
			if tt.setting == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Setting != tt.setting || found[0].Severity != tt.severity || !strings.Contains(found[0].Next, tt.next) {
				t.Errorf("found %v, want one of %s, %s, that says %q", found, tt.severity, tt.setting, tt.next)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	s := ownServer(t, "--binlog-row-image=MINIMAL", "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF",
		"--performance-schema-session-connect-attrs-size=64", "--binlog-row-value-options=PARTIAL_JSON")
	p := placeOn(t, s)
	r, err := instance.Inspect(t.Context(), p.admin, instance.Primary)
	if err != nil {
		t.Fatal(err)
	}
	if r.UUID == "" || !strings.HasPrefix(r.Account, "root@") || !r.Version.Supported() {
		t.Errorf("got %s, %s, %s", r.UUID, r.Account, r.Version)
	}
	var blocking []string
	for _, f := range r.Blocking() {
		blocking = append(blocking, f.Setting)
	}
	slices.Sort(blocking)
	want := []string{"binlog_row_image", "binlog_row_value_options", "enforce_gtid_consistency", "gtid_mode", "performance_schema_session_connect_attrs_size"}
	if !slices.Equal(blocking, want) {
		t.Errorf("found %v, want %v", blocking, want)
	}
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Setting, "privilege") {
			t.Errorf("root lacks something: %v", f)
		}
	}

	// What the findings say to run is what helps.
	for _, step := range []string{"enforce_gtid_consistency = WARN", "enforce_gtid_consistency = ON",
		"gtid_mode = OFF_PERMISSIVE", "gtid_mode = ON_PERMISSIVE", "gtid_mode = ON", "binlog_row_image = FULL", "binlog_row_value_options = ''"} {
		run(t, p.admin, "SET PERSIST "+step)
	}
	run(t, p.admin, "SET PERSIST_ONLY performance_schema_session_connect_attrs_size = 512")
	if r, err = instance.Inspect(t.Context(), p.admin, instance.Primary); err != nil {
		t.Fatal(err)
	}
	if b := r.Blocking(); len(b) != 1 || b[0].Setting != "performance_schema_session_connect_attrs_size" { // until the restart
		t.Errorf("still there: %v", b)
	}

	app := p.open(instance.Config{User: s.App().User, Password: instance.Literal(s.App().Password), WithoutHello: true})
	if r, err = instance.Inspect(t.Context(), app, instance.Primary); err != nil {
		t.Fatal(err)
	}
	missing := map[string]string{}
	for _, f := range r.Findings {
		if name, ok := strings.CutPrefix(f.Setting, "privilege "); ok {
			missing[name] = strings.TrimPrefix(f.Next, "run: ")
		}
	}
	for _, name := range []string{"PROCESS", "CONNECTION_ADMIN", "REPLICATION SLAVE", "XA_RECOVER_ADMIN"} {
		if missing[name] == "" {
			t.Errorf("the application's account is not missed %s: %v", name, missing)
		}
	}
	if missing["SELECT"] != "" {
		t.Error("the application's account has SELECT")
	}
	for _, grant := range missing {
		run(t, p.admin, grant)
	}
	if r, err = instance.Inspect(t.Context(), app, instance.Primary); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Setting, "privilege") {
			t.Errorf("still there: %v", f)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for _, tt := range []struct {
		text, comment, want string
		supported           bool
	}{
		{"8.0.45", "MySQL Community Server - GPL", "MySQL 8.0.45", true},
		{"8.0.21", "", "MySQL 8.0.21", false},
		{"8.0.36-28", "Percona Server (GPL), Release 28", "MySQL 8.0.36-28", true},
		{"8.0.42-0ubuntu0.22.04.1", "(Ubuntu)", "MySQL 8.0.42-0ubuntu0.22.04.1", true},
		{"8.3.0", "", "MySQL 8.3.0", false},
		{"8.4.0-log", "", "MySQL 8.4.0-log", true},
		{"9.7.4-2", "(Debian)", "MySQL 9.7.4-2", true},
		{"10.0.0", "", "MySQL 10.0.0", false},
		{"5.7.44", "", "MySQL 5.7.44", false},
		{"10.11.6-MariaDB-0+deb12u1", "Debian 12", "MariaDB 10.11.6-MariaDB-0+deb12u1", false},
		{"8.0.11-TiDB-v7.5.0", "TiDB Server", "TiDB 8.0.11-TiDB-v7.5.0", false},
		{"8.0.30-Vitess", "Version: 21", "Vitess 8.0.30-Vitess", false},
		{"", "", "MySQL ", false},
		{"9", "", "MySQL 9", false},
		{"99999999999999999999.1.1", "", "MySQL 99999999999999999999.1.1", false},
	} {
		v := instance.ParseVersion(tt.text, tt.comment)
		if v.String() != tt.want || v.Supported() != tt.supported {
			t.Errorf("%q: %s, supported %t", tt.text, v, v.Supported())
		}
	}
	v := instance.ParseVersion("8.4.3", "")
	if !v.AtLeast(8, 4, 3) || !v.AtLeast(8, 0, 99) || v.AtLeast(8, 4, 4) || v.AtLeast(9, 0, 0) {
		t.Error("AtLeast is wrong")
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("8.0.36-28", "Percona")
	f.Add("10.11.6-MariaDB", "")
	f.Fuzz(func(t *testing.T, text, comment string) {
		v := instance.ParseVersion(text, comment)
		if v.Text != text || v.Major < 0 || v.Minor < 0 || v.Patch < 0 {
			t.Fatalf("%q became %+v", text, v)
		}
		if v.Supported() && !v.AtLeast(8, 0, 22) {
			t.Fatalf("%q is supported", text)
		}
	})
}

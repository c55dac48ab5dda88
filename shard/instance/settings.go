package instance

import (
	"fmt"
	"strconv"
	"strings"
)

// Severity says what a finding means.
type Severity string

const (
	Blocking Severity = "error"   // routing or moving is not safe with it
	Warning  Severity = "warning" // something will be missed or is weaker for it
	Note     Severity = "note"    // good to know
)

// Finding is one thing about a server that should be otherwise.
type Finding struct {
	Severity Severity `json:"severity"`
	Setting  string   `json:"setting"`
	Found    string   `json:"found"`
	Want     string   `json:"want"`
	Why      string   `json:"why"`
	Next     string   `json:"next"` // the statement to run, or the line to configure
}

// String is one line for people.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s is %s, and should be %s: %s; %s", f.Severity, f.Setting, f.Found, f.Want, f.Why, f.Next)
}

// rule is what one setting should be.
type rule struct {
	setting  string
	want     string
	ok       func(value string) bool
	severity Severity
	why      string
	next     string
	required bool // its absence is a finding; other settings don't exist in every version
}

func is(want ...string) func(string) bool {
	return func(v string) bool {
		for _, w := range want {
			if strings.EqualFold(v, w) {
				return true
			}
		}
		return false
	}
}

func atLeast(min int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= min
	}
}

func persist(assignment string) string { return "run: SET PERSIST " + assignment }

func configure(line string) string {
	return "put " + line + " into the server's configuration and restart it"
}

// rules are what a server of any role should have. What a value means is in
// MySQL's manual; why berth cares is here.
var rules = []rule{
	{"log_bin", "ON", is("ON", "1"), Blocking, "a move tails the binary log",
		configure("log_bin (and no disable_log_bin)"), true},
	{"binlog_format", "ROW", is("ROW"), Blocking, "a move reads rows, not statements, from the binary log",
		persist("binlog_format = ROW") + " (sessions that are open keep theirs)", false},
	{"binlog_row_image", "FULL", is("FULL"), Blocking, "a move needs all columns of a changed row to know its member",
		persist("binlog_row_image = FULL") + " (sessions that are open keep theirs)", true},
	{"binlog_row_value_options", "empty", is(""), Blocking, "a move needs whole JSON values in the binary log",
		persist("binlog_row_value_options = ''") + " (sessions that are open keep theirs)", false},
	{"enforce_gtid_consistency", "ON", is("ON", "1"), Blocking, "GTIDs need it",
		persist("enforce_gtid_consistency = WARN") + ", watch the error log, then SET PERSIST enforce_gtid_consistency = ON", true},
	{"gtid_mode", "ON", is("ON"), Blocking, "a move knows its place in the binary log by GTID",
		persist("gtid_mode = OFF_PERMISSIVE") + ", then the same with ON_PERMISSIVE, then with ON", true},
	{"server_id", "not 0", atLeast(1), Blocking, "a server without one can't be tailed",
		persist("server_id = N") + ", with a number that no other server has", true},
	{"performance_schema", "ON", is("ON", "1"), Blocking, "a cutover tells routers' sessions from others by their connection attributes",
		configure("performance_schema = ON"), true},
	{"performance_schema_session_connect_attrs_size", "512 or more", func(v string) bool { return v == "-1" || atLeast(512)(v) }, Blocking,
		"a router's session whose attributes are cut off is killed at each cutover",
		"run: SET PERSIST_ONLY performance_schema_session_connect_attrs_size = 512, and restart the server", true},
	{"innodb_flush_log_at_trx_commit", "1", is("1"), Warning, "a crash of the host may lose acknowledged writes, and a fence",
		persist("innodb_flush_log_at_trx_commit = 1"), true},
	{"sync_binlog", "1", is("1"), Warning, "a crash of the host may lose acknowledged writes from the binary log, which replicas and moves read",
		persist("sync_binlog = 1"), true},
	{"log_replica_updates", "ON", is("ON", "1"), Warning, "a replica that is promoted can't be moved from",
		configure("log_replica_updates = ON"), false},
	{"binlog_expire_logs_seconds", "0, or a day or more", func(v string) bool { return v == "0" || atLeast(86400)(v) }, Warning,
		"a move that pauses for longer than the binary log is kept has to start again",
		persist("binlog_expire_logs_seconds = 259200"), false},
	{"lower_case_table_names", "0", is("0"), Warning, "the map's table names are compared exactly, and this server changes their case",
		"nothing: it can be chosen only when a server is first set up; name tables in lower case everywhere", false},
	{"max_connections", "500 or more", atLeast(500), Note, "each router keeps a pool of connections to each server",
		persist("max_connections = 1000"), false},
	{"local_infile", "ON", is("ON", "1"), Note, "imports and copies use LOAD DATA LOCAL where they may, and slower inserts where not",
		persist("local_infile = ON"), false},
}

// primaryRules are those of a primary besides.
var primaryRules = []rule{
	{"super_read_only", "OFF", is("OFF", "0"), Blocking, "a primary takes writes",
		"if it is not a replica of another server, run: SET PERSIST super_read_only = OFF", false},
	{"read_only", "OFF", is("OFF", "0"), Blocking, "a primary takes writes",
		"if it is not a replica of another server, run: SET PERSIST read_only = OFF", false},
	{"offline_mode", "OFF", is("OFF", "0"), Blocking, "it lets no application in",
		persist("offline_mode = OFF"), false},
}

// replicaRules are those of a replica besides.
var replicaRules = []rule{
	{"super_read_only", "ON", is("ON", "1"), Warning, "a write that goes astray to a replica makes it differ from its primary",
		persist("super_read_only = ON"), false},
}

// Judge looks at a server's version and global variables (as SHOW GLOBAL
// VARIABLES names them, in lower case) and lists what should be otherwise, the
// gravest first.
func Judge(v Version, settings map[string]string, role Role) []Finding {
	if !v.Supported() {
		// Of another product the other settings mean little.
		return []Finding{{Blocking, "version", v.String(), "MySQL 8.0 (from 8.0.22), 8.4 or 9.x",
			"berth is not tried with it", "upgrade the server, or use another one"}}
	}
	all := append([]rule(nil), rules...)
	if role == Primary {
		all = append(all, primaryRules...)
	} else {
		all = append(all, replicaRules...)
	}
	var found []Finding
	for _, severity := range []Severity{Blocking, Warning, Note} {
		for _, r := range all {
			value, there := settings[r.setting]
			if r.severity != severity || (there && r.ok(value)) || (!there && !r.required) {
				continue
			}
			switch {
			case !there:
				value = "unknown"
			case value == "":
				value = "empty"
			}
			found = append(found, Finding{r.severity, r.setting, value, r.want, r.why, r.next})
		}
	}
	return found
}

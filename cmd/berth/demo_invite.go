package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// invite prints what to try while the servers run.
func (d *demo) invite() {
	berth, member := program(), d.community.Busiest()
	d.title("The servers run on until Ctrl-C, which removes them. In another terminal:")
	for _, line := range []string{
		"export BERTH_CONFIG=" + d.cluster.ConfigFile(),
		berth + " map show",
		fmt.Sprintf(`%s sql --member %d "SELECT * FROM contacts WHERE member_id = %[2]d LIMIT 5"`, berth, member),
		berth + ` sql --all "SELECT COUNT(*) FROM messages"`,
		fmt.Sprintf("%s member count %d", berth, member),
		berth + " health",
		berth + " job list",
		d.rollback(berth),
		d.loadgen(),
		d.mysql(),
	} {
		if line != "" {
			fmt.Fprintln(d.out, "  "+line)
		}
	}
}

// program is how the user can run this program again.
func program() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") { // by go run, which removes it
		return "go run ./cmd/berth"
	}
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(short, "..") {
			return "." + string(filepath.Separator) + short
		}
	}
	return path
}

// rollback is the command that takes the split back.
func (d *demo) rollback(berth string) string {
	if d.job == "" {
		return ""
	}
	return berth + " job rollback " + d.job
}

// loadgen is the command for more traffic, in a clone of the project.
func (d *demo) loadgen() string {
	if _, err := os.Stat("tools/loadgen"); err != nil {
		return ""
	}
	return fmt.Sprintf("go run ./tools/loadgen --members %d --seed %d --seconds 30", d.o.members, d.o.seed)
}

// mysql is the way to one shard past Berth, for those who have a client.
func (d *demo) mysql() string {
	s := d.cluster.Record().Shards[0]
	if _, err := exec.LookPath("mysql"); err != nil {
		return ""
	}
	return fmt.Sprintf(`mysql -h %s -P %d -u %s -p"$(cat %s)" %s`,
		s.Host, s.Port, s.User, filepath.Join(d.cluster.Dir(), "app.password"), s.Database)
}

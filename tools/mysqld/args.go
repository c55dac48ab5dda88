package mysqld

import (
	"fmt"
	"path/filepath"
)

// args is the server's command line after the install's own part. Options that
// only some of the supported versions know are given as loose ones.
func (s *Server) args() []string {
	o := s.opts
	args := []string{
		"--datadir=" + s.DataDir(),
		"--tmpdir=" + filepath.Join(s.dir, "tmp"),
		// Relative to the data directory: a socket's whole path may have no
		// more than about a hundred characters.
		"--socket=mysql.sock",
		"--pid-file=" + filepath.Join(s.dir, "tmp", "mysqld.pid"),
		"--log-error=" + s.ErrorLog(),
		"--bind-address=" + s.Host(),
		fmt.Sprintf("--port=%d", o.Port),
		fmt.Sprintf("--server-id=%d", o.ServerID),
		fmt.Sprintf("--max-connections=%d", o.MaxConnections),
		fmt.Sprintf("--innodb-buffer-pool-size=%dM", o.BufferPoolMB),
		fmt.Sprintf("--loose-innodb-redo-log-capacity=%dM", o.RedoLogMB),

		"--gtid-mode=ON",
		"--enforce-gtid-consistency=ON",
		"--local-infile=ON",
		"--performance-schema=ON",
		"--skip-name-resolve",
		"--partial-revokes=ON",
		"--secure-file-priv=",
		"--loose-mysqlx=OFF",

		// A dozen servers share a developer's machine, so each keeps its
		// caches and threads few.
		"--table-open-cache=400",
		"--innodb-buffer-pool-instances=1",
		"--innodb-read-io-threads=2",
		"--innodb-write-io-threads=2",
		"--innodb-log-buffer-size=8M",
		"--performance-schema-digests-size=1000",
		"--performance-schema-events-statements-history-long-size=100",
		"--innodb-buffer-pool-dump-at-shutdown=OFF",
		"--innodb-buffer-pool-load-at-startup=OFF",
	}
	if !o.Durable {
		args = append(args,
			"--innodb-flush-log-at-trx-commit=2",
			"--sync-binlog=0",
			"--innodb-doublewrite=OFF",
		)
	}
	if s.replica {
		args = append(args, "--super-read-only=ON")
	}
	return append(args, o.Flags...)
}

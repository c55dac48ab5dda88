package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/berthdb/berth/tools/mysqld"
)

// dump copies the table as mysqldump | mysql does, and returns the time that
// the two used of the processor.
func (c *cluster) dump(ctx context.Context) (cpu time.Duration, err error) {
	read, err := client(ctx, c.servers[s1], "mysqldump", "--single-transaction", "--quick", "--no-create-info", "--skip-triggers",
		"--no-tablespaces", "--set-gtid-purged=OFF", "--skip-add-locks", databaseName, "contacts")
	if err != nil {
		return 0, err
	}
	write, err := client(ctx, c.servers[s2], "mysql", databaseName)
	if err != nil {
		return 0, err
	}
	if write.Stdin, err = read.StdoutPipe(); err != nil {
		return 0, err
	}
	var complaints [2]bytes.Buffer
	read.Stderr, write.Stderr = &complaints[0], &complaints[1]
	if err := write.Start(); err != nil {
		return 0, fmt.Errorf("start mysql: %w", err)
	}
	if err := read.Start(); err != nil {
		_ = write.Process.Kill()
		_ = write.Wait()
		return 0, fmt.Errorf("start mysqldump: %w", err)
	}
	// The writer first: the reader's pipe is closed by waiting for the reader.
	if err := write.Wait(); err != nil {
		_ = read.Process.Kill()
		_ = read.Wait()
		return 0, fmt.Errorf("mysql: %w: %s", err, &complaints[1])
	}
	if err := read.Wait(); err != nil {
		return 0, fmt.Errorf("mysqldump: %w: %s", err, &complaints[0])
	}
	for _, p := range []*os.ProcessState{read.ProcessState, write.ProcessState} {
		cpu += p.UserTime() + p.SystemTime()
	}
	return cpu, nil
}

// client is a program that came with the server, on its way to it as root.
func client(ctx context.Context, s *mysqld.Server, name string, args ...string) (*exec.Cmd, error) {
	argv, err := s.Install().Tool(name)
	if err != nil {
		return nil, err
	}
	// Not encrypted, as the others are not.
	argv = append(argv, "--no-defaults", "--ssl-mode=DISABLED", "--get-server-public-key", "--protocol=TCP", "--host="+s.Host(), "--port="+strconv.Itoa(s.Port()), "--user="+s.Root().User)
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], args...)...)
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+s.Root().Password)
	return cmd, nil
}

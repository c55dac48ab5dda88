// Package proc runs one server process for a test or a development cluster,
// and sees to it that the process is gone, and its directory with it, however
// the program that started it ends.
//
//	dir, guard, err := proc.GuardDir("", "berth-mysqld-")
//	p, err := proc.Start(proc.Spec{
//		Name:  "mysqld on port 20123",
//		Path:  "/usr/sbin/mysqld",
//		Args:  []string{"--datadir=" + dir + "/data"},
//		Log:   dir + "/out.log",
//		Guard: guard,
//	})
//	...
//	err = p.Stop(ctx, 10*time.Second)         // SIGTERM, then SIGKILL; waits
//	err = guard.Fire()                        // the directory is gone
//
// # How nothing is left behind
//
// A program that panics, is killed by SIGKILL or is stopped by its test
// timeout runs no clean-up of its own. So each server has a guard: a shell of
// a few lines, in a session of its own so that a Ctrl-C at the terminal does
// not reach it, that reads a pipe whose other end only the starting program
// holds. When that program ends in any way at all, the kernel closes its end,
// the guard reads end-of-file, kills the one process it was told of, waits
// until it is gone, and removes the directory.
//
// A server is started through a gate: its process first waits to be told to
// go on, and is told only once the guard knows its id. A program that dies in
// between leaves a process that reads end-of-file and exits. At no moment is
// there a server that nobody would end.
//
// Before it kills, the guard checks that the id still belongs to a process
// with the directory on its command line, so that an id used again by the
// kernel is not taken for the server. Start refuses a guarded command line
// without it.
//
// # Caveats
//
// The guard needs /bin/sh, and /proc or ps. A guard that is killed itself
// guards nothing. Signals go to one process, by id; the children of a server
// that forks are its own to end.
package proc

package stage

import (
	"errors"
	"log/slog"
	"os"
)

// Config says what the cluster is like.
type Config struct {
	Dir     string // where the processes leave their logs and records; required
	Shards  int    // each on a server of its own; 0: 3
	Routers int    // processes; 0: 3
	Clients int    // of each router; 0: 8
	Members int    // numbered from 1; 0: 40
	Seed    uint64 // of what the clients choose
	Program string // that is the processes; empty: this one
	Log     *slog.Logger
}

func (c Config) check() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("stage: Config.Dir is required")
	}
	for n, standard := range map[*int]int{&c.Shards: 3, &c.Routers: 3, &c.Clients: 8, &c.Members: 40} {
		if *n == 0 {
			*n = standard
		}
		if *n < 0 {
			return c, errors.New("stage: a negative number of something")
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Program == "" {
		var err error
		if c.Program, err = os.Executable(); err != nil {
			return c, err
		}
	}
	return c, nil
}

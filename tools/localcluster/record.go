package localcluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/berthdb/berth/tools/proc"
)

// Recorded is what cluster.json says of a cluster.
type Recorded struct {
	// Store is the URL of the map's store.
	Store  string  `json:"store"`
	Shards []Shard `json:"shards"`
	// Consul is absent with a file store.
	Consul *ConsulServer `json:"consul,omitempty"`

	dir string
}

// Shard is a shard's primary and its replicas.
type Shard struct {
	Server
	Replicas []Server `json:"replicas"`
}

// Server is one MySQL server.
type Server struct {
	Name     string `json:"name"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Database string `json:"database"`
	// User is the account that applications are routed with.
	User          string `json:"user"`
	Password      string `json:"password"`
	AdminUser     string `json:"admin_user"`
	AdminPassword string `json:"admin_password"`
	PID           int    `json:"pid"`
	DataDir       string `json:"datadir"`
}

// ConsulServer is the agent of a Consul store.
type ConsulServer struct {
	Address string `json:"address"`
	PID     int    `json:"pid"`
	DataDir string `json:"datadir"`
}

// running is a process that a record names, and what it is known by.
type running struct {
	name, mark string
	pid        int
}

// Load reads the record of the cluster in dir. With no cluster there the error
// is fs.ErrNotExist.
func Load(dir string) (*Recorded, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no cluster was started in %s: %w", dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of a cluster: %w", err)
	}
	r := &Recorded{dir: dir}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read the record of a cluster %s: %w", path, err)
	}
	return r, nil
}

func (r *Recorded) write() error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	// Renamed into place, so that a reader sees all of it or nothing.
	path := filepath.Join(r.dir, recordFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the record of the cluster: %w", err)
	}
	return os.Rename(path+".new", path)
}

// processes are all that the record names.
func (r *Recorded) processes() []running {
	var all []running
	add := func(s Server) {
		all = append(all, running{name: "mysqld of " + s.Name, pid: s.PID, mark: s.DataDir})
	}
	for _, s := range r.Shards {
		for _, replica := range s.Replicas {
			add(replica)
		}
		add(s.Server)
	}
	if c := r.Consul; c != nil {
		all = append(all, running{name: "Consul", pid: c.PID, mark: c.DataDir})
	}
	return all
}

// Running counts the recorded processes that run, and all of them.
func (r *Recorded) Running() (up, all int) {
	processes := r.processes()
	for _, p := range processes {
		if proc.Running(p.pid, p.mark) {
			up++
		}
	}
	return up, len(processes)
}

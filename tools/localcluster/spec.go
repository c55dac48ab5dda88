package localcluster

import (
	"fmt"
	"log/slog"
)

// The kinds of store.
const (
	StoreFile   = "file"
	StoreConsul = "consul"
)

// Database is the database that each shard's servers have.
const Database = "app"

// Spec says what cluster to start.
type Spec struct {
	// Dir is the cluster's directory: missing, empty, or that of a stopped
	// cluster of the same shape. Empty means a new temporary one.
	Dir string
	// Shards is the number of shards, named s1, s2, and so on. 0 is refused.
	Shards int
	// Replicas is the number of replicas of each shard. 0 means none.
	Replicas int
	// Store is StoreFile or StoreConsul. Empty means StoreFile.
	Store string
	// Relaxed turns durability off, which is quicker, and which Berth warns
	// of. False flushes every commit.
	Relaxed bool
	// BufferPoolMB is each server's InnoDB buffer pool in MiB. 0 means 128.
	BufferPoolMB int
	// Log hears about slow things. Nil discards it.
	Log *slog.Logger
}

func (s Spec) withDefaults() (Spec, error) {
	if s.Store == "" {
		s.Store = StoreFile
	}
	if s.BufferPoolMB == 0 {
		s.BufferPoolMB = 128
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case s.Shards < 1:
		return s, fmt.Errorf("start a cluster of %d shards: at least 1 is needed", s.Shards)
	case s.Replicas < 0:
		return s, fmt.Errorf("start a cluster with %d replicas a shard: that is less than none", s.Replicas)
	case s.Store != StoreFile && s.Store != StoreConsul:
		return s, fmt.Errorf("start a cluster with the store %q: it is %s or %s", s.Store, StoreFile, StoreConsul)
	}
	return s, nil
}

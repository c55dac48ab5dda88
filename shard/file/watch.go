package file

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/berthdb/berth/shard"
)

// pollEvery is how often a watch reads the map without having been told to.
const pollEvery = time.Second

// Watch reports the map at once, on every change, and every second.
func (s *Store) Watch(ctx context.Context, fn func(shard.Event)) error {
	caller := ctx
	ctx, done, err := s.life.begin(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", s, err)
	}
	defer done()
	notes := s.notices()
	defer notes.close()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for view := (view{store: s}); ; {
		fn(view.look())
		if !notes.wait(ctx, tick.C) {
			if err := caller.Err(); err != nil {
				return err
			}
			return fmt.Errorf("watch %s: %w", s, shard.ErrClosed)
		}
	}
}

// view is what one watch has seen last.
type view struct {
	store   *Store
	raw     []byte
	last    *shard.Map // what raw decodes to
	forward shard.Forward
}

func (v *view) look() shard.Event {
	b, err := v.store.read()
	if err != nil {
		return shard.Event{Err: err}
	}
	if v.last == nil || !bytes.Equal(b, v.raw) {
		m, err := v.store.decode(b)
		if err != nil {
			return shard.Event{Err: err}
		}
		v.raw, v.last = b, m
	}
	m, err := v.forward.Next(v.last)
	if err != nil {
		return shard.Event{Err: fmt.Errorf("watch %s: %w", v.store, err)}
	}
	return shard.Event{Map: m}
}

// notices are the kernel's notes about the directory. Without them (no
// inotify instance left, say) the watch lives on its poll alone.
type notices struct {
	dir string
	w   *fsnotify.Watcher // nil without
	log *slog.Logger
}

func (s *Store) notices() *notices {
	n := &notices{dir: s.dir, log: s.log}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		s.log.Warn("no change notices for the shard map: it is read every second only", "store", s.String(), "error", err)
		return n
	}
	n.w = w
	n.follow()
	return n
}

// follow asks for notes again if the directory was replaced: the watch of the
// old one is then gone.
func (n *notices) follow() {
	if n.w != nil && len(n.w.WatchList()) == 0 {
		_ = n.w.Add(n.dir) // not there yet: the next poll tries again
	}
}

// wait returns when the map should be read again, or with false when ctx ends.
func (n *notices) wait(ctx context.Context, tick <-chan time.Time) bool {
	var events chan fsnotify.Event
	var errs chan error
	if n.w != nil {
		events, errs = n.w.Events, n.w.Errors
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			n.follow()
			return ctx.Err() == nil
		case err := <-errs:
			// An overflow: notices were missed, so look again.
			n.log.Debug("notices of changes were lost", "dir", n.dir, "error", err)
			return ctx.Err() == nil
		case e := <-events:
			if filepath.Base(e.Name) == "map" {
				return ctx.Err() == nil
			}
		}
	}
}

func (n *notices) close() {
	if n.w != nil {
		_ = n.w.Close()
	}
}

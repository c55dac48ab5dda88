// Package cache is the directory outside the clone where the real servers
// that tests and development clusters run are kept: a fetched MySQL, an
// initialised data directory to copy from, a built Consul agent.
//
// Everything in it can be deleted at any time; the next user makes it again.
// An entry is made once, whoever asks, and appears whole or not at all:
//
//	dir, err := cache.Dir()
//	path, err := cache.Entry(ctx, dir, "consul-1.22.3", func(tmp string) error {
//		return build(ctx, filepath.Join(tmp, "consul"))
//	})
//
// Two processes that ask for the same entry at once make it once: the second
// waits on a file lock, then finds the entry. The entry is made in a folder
// beside its final name and renamed into place, so a process that dies half
// way leaves only a folder that the next one to hold the lock clears away.
//
// # Caveats
//
// The lock is flock(2): on a network file system that does not carry it, keep
// the cache elsewhere with BERTH_CACHE. A MySQL started by root runs as an
// unprivileged user that must be able to reach the cache, so a cache below a
// private home directory is refused by the package that needs it, in words.
package cache

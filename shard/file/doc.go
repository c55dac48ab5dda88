// Package file is the shard.Store in a directory of one machine: what Berth
// uses where there is no Consul, in development, in a demo, or for one
// application server on its own.
//
//	store, err := file.Open(file.Config{Dir: "/var/lib/berth"})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	m, err := store.Load(ctx)
//
// The directory holds
//
//	map                         the map, as shard.Map.Encode writes it
//	lock                        locked (flock) during a swap or a record's change
//	history/00000000000000000041  the map of epoch 41
//	routers/ID.json, ID.lock    a router; its process keeps ID.lock locked
//	locks/NAME                  a held lock, with its holder's name in it
//	records/KIND/NAME           a record: a line with its version, then its value
//
// A swap writes the map that it replaces into the history, then the new map
// into a temporary file, syncs it, renames it over the old one and syncs the
// directory. A reader therefore sees the old map or the new one, at any
// moment and after any crash; what a crash left in the temporary file is
// overwritten by the next swap. Records are written the same way; their
// versions are drawn at random.
//
// Locks and registrations are kernel locks on open files (flock). The kernel
// drops them when the process ends, however it ends, so a dead holder's lock
// is free at once and a dead router leaves the list at once.
//
// Watch is told of changes by the kernel (fsnotify) and reads the file every
// second besides, because notifications are lost when the directory is
// replaced or the machine's inotify limits are used up.
//
// # Caveats
//
// The directory must be on a local file system: over NFS neither the locks
// nor the notifications reach other machines. All processes must run under
// the same account, since files have mode 0600 and directories 0700; reading
// needs read permission only. Open refuses a directory that everybody may
// write to, as anybody could then send members to a server of their own.
//
// A stopped process (SIGSTOP, a debugger) still holds its locks. Its
// RouterState.SeenAt, which is the time of its file, stands still.
package file

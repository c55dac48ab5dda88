// Package storetest is the contract of shard.Store as a test, which every
// store passes:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) storetest.Place {
//			dir := t.TempDir()
//			return storetest.Place{
//				Open: func() (shard.Store, error) { return file.Open(file.Config{Dir: dir}) },
//				Put:  func(b []byte) error { return os.WriteFile(filepath.Join(dir, "map"), b, 0o600) },
//			}
//		})
//	}
//
// It also has the maps that such tests need, and Tape, which records what a
// watch reports.
//
// # Caveats
//
// The suite runs in one process. What only a second process shows (one that
// is killed, a machine that stops) is in each store's own tests.
//
// Patience bounds every wait, so that a store that never answers fails its
// test and does not hang it. Nothing is asserted to be quick.
package storetest

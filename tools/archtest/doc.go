// Package archtest holds the house to its plan: which package may import
// which, which library belongs to which package, which folders there are.
//
// The plan is the tables in rules.go; a test reads all packages with `go list`
// and reports each line of code that is not in it:
//
//	packages, err := archtest.List(ctx, root)
//	for _, v := range archtest.Check(packages) {
//		fmt.Println(v) // router imports shard/move: not in its line of the table
//	}
//
// A new package needs a line of its own, so that somebody decides what it may
// know before it knows everything.
//
// # Caveats
//
// Only direct imports are looked at; every package on the way is checked by
// its own line. Test files may import more (see the Tests column), but never
// what would make two packages that must not know each other meet.
package archtest

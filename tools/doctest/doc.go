// Package doctest keeps the documentation true: the Go snippets of the
// Markdown files compile, and their links lead somewhere.
//
//	for _, s := range doctest.Snippets(text) {
//		code, err := s.File() // a whole Go file
//	}
//
// A snippet that begins with a package clause is a file already. Any other is
// taken for the inside of a function that has a ctx and returns an error; its
// imports may stand at its top or, for the packages of this module and the
// few of the standard library that File knows, be left out. What else it is
// given, a comment right before it says; readers of the page don't see it:
//
//	<!-- given: r *router.Router, id shard.Member -->
//	```go
//	err := r.Member(id).QueryRowContext(ctx, ...).Scan(&name)
//	```
//
// # Caveats
//
// Variables that a snippet sets and does not use count as used. Links to other
// sites are not followed.
package doctest

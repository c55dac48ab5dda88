// Package rows knows the rows of sharded tables on a server: a table's shape,
// and reading, loading, comparing and deleting the rows of given members.
package rows

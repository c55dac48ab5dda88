// Package scope is the guard: it reads a SQL statement and decides whether it
// can touch the rows of one member only, and of which.
//
//	parser, err := scope.New(scope.Config{})
//	catalogue := scope.NewCatalogue(m) // m is the *shard.Map
//
//	stmt, err := parser.Parse("SELECT * FROM contacts WHERE member_id = ? AND id = ?")
//	sc, err := stmt.Scope(catalogue)   // sc.Class == scope.Member
//	id, err := sc.Member(args)         // args[0] is int64(42): id == shard.Int(42)
//
// Parse remembers a statement by its text, and a Statement remembers its scope
// under the catalogue asked last, so that a statement in use costs about 100 ns
// and no allocation. Ask for the catalogue of a newer map with Catalogue.For,
// which gives the same one as long as the tables did not change.
//
// # What ties a table
//
// Every use of a sharded table must be tied: by an equality between its member
// column and a literal or parameter, or through equalities with the member
// columns of other tables that lead to one. These count:
//
//   - conditions joined by AND in WHERE and in the ON of inner joins, USING and
//     NATURAL; the ON of an outer join counts for the side that can be absent
//     and says nothing of the side that keeps its rows;
//   - =, <=> with a value, IN of values, and the same of rows, column by column;
//   - in a subquery or LATERAL table, an equality with the member column of a
//     tied table around it; from outside, the member column that a derived table
//     or common table expression passes on unchanged;
//   - in INSERT and REPLACE, the value of the member column in each row, or the
//     column of the SELECT in its place.
//
// OR, NOT, CASE, functions, arithmetic, HAVING and everything else tie nothing.
// If a statement names its member several times, all must agree; for
// parameters, Member finds out at each execution. No statement may assign the
// member column.
//
// # When in doubt, refuse
//
// A wrong acceptance is a security defect, a wrong refusal a nuisance with a
// message that says what to write instead. So the guard refuses what MySQL and
// a parser may read differently: executable comments, malformed numbers,
// adjacent texts, unusual variables, words reserved by some servers only. It
// scans the text itself, demands that the parser's tokenizer finds the same
// tokens, and that no clause or parameter got lost on the way into the tree. It
// refuses functions it does not know to be built in, tables that the catalogue
// does not list (views among them), tables named with their database, a second
// statement, XA, and whatever changes the session.
//
// MySQL compares across types: a BIGINT column equals '042', 42.0 and TRUE, and
// a VARCHAR column equals the number 42 if it holds '42abc'. So under integer
// members only integers and their plain text name one; under text members only
// texts do.
//
// # Caveats
//
// What the guard assumes of servers, and what must be checked elsewhere, at
// connect and at adoption:
//
//   - sql_mode is free of ANSI_QUOTES, NO_BACKSLASH_ESCAPES, PIPES_AS_CONCAT,
//     HIGH_NOT_PRECEDENCE and IGNORE_SPACE, and includes a strict mode; the
//     connection's character set is utf8mb4.
//   - Every sharded table has its member column, of an integer type wide enough
//     for every id, or a character type with a binary collation: utf8mb4_bin
//     compares 'a' and 'a ' equal, and so ids can't end in a space; a
//     case-insensitive collation finds other members' rows. All member columns
//     have one type. A column too narrow, under INSERT IGNORE, stores another id
//     than the one given.
//   - REPLACE and ON DUPLICATE KEY UPDATE change the row with the same key,
//     whoever owns it. They pass only for tables of which the catalogue says that
//     every unique key holds the member column (shard.Table.OwnKeys); a key that
//     is added later without it makes that wrong.
//   - A foreign key with CASCADE, a trigger or a generated member column can
//     reach other members' rows behind the guard's back.
//   - A catalogued name must be a base table: not a view, nor hidden by a
//     temporary table of the session (Statement.SetsSession).
//   - MySQL may evaluate a WHERE in any order. Rows of other members never get
//     into a result, but a failing expression (a scalar subquery of two rows, a
//     division in strict mode) can fail because of one. EXTRACTVALUE and
//     UPDATEXML, which put the value into the message, are refused.
//   - The relevance that MATCH gives depends on the words of all rows.
//   - EXPLAIN and AUTO_INCREMENT tell about how many rows there are.
//   - A server can have bugs: 9.7 returns one member's rows more often than it
//     should for some semijoins in the ON of nested outer joins.
package scope

package scope

// Kind is what a statement does.
type Kind uint8

const (
	Other      Kind = iota // administration, CALL, DO, LOAD DATA and the rest
	Read                   // SELECT, EXPLAIN
	Write                  // INSERT, REPLACE, UPDATE, DELETE
	DDL                    // CREATE, ALTER, DROP, RENAME, TRUNCATE
	Begin                  // BEGIN, START TRANSACTION
	Commit                 // COMMIT
	Rollback               // ROLLBACK
	Savepoint              // SAVEPOINT
	RollbackTo             // ROLLBACK TO
	Release                // RELEASE SAVEPOINT
	Session                // SET, USE, LOCK TABLES, PREPARE: changes the session
	Show                   // SHOW, DESCRIBE of a table
)

var kindNames = [...]string{"other", "read", "write", "ddl", "begin", "commit", "rollback", "savepoint", "rollback to", "release savepoint", "session", "show"}

// String is the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// classify tells the kind by the first words, without the parser. Read and
// Write are those the parser has to look at.
func classify(l *lexer) (Kind, error) {
	word := func(i int) string {
		if i < len(l.tokens) {
			return l.tokens[i].text
		}
		return ""
	}
	rest := func(i int) int { return len(l.tokens) - i }
	switch first := word(0); first {
	case "":
		return Other, l.refuse("it is empty")
	case "SELECT", "WITH", "(", "VALUES", "TABLE":
		return Read, nil
	case "INSERT", "REPLACE", "UPDATE", "DELETE":
		return Write, nil
	case "EXPLAIN", "DESCRIBE", "DESC":
		switch word(1) {
		case "SELECT", "WITH", "(", "INSERT", "REPLACE", "UPDATE", "DELETE", "ANALYZE", "FORMAT", "TABLE":
			return Read, nil
		}
		return Show, nil
	case "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE":
		return DDL, nil
	case "BEGIN":
		if rest(1) == 0 || word(1) == "WORK" && rest(2) == 0 {
			return Begin, nil
		}
	case "START":
		if word(1) == "TRANSACTION" {
			return Begin, nil
		}
	case "COMMIT":
		if rest(1) == 0 || word(1) == "WORK" && rest(2) == 0 {
			return Commit, nil
		}
		return Session, nil // AND CHAIN, RELEASE: not what a pool expects of a commit
	case "ROLLBACK":
		return classifyRollback(word, rest), nil
	case "SAVEPOINT":
		if rest(2) == 0 {
			return Savepoint, nil
		}
	case "RELEASE":
		if word(1) == "SAVEPOINT" && rest(3) == 0 {
			return Release, nil
		}
	case "SET", "USE", "LOCK", "UNLOCK", "PREPARE", "EXECUTE", "DEALLOCATE", "HANDLER":
		return Session, nil
	case "SHOW":
		return Show, nil
	case "XA":
		return Other, &RefusedError{Reason: XA, Why: "an XA transaction can outlive its session and be committed after a move; use an ordinary transaction", Statement: excerpt(l.sql)}
	}
	return Other, nil
}

func classifyRollback(word func(int) string, rest func(int) int) Kind {
	i := 1
	if word(i) == "WORK" {
		i++
	}
	if rest(i) == 0 {
		return Rollback
	}
	if word(i) != "TO" {
		return Session
	}
	i++
	if word(i) == "SAVEPOINT" && rest(i) == 2 {
		i++
	}
	if rest(i) == 1 {
		return RollbackTo
	}
	return Other
}

// refusal is why a statement of this kind has no scope.
func (k Kind) refusal() (Reason, string) {
	switch k {
	case DDL:
		return NotScopable, "a schema change belongs on all shards: run it with berth sql --all, or router.Repository's Each"
	case Begin, Commit, Rollback, Savepoint, RollbackTo, Release:
		return NotScopable, "a transaction is begun and ended through the API, not as a statement with a scope"
	case Session:
		return SessionState, "it changes the session, which others share; configure the connection instead"
	case Show:
		return NotScopable, "it tells about a server, not about a member; use Unscoped and name the shard"
	default:
		return NotScopable, "it is neither a read nor a write of tables (CALL, DO, LOAD DATA and administration are not); use Unscoped and name the shard"
	}
}

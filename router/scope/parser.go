package scope

import (
	"errors"
	"fmt"

	"vitess.io/vitess/go/vt/sqlparser"
)

// Config says how much a Parser remembers.
type Config struct {
	// CacheStatements is how many statements are kept; 0 means 4096.
	CacheStatements int
	// CacheBytes is about how much memory they may take, in bytes, texts and
	// trees together; 0 means 64 MiB.
	CacheBytes int64
}

// Parser reads statements and remembers them by their text. It is safe for
// concurrent use.
type Parser struct {
	sql   *sqlparser.Parser
	cache *cache
}

// serverVersion is the MySQL version the grammar is asked for. It decides
// about executable comments only, which the guard refuses anyway.
const serverVersion = "8.0.30"

// New makes a Parser.
func New(cfg Config) (*Parser, error) {
	if cfg.CacheStatements < 0 || cfg.CacheBytes < 0 {
		return nil, fmt.Errorf("make a statement parser: a cache of %d statements and %d bytes is negative; 0 means the default", cfg.CacheStatements, cfg.CacheBytes)
	}
	if cfg.CacheStatements == 0 {
		cfg.CacheStatements = 4096
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = 64 << 20
	}
	p, err := sqlparser.New(sqlparser.Options{MySQLServerVersion: serverVersion})
	if err != nil {
		return nil, fmt.Errorf("make a statement parser for MySQL %s: %w", serverVersion, err)
	}
	return &Parser{sql: p, cache: newCache(cfg.CacheStatements, cfg.CacheBytes)}, nil
}

// Parse reads one statement. Its errors are *UnreadableError, and *RefusedError
// for a second statement or XA; such a text must not reach a server by way of
// the guard. A text seen before costs one look into the cache and no
// allocation.
func (p *Parser) Parse(sql string) (*Statement, error) {
	if s := p.cache.get(sql); s != nil {
		return s, nil
	}
	s, err := p.read(sql)
	if err != nil {
		return nil, err
	}
	p.cache.put(s)
	return s, nil
}

// Outline is Parse for a statement that goes past the guard on purpose: SQL
// that the parser does not know passes too, of which no more than its kind and
// parameters are told, and which has no scope.
func (p *Parser) Outline(sql string) (*Statement, error) {
	s, err := p.Parse(sql)
	var unreadable *UnreadableError
	if !errors.As(err, &unreadable) {
		return s, err
	}
	l, lexErr := lex(sql)
	if lexErr != nil {
		return nil, err
	}
	kind, lexErr := classify(l)
	if lexErr != nil {
		return nil, err
	}
	refusal := &RefusedError{Reason: Construct, Why: unreadable.Error(), Statement: excerpt(sql)}
	// Not knowing better, it is taken for a statement that locks and writes.
	return &Statement{sql: sql, kind: kind, params: l.params, locking: true, refusal: refusal}, nil
}

func (p *Parser) read(sql string) (*Statement, error) {
	l, err := lex(sql)
	if err != nil {
		return nil, err
	}
	kind, err := classify(l)
	if err != nil {
		return nil, err
	}
	s := &Statement{sql: sql, kind: kind, params: l.params, cachedBytes: int64(len(sql)) + statementBytes}
	switch kind {
	case Read, Write:
		return s, p.grow(s, l)
	case Session:
		s.setsState = true
	case DDL:
		s.setsState = len(l.tokens) > 1 && l.tokens[1].text == "TEMPORARY"
	case Begin:
		s.readOnlyTx = len(l.tokens) > 2 && l.tokens[len(l.tokens)-1].text == "ONLY"
	}
	return s, nil
}

// grow parses a read or write and looks its tree over.
func (p *Parser) grow(s *Statement, l *lexer) error {
	if err := agree(p.sql, l); err != nil {
		return err
	}
	quoted, err := l.words()
	if err != nil {
		return err
	}
	tree, err := p.parse(s.sql[:l.body])
	if err != nil {
		l.pos = 0
		return l.refuse("the parser does not know its syntax: " + err.Error())
	}
	in := inspect(s.sql, tree, quoted)
	if in.refusal == nil {
		if err := in.complete(l); err != nil {
			return err
		}
	}
	if e, ok := tree.(*sqlparser.ExplainStmt); ok {
		tree = e.Statement
		if e.Type == sqlparser.AnalyzeType && isWrite(tree) {
			s.kind = Write
		}
	}
	s.tree, s.refusal = tree, in.refusal
	s.locking, s.readsState, s.setsState = in.locking, in.reads, in.sets
	s.cachedBytes += int64(len(l.tokens)) * tokenBytes
	return nil
}

// parse calls the parser, whose grammar has actions that panic on texts nobody
// would write; for the guard such a text is unreadable.
func (p *Parser) parse(sql string) (tree sqlparser.Statement, err error) {
	defer func() {
		if r := recover(); r != nil {
			tree, err = nil, fmt.Errorf("the parser fell over it (%v)", r)
		}
	}()
	tree, err = p.sql.ParseStrictDDL(sql)
	if err == nil && tree == nil {
		err = fmt.Errorf("it is empty")
	}
	return tree, err
}

func isWrite(tree sqlparser.Statement) bool {
	switch tree.(type) {
	case *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete:
		return true
	}
	return false
}

// CacheSize tells how many statements are remembered and about how many bytes
// they take.
func (p *Parser) CacheSize() (statements int, bytes int64) { return p.cache.size() }

package router

import (
	"database/sql/driver"

	"github.com/berthdb/berth/router/scope"
)

// verdict is what becomes of a statement: where it goes and what it may do.
type verdict struct {
	to    target
	kind  scope.Kind
	read  bool // it changes and locks nothing
	sets  bool // it leaves the session changed
	reads bool // its result depends on what came before it in the session
}

// judge reads the statement by the guard, with its parameters, and what the
// caller said about where it goes. A statement that passes for one member is
// tied to that member in every sharded table it touches.
func (r *Router) judge(rt routing, st *scope.Statement, args []driver.NamedValue) (verdict, error) {
	v := verdict{kind: st.Kind(), read: st.ReadOnly(), sets: st.SetsSession(), reads: st.ReadsSession(), to: anywhere}
	if rt.err != nil {
		return v, rt.err
	}
	named, explicit := rt.target()
	switch v.kind {
	case scope.Begin, scope.Commit, scope.Rollback:
		return v, refused("%s by text: use BeginTx, Commit and Rollback, so that the transaction is known to be one", v.kind)
	case scope.Savepoint, scope.RollbackTo, scope.Release:
		return v, nil
	case scope.Session:
		return v, nil
	}
	if rt.unscoped {
		v.to = named
		v.to.wide = true
		return v, nil
	}
	if v.kind == scope.Show {
		v.to = named
		v.to.loose = true
		return v, nil
	}
	sc, err := st.Scope(r.view.Load().catalogue)
	if err != nil {
		return v, err
	}
	switch sc.Class {
	case scope.Member:
		id, err := sc.Member(args)
		if err != nil {
			return v, err
		}
		if explicit && id != rt.member {
			return v, wrongMember("the statement is of member %s and was sent for member %s", id, rt.member)
		}
		v.to = target{member: id}
	case scope.Reference:
		if !v.read {
			return v, refused("a reference table is the same on all shards, so it is written on each of them: use Each or berth sql --all")
		}
		v.to = target{member: rt.member, loose: true}
	case scope.Global:
		if explicit {
			return v, wrongMember("its tables are global and live on shard %s, and it was sent for member %s: send it without a member", sc.Shard, rt.member)
		}
		v.to = target{shard: sc.Shard, loose: true}
	default:
		v.to = target{member: rt.member, loose: true}
	}
	return v, nil
}

// outsideTransaction refuses what makes sense in a transaction only: each
// statement outside one may run on another session.
func (v verdict) outsideTransaction() error {
	switch {
	case v.sets:
		return refused("a change of session state would be inherited by other statements: use a transaction, whose session is closed after it, or the connection's options")
	case v.reads:
		return refused("what it reads of the session may be any other statement's: run it in the transaction of the statement it is about")
	case v.kind == scope.Savepoint, v.kind == scope.RollbackTo, v.kind == scope.Release:
		return refused("%s outside a transaction", v.kind)
	}
	return nil
}

// insideTransaction refuses what can't be part of a transaction, or not yet.
func (v verdict) insideTransaction(bound bool) error {
	switch {
	case v.kind == scope.DDL:
		return refused("DDL would commit the transaction it is in: run it outside")
	case bound:
		return nil
	case v.sets, v.reads, v.kind == scope.Savepoint, v.kind == scope.RollbackTo, v.kind == scope.Release:
		return refused("the transaction is not bound to a member yet: run a statement of its member first, or begin it under WithMember")
	}
	return nil
}

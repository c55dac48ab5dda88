package router

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/berthdb/berth/shard"
)

// routing is what the caller said about where a statement goes, beside what
// its text says.
type routing struct {
	member   shard.Member // zero: the text decides
	shard    string       // a whole shard, for what goes to each of them
	unscoped bool         // the guard is off
	err      error        // the member id was no member id
}

func (rt routing) isZero() bool {
	return rt.member.IsZero() && rt.shard == "" && rt.err == nil
}

// target is whom the routing names, if anyone.
func (rt routing) target() (target, bool) {
	switch {
	case !rt.member.IsZero():
		return target{member: rt.member, wide: rt.unscoped}, true
	case rt.shard != "":
		return target{shard: rt.shard, wide: true}, true
	}
	return target{}, false
}

// or is rt, or what the context says when rt says nothing.
func (rt routing) or(ctx context.Context) routing {
	if rt.isZero() {
		return routingOf(ctx)
	}
	return rt
}

type routingKey struct{}

// routed is a context with a routing: one allocation where WithValue makes two.
type routed struct {
	context.Context
	rt routing
}

// Value gives the context itself for the key.
func (c *routed) Value(key any) any {
	if key == (routingKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func routingOf(ctx context.Context) routing {
	if c, ok := ctx.Value(routingKey{}).(*routed); ok {
		return c.rt
	}
	return routing{}
}

func withRouting(ctx context.Context, rt routing) context.Context {
	return &routed{ctx, rt}
}

// WithMember says whose statements are sent under the context: they go to the
// member's home, and one that is not tied to this member is refused. A
// transaction begun under it is bound to the member at once. The id is an
// integer of any kind, a string, or a shard.Member.
func WithMember(ctx context.Context, id any) context.Context {
	m, err := memberOf(id)
	return withRouting(ctx, routing{member: m, err: err})
}

// memberOf makes a member id of what a caller has at hand.
func memberOf(id any) (shard.Member, error) {
	switch v := id.(type) {
	case shard.Member:
		if v.IsZero() {
			return v, fmt.Errorf("%w: it is empty", shard.ErrBadMember)
		}
		return v, nil
	case int64:
		return shard.Int(v), nil
	case int:
		return shard.Int(int64(v)), nil
	case uint64:
		return shard.Uint(v), nil
	case string:
		return shard.ParseMember(v)
	case int32:
		return shard.Int(int64(v)), nil
	case uint32:
		return shard.Uint(uint64(v)), nil
	case uint:
		return shard.Uint(uint64(v)), nil
	case int16:
		return shard.Int(int64(v)), nil
	case uint16:
		return shard.Uint(uint64(v)), nil
	case int8:
		return shard.Int(int64(v)), nil
	case uint8:
		return shard.Uint(uint64(v)), nil
	case fmt.Stringer: // UUID types
		return shard.ParseMember(v.String())
	}
	return shard.Member{}, fmt.Errorf("%w: a %T is neither an integer nor a string", shard.ErrBadMember, id)
}

// A statement prepared for a member keeps the member when database/sql
// prepares it again on another connection, where only its text is handed on:
// the text carries the member behind a mark that nobody else can know.
type mark string

func newMark() mark { return mark("/*berth " + rand.Text() + " ") }

func (k mark) apply(rt routing, query string) string {
	flag := "-"
	if rt.unscoped {
		flag = "u"
	}
	return string(k) + flag + fmt.Sprintf("%d ", len(rt.member.String())) + rt.member.String() + query
}

// unmark undoes apply.
func (r *Router) unmark(query string) (rt routing, text string, ok bool) {
	rest, ok := strings.CutPrefix(query, string(r.mark))
	if !ok {
		return rt, "", false
	}
	var n int
	rt.unscoped, rest = rest[0] == 'u', rest[1:]
	digits, rest, _ := strings.Cut(rest, " ")
	if _, err := fmt.Sscanf(digits, "%d", &n); err != nil || n > len(rest) {
		return routing{err: errors.New("malformed mark of a prepared statement")}, "", true
	}
	rt.member, rt.err = shard.ParseMember(rest[:n])
	return rt, rest[n:], true
}

// refused is an error that wraps ErrRefused.
func refused(format string, args ...any) error {
	return joined(ErrRefused, fmt.Errorf(format, args...))
}

// wrongMember is an error that wraps ErrWrongMember.
func wrongMember(format string, args ...any) error {
	return joined(ErrWrongMember, fmt.Errorf(format, args...))
}

package router

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestParametersBecomeWhatTheDriverSends(t *testing.T) {
	type kind int32
	seven := 7
	now := time.Now()
	for _, c := range []struct{ in, want any }{
		{7, int64(7)}, {kind(7), int64(7)}, {uint(7), uint64(7)}, {uint64(1 << 63), uint64(1 << 63)},
		{&seven, int64(7)}, {(*int)(nil), nil}, {nil, nil}, {"x", "x"}, {[]byte("x"), []byte("x")},
		{json.RawMessage("{}"), []byte("{}")}, {true, true}, {1.5, 1.5}, {now, now},
		{sql.NullString{}, nil}, {sql.NullString{String: "x", Valid: true}, "x"}, {(*sql.NullString)(nil), nil},
	} {
		nv := driver.NamedValue{Ordinal: 1, Value: c.in}
		if err := checkNamedValue(&nv); err != nil || !reflect.DeepEqual(nv.Value, c.want) {
			t.Errorf("%T %v became %T %v, %v", c.in, c.in, nv.Value, nv.Value, err)
		}
	}
	for _, bad := range []driver.NamedValue{{Ordinal: 1, Value: struct{}{}}, {Name: "x", Value: 1}} {
		if err := checkNamedValue(&bad); err == nil {
			t.Errorf("%+v went through", bad)
		}
	}
}

func TestMarkOfAPreparedStatementIsReadBack(t *testing.T) {
	r := &Router{mark: newMark()}
	m, err := memberOf("a 1 b")
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range []routing{{member: m}, {member: m, unscoped: true}} {
		got, text, ok := r.unmark(r.mark.apply(rt, "SELECT 1"))
		if !ok || got != rt || text != "SELECT 1" {
			t.Errorf("%+v came back as %+v, %q, %v", rt, got, text, ok)
		}
	}
	if _, _, ok := r.unmark("SELECT 1"); ok {
		t.Error("a plain text is taken for marked")
	}
	if _, _, ok := r.unmark(newMark().apply(routing{member: m}, "SELECT 1")); ok {
		t.Error("another router's mark is taken for this one's")
	}
}

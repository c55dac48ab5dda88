package scope

import (
	"database/sql/driver"
	"fmt"
	"reflect"

	"github.com/berthdb/berth/shard"
)

// value reads a member id out of an argument. Only what MySQL compares with
// the member column exactly is one: for integers, Go's integers and their
// plain text; for texts, texts. A float, a bool or a time is none, and NULL
// equals nothing.
func (s *Scope) value(v any, src *source) (shard.Member, error) {
	switch v := v.(type) {
	case int64:
		return s.integer(shard.Int(v), v, src)
	case int:
		return s.integer(shard.Int(int64(v)), v, src)
	case uint64:
		return s.integer(shard.Uint(v), v, src)
	case string:
		return s.text(v, v, src)
	case []byte:
		if v == nil {
			break
		}
		return s.text(string(v), v, src)
	case nil:
	case driver.Valuer:
		return shard.Member{}, bad(v, src, "it is sent as whatever its Value method gives; pass that")
	default:
		switch r := reflect.ValueOf(v); r.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			return s.integer(shard.Int(r.Int()), v, src)
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			return s.integer(shard.Uint(r.Uint()), v, src)
		case reflect.String:
			return s.text(r.String(), v, src)
		}
		return shard.Member{}, bad(v, src, "pass an integer or a text")
	}
	return shard.Member{}, bad(v, src, "NULL equals nothing")
}

func (s *Scope) integer(m shard.Member, v any, src *source) (shard.Member, error) {
	if s.members == shard.String {
		return shard.Member{}, bad(v, src, "members of this map are texts, and the server would compare them with a number as numbers; pass a string")
	}
	return m, nil
}

func (s *Scope) text(text string, v any, src *source) (shard.Member, error) {
	m, err := s.members.Parse(text)
	if err != nil {
		return shard.Member{}, bad(v, src, err.Error())
	}
	if s.members == shard.Integer && src.weak && inexact(m) {
		return shard.Member{}, bad(v, src, "within a row or list the server may compare a text and an integer inexactly; pass an integer")
	}
	return m, nil
}

func bad(v any, src *source, why string) error {
	return &ValueError{Param: src.param, Value: fmt.Sprintf("%T", v), Why: why}
}

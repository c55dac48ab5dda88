package router

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
)

// CheckNamedValue turns a parameter into what the MySQL driver sends.
func (s *session) CheckNamedValue(nv *driver.NamedValue) error { return checkNamedValue(nv) }

// checkNamedValue does what database/sql does by default, but lets unsigned
// integers with the high bit set pass, as the MySQL driver does.
func checkNamedValue(nv *driver.NamedValue) error {
	if nv.Name != "" {
		return fmt.Errorf("parameter %s: MySQL has no named parameters", nv.Name)
	}
	v, err := convert(nv.Value)
	if err != nil {
		return fmt.Errorf("parameter %d: %w", nv.Ordinal, err)
	}
	nv.Value = v
	return nil
}

func convert(v any) (driver.Value, error) {
	switch x := v.(type) {
	case int64, float64, bool, []byte, string, nil, uint64:
		return x, nil
	case int:
		return int64(x), nil
	case uint:
		return uint64(x), nil
	}
	if valuer, ok := v.(driver.Valuer); ok {
		if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
			return nil, nil // as database/sql: a nil pointer to a Valuer is NULL
		}
		inner, err := valuer.Value()
		if err != nil {
			return nil, err
		}
		if _, again := inner.(driver.Valuer); again {
			return nil, errors.New("Value gave another Valuer")
		}
		return convert(inner)
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		return convert(rv.Elem().Interface())
	case reflect.Uint64, reflect.Uint, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		return rv.Uint(), nil
	case reflect.Slice: // json.RawMessage and its like
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return rv.Bytes(), nil
		}
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}

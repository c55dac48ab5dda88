package router

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
)

// A batch is cut by what its values weigh, whatever type they come in.
func TestBatchWeighsEveryKindOfValue(t *testing.T) {
	big := strings.Repeat("x", 300<<10)
	for _, v := range []any{
		big, []byte(big), &big, json.RawMessage(big), sql.NullString{String: big, Valid: true}, sql.RawBytes(big),
	} {
		b := Batch{Table: "t", Columns: []string{"a"}, Rows: make([][]any, 64)}
		for i := range b.Rows {
			b.Rows[i] = []any{v}
		}
		if n := b.take(0); n > 4 {
			t.Errorf("%d values of type %T and 300 KiB go into one statement", n, v)
		}
	}
}

package rows

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/instance"
)

// MaxDiffering is how many rows Differ names at most.
const MaxDiffering = 100

// maxShown is how many bytes of rows Differ reads from each side to show what
// differs in them; it names what is beyond that by the key alone.
const maxShown = 64 << 20

// Row is one row as comparisons see it.
type Row struct {
	Key  string   // the primary key, readable, each another: "member_id=7, id=3"
	Hash [32]byte // of all columns that are stored
}

// Rows goes through the rows of a member. Two servers give rows that both have
// in the same order. An error is the last that it gives.
func (t Table) Rows(ctx context.Context, db instance.DB, member shard.Member) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		where, ok := t.ofMembers([]shard.Member{member})
		if !ok {
			return
		}
		keys := t.keyColumns()
		err := t.values(ctx, db, keys, t.fromIndex()+" WHERE "+where, func(r Row, _ []sql.RawBytes) bool { return yield(r, nil) })
		if err != nil {
			yield(Row{}, fmt.Errorf("compare rows of member %s in table %s: %w", member, t.Name, err))
		}
	}
}

func (t Table) keyColumns() []Column {
	columns := make([]Column, len(t.PrimaryKey))
	for i, name := range t.PrimaryKey {
		columns[i], _ = t.Column(name)
	}
	return columns
}

// values reads rows: the hash, and columns of which the first are the primary
// key's. It goes on until each is false.
func (t Table) values(ctx context.Context, db instance.DB, columns []Column, from string, each func(Row, []sql.RawBytes) bool) error {
	list := []string{t.hash()}
	for _, c := range columns {
		list = append(list, c.bytes())
	}
	rows, err := db.QueryContext(ctx, "SELECT "+pinStatement+" "+strings.Join(list, ",")+from)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has told by then
	values, into := make([]sql.RawBytes, len(list)), make([]any, len(list))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		r := Row{Key: key(columns[:len(t.PrimaryKey)], values[1:])}
		copy(r.Hash[:], values[0])
		if !each(r, values[1:]) {
			return nil
		}
	}
	return rows.Err()
}

// key is a row's primary key in readable form.
func key(columns []Column, values []sql.RawBytes) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.Name + "=" + c.whole(values[i])
	}
	return strings.Join(parts, ", ")
}

// Differ names what differs in a member's rows between a source a and a target
// b: rows that are missing or extra, and of the others the columns; at most
// MaxDiffering rows, by key. It is for a member that Check has found to differ.
// Rows that change meanwhile may be named, or be left out.
//
// It holds on to the keys of the rows that differ, and of few others.
func (t Table) Differ(ctx context.Context, a, b instance.DB, member shard.Member) ([]Difference, error) {
	onA, onB, err := t.unmatched(ctx, a, b, member)
	if err != nil {
		return nil, err
	}
	var list []Difference
	var both []string
	for k := range onA {
		if _, ok := onB[k]; ok {
			both = append(both, k)
		} else {
			list = append(list, Difference{Table: t.Name, Key: k, Kind: Missing})
		}
	}
	for k := range onB {
		if _, ok := onA[k]; !ok {
			list = append(list, Difference{Table: t.Name, Key: k, Kind: Extra})
		}
	}
	slices.SortFunc(list, func(x, y Difference) int { return cmp.Compare(x.Key, y.Key) })
	list = list[:min(len(list), MaxDiffering)]
	slices.Sort(both)
	both = both[:min(len(both), MaxDiffering-len(list))]
	columns, err := t.differingColumns(ctx, a, b, member, pick(onA, both), pick(onB, both))
	if err != nil {
		return nil, fmt.Errorf("read rows of member %s in table %s that differ: %w", member, t.Name, err)
	}
	return append(columns, list...), nil
}

// unmatched are the rows of each side, by key, that the other one doesn't have
// exactly so.
func (t Table) unmatched(ctx context.Context, a, b instance.DB, member shard.Member) (onA, onB map[string][32]byte, err error) {
	sides := [2]map[string][32]byte{{}, {}}
	var next [2]func() (Row, error, bool)
	for i, db := range []instance.DB{a, b} {
		var stop func()
		next[i], stop = iter.Pull2(t.Rows(ctx, db, member))
		defer stop()
	}
	for more := true; more; { // a row of each in turn, so that few wait for their like
		more = false
		for i := range sides {
			r, err, ok := next[i]()
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				continue
			}
			more = true
			if like, ok := sides[1-i][r.Key]; ok && like == r.Hash {
				delete(sides[1-i], r.Key)
			} else {
				sides[i][r.Key] = r.Hash
			}
		}
	}
	return sides[0], sides[1], nil
}

func pick(from map[string][32]byte, keys []string) map[string][32]byte {
	maps.DeleteFunc(from, func(k string, _ [32]byte) bool { return !slices.Contains(keys, k) })
	return from
}

// differingColumns compares rows that both have by key, one column after the
// other. They are found again by their hashes among the member's rows: that
// needs no key to be written back as SQL.
func (t Table) differingColumns(ctx context.Context, a, b instance.DB, member shard.Member, onA, onB map[string][32]byte) ([]Difference, error) {
	columns := t.keyColumns()
	for _, c := range t.compared() {
		if !holds(t.PrimaryKey, c.Name) {
			columns = append(columns, c)
		}
	}
	source, err := t.found(ctx, a, member, columns, onA)
	if err != nil {
		return nil, err
	}
	target, err := t.found(ctx, b, member, columns, onB)
	if err != nil {
		return nil, err
	}
	var list []Difference
	for _, k := range slices.Sorted(maps.Keys(source)) {
		x := source[k]
		y, ok := target[k]
		if !ok {
			continue
		}
		if x == nil || y == nil {
			list = append(list, Difference{Table: t.Name, Key: k, Kind: Differs})
			continue
		}
		for i, c := range columns {
			if (x[i] == nil) != (y[i] == nil) || string(x[i]) != string(y[i]) {
				d := Difference{Table: t.Name, Key: k, Kind: Differs, Column: c.Name}
				d.Source, d.Target = c.show(x[i], y[i])
				list = append(list, d)
			}
		}
	}
	return list, nil
}

// found reads the rows with these hashes, by key; nil are those beyond maxShown.
func (t Table) found(ctx context.Context, db instance.DB, member shard.Member, columns []Column, hashes map[string][32]byte) (map[string][]sql.RawBytes, error) {
	rows := map[string][]sql.RawBytes{}
	where, ok := t.ofMembers([]shard.Member{member})
	if !ok || len(hashes) == 0 {
		return rows, nil
	}
	var list []string
	for _, h := range hashes {
		list = append(list, "0x"+hex.EncodeToString(h[:]))
	}
	size := 0
	err := t.values(ctx, db, columns, t.fromIndex()+" WHERE "+where+" AND "+t.hash()+" IN ("+strings.Join(list, ",")+")",
		func(r Row, values []sql.RawBytes) bool {
			for _, v := range values {
				size += len(v)
			}
			rows[r.Key] = nil
			if size <= maxShown {
				rows[r.Key] = slices.Clone(values)
				for i, v := range values {
					rows[r.Key][i] = slices.Clone(v) // of NULL: NULL
				}
			}
			return true
		})
	return rows, err
}

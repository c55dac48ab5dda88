package shard

import "fmt"

// TableKind says where a table's rows live.
type TableKind string

const (
	Sharded   TableKind = "sharded"   // has the member column; a row lives on its member's shard
	Reference TableKind = "reference" // small, the same on all shards
	Global    TableKind = "global"    // lives on one named shard
)

// Table is one line of the table catalogue.
type Table struct {
	Name         string    `json:"name"`
	Kind         TableKind `json:"kind"`
	MemberColumn string    `json:"member_column,omitempty"` // sharded tables only
	// OwnKeys says of a sharded table that each of its unique keys holds the
	// member column. Without that an upsert may hit the row of another member
	// that has the same key, so it is refused.
	OwnKeys bool   `json:"own_keys,omitempty"`
	Shard   string `json:"shard,omitempty"` // global tables only: where it lives
}

func (t Table) validate(shards map[string]bool) error {
	if err := checkName("table", t.Name, 64); err != nil {
		return err
	}
	switch t.Kind {
	case Sharded:
		if t.MemberColumn == "" {
			return fmt.Errorf("sharded table %s has no member column", t.Name)
		}
		if t.Shard != "" {
			return fmt.Errorf("sharded table %s names a shard; only a global table does", t.Name)
		}
		return checkName("member column", t.MemberColumn, 64)
	case Reference, Global:
		if t.MemberColumn != "" || t.OwnKeys {
			return fmt.Errorf("%s table %s has a member column, or keys that hold one; only a sharded table does", t.Kind, t.Name)
		}
		if t.Kind == Reference && t.Shard != "" {
			return fmt.Errorf("reference table %s names a shard; only a global table does", t.Name)
		}
		if t.Kind == Global && !shards[t.Shard] {
			return fmt.Errorf("global table %s lives on shard %q, which the map does not have", t.Name, t.Shard)
		}
		return nil
	}
	return fmt.Errorf("table %s is of kind %q; it must be sharded, reference or global", t.Name, t.Kind)
}

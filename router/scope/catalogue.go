package scope

import (
	"slices"

	"github.com/berthdb/berth/shard"
)

// Catalogue is what the guard knows of the tables: their kinds and member
// columns, and the type of the member ids. It never changes.
type Catalogue struct {
	members shard.MemberType
	list    []shard.Table
	tables  map[string]shard.Table
	folded  map[string]string // lower case to the listed name
}

// NewCatalogue takes the tables of a map.
func NewCatalogue(m *shard.Map) *Catalogue {
	list := slices.Collect(m.Tables())
	c := &Catalogue{
		members: m.Members().Type,
		list:    list,
		tables:  make(map[string]shard.Table, len(list)),
		folded:  make(map[string]string, len(list)),
	}
	for _, t := range list {
		c.tables[t.Name] = t
		c.folded[lower(t.Name)] = t.Name
	}
	return c
}

// For is the catalogue of a newer map: c itself when the tables are still the
// same, so that what is known of each statement stays known across the many
// changes of a map that touch no table.
func (c *Catalogue) For(m *shard.Map) *Catalogue {
	if c != nil && c.members == m.Members().Type && slices.Equal(c.list, slices.Collect(m.Tables())) {
		return c
	}
	return NewCatalogue(m)
}

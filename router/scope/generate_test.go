package scope_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random statements over contacts, messages, notes and
// countries (see differentialSchema). Most of them mean one member, but with
// predicates in places where they may tie nothing: in the wrong ON, under OR,
// on the wrong column. Whatever it writes is deterministic, so that two
// databases can be compared.
type generator struct {
	*rand.Rand
	member  int // what every ? stands for
	aliases int
	ctes    []string
}

// ref is a table in sight of a predicate.
type ref struct {
	alias, member string // member is empty if the table has no member column
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

func (g *generator) alias() string {
	g.aliases++
	return fmt.Sprintf("t%d", g.aliases)
}

// value is the member, mostly; in a form the guard takes, mostly.
func (g *generator) value() string {
	switch n := g.IntN(40); {
	case n < 18:
		return fmt.Sprint(g.member)
	case n < 22:
		return fmt.Sprintf("'%d'", g.member)
	case n < 37:
		return "?"
	case n < 38:
		return fmt.Sprintf("%d.0", g.member)
	case n < 39:
		return "NULL"
	default:
		return fmt.Sprint(1 + g.IntN(5))
	}
}

// tie is a predicate that ties r, through another table when one is in sight.
func (g *generator) tie(r ref, others []ref) string {
	column := r.alias + "." + r.member
	var partners []ref
	for _, o := range others {
		if o.member != "" && o != r {
			partners = append(partners, o)
		}
	}
	if len(partners) > 0 && g.chance(55) {
		o := pick(g, partners...)
		return column + pick(g, " = ", " = ", " = ", " = ", " <=> ", " >= ") + o.alias + "." + o.member
	}
	switch g.IntN(12) {
	case 0:
		return column + " IN (" + g.value() + ")"
	case 1:
		return column + " IN (" + g.value() + ", " + g.value() + ")"
	case 2:
		return "(" + column + ", " + r.alias + ".id) IN ((" + g.value() + ", 1), (" + g.value() + ", 2))"
	case 3:
		return "(" + column + ", 1) = (" + g.value() + ", 1)"
	case 4:
		return column + " <=> " + g.value()
	case 5:
		return g.value() + " = " + column
	case 6:
		return pick(g, "", r.alias+".") + r.member + " = " + g.value()
	default:
		return column + " = " + g.value()
	}
}

// noise is a predicate that says nothing of members, or hides one that does.
func (g *generator) noise(own, outer []ref, depth int) string {
	all := append(append([]ref{}, own...), outer...)
	if len(all) == 0 {
		return "1"
	}
	a, b := pick(g, all...), pick(g, all...)
	switch g.IntN(14) {
	case 0:
		return a.alias + ".id = " + b.alias + ".age"
	case 1:
		return a.alias + ".age < " + fmt.Sprint(g.IntN(5))
	case 2:
		return a.alias + ".id IS NULL"
	case 3:
		return a.alias + ".id IS NOT NULL"
	case 4:
		return "(" + g.noise(own, outer, 0) + " OR " + g.noise(own, outer, 0) + ")"
	case 5:
		if a.member != "" {
			return "(" + g.tie(a, all) + " OR " + g.noise(own, outer, 0) + ")"
		}
	case 6:
		if a.member != "" {
			return pick(g, "NOT (", "1 = (", "0 < (") + g.tie(a, all) + ")"
		}
	case 7:
		if a.member != "" {
			return a.alias + "." + a.member + " IS NULL"
		}
	case 8, 9:
		if depth > 0 {
			return pick(g, "", "NOT ") + "EXISTS (" + g.query(depth-1, all, "1") + ")"
		}
	case 10:
		if depth > 0 {
			return a.alias + ".id " + pick(g, "IN (", "NOT IN (") + g.query(depth-1, all, "id") + ")"
		}
	case 11:
		if depth > 0 {
			return a.alias + ".age <= (" + g.query(depth-1, all, "count") + ")"
		}
	case 12:
		return a.alias + ".age = " + b.alias + ".age"
	}
	return a.alias + ".id = " + b.alias + ".id"
}

// condition joins predicates for some of the refs by AND.
func (g *generator) condition(own, outer []ref, depth, ties int) string {
	var parts []string
	for _, r := range own {
		if r.member != "" && g.chance(ties) {
			parts = append(parts, g.tie(r, append(append([]ref{}, own...), outer...)))
		}
	}
	for g.chance(40) {
		parts = append(parts, g.noise(own, outer, depth))
	}
	if len(parts) == 0 {
		return "1"
	}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, pick(g, " AND ", " AND ", " && "))
}

// source is one table of a FROM: its text and how to refer to it.
func (g *generator) source(outer []ref, depth int) (string, ref) {
	alias := g.alias()
	switch n := g.IntN(14); {
	case n < 2 && depth > 0:
		return "(" + g.query(depth-1, nil, "row") + ") " + alias, ref{alias, "member_id"}
	case n == 2 && len(g.ctes) > 0:
		return pick(g, g.ctes...) + " " + alias, ref{alias, "member_id"}
	case n == 3:
		return "countries " + alias, ref{alias, ""}
	case n < 6:
		return "notes " + alias, ref{alias, "owner_id"}
	case n < 10:
		return "messages " + alias, ref{alias, "member_id"}
	default:
		return "contacts " + alias, ref{alias, "member_id"}
	}
}

// from is a FROM of one to three tables. optional are the tables that a row of
// the result can lack.
func (g *generator) from(outer []ref, depth int) (string, []ref) {
	text, first := g.source(outer, depth)
	refs := []ref{first}
	for len(refs) < 3 && g.chance(45) {
		right, r := g.source(outer, depth)
		group := []ref{r}
		if g.chance(15) {
			more, m := g.source(outer, depth)
			group = append(group, m)
			right = "(" + right + pick(g, " JOIN ", " LEFT JOIN ") + more + " ON " + g.condition(group, nil, 0, 40) + ")"
		}
		sight := append(append([]ref{}, refs...), group...)
		switch g.IntN(8) {
		case 0:
			text = text + ", " + right
			// A comma binds less than JOIN: what follows must not name refs.
			return text, sight
		case 1:
			text += " CROSS JOIN " + right + " ON " + g.condition(sight, outer, 0, 40)
		case 2, 3:
			text += " LEFT JOIN " + right + " ON " + g.condition(sight, outer, depth, 60)
		case 4:
			text += " RIGHT JOIN " + right + " ON " + g.condition(sight, outer, 0, 60)
		case 5:
			if first.member == "member_id" && r.member == "member_id" && len(refs) == 1 && len(group) == 1 {
				text += pick(g, " JOIN ", " LEFT JOIN ", " RIGHT JOIN ") + right + " USING (member_id)"
				break
			}
			fallthrough
		default:
			text += " JOIN " + right + " ON " + g.condition(sight, outer, depth, 50)
		}
		refs = sight
	}
	return text, refs
}

// query is a SELECT. what is its select list: "1", "id", "count", "row" (the
// columns of a derived table) or "top".
func (g *generator) query(depth int, outer []ref, what string) string {
	from, refs := g.from(outer, depth)
	where := g.condition(refs, outer, depth, 85)
	r := pick(g, refs...)
	var list string
	switch what {
	case "1":
		list = "1"
	case "id":
		list = r.alias + ".id"
	case "count":
		list = "COUNT(*)"
	case "row":
		member := r.member
		if member == "" || g.chance(8) {
			member = "age"
		}
		list = r.alias + "." + member + " AS member_id, " + r.alias + ".id, " + r.alias + ".age, " + r.alias + ".name"
	default:
		list = g.top(refs, outer, depth)
	}
	return "SELECT " + list + " FROM " + from + " WHERE " + where
}

func (g *generator) top(refs, outer []ref, depth int) string {
	if g.chance(25) {
		return "COUNT(*), MAX(" + pick(g, refs...).alias + ".name), MIN(" + pick(g, refs...).alias + ".id)"
	}
	var list []string
	for _, r := range refs {
		list = append(list, r.alias+".id", r.alias+".name")
	}
	return strings.Join(list, ", ")
}

// statement is a SELECT, a UNION, or one with common table expressions.
func (g *generator) statement() string {
	text := ""
	if g.chance(20) {
		name := g.alias()
		text = "WITH " + name + " AS (" + g.query(1, nil, "row") + ") "
		g.ctes = append(g.ctes, name)
	}
	if g.chance(10) {
		return text + g.query(1, nil, "id") + pick(g, " UNION ", " UNION ALL ") + g.query(1, nil, "id")
	}
	return text + g.query(2, nil, "top")
}

// write is an UPDATE, DELETE or INSERT … SELECT.
func (g *generator) write() string {
	switch g.IntN(4) {
	case 0:
		member := pick(g, "member_id", g.value(), "id")
		return "INSERT INTO messages (member_id, id, age, name, contact_id) SELECT " + member + ", id + 100, age, 'new', 1 FROM (" +
			g.query(1, nil, "row") + ") d ON DUPLICATE KEY UPDATE name = 'again'"
	case 1:
		from, refs := g.from(nil, 1)
		r := pick(g, refs...)
		return "UPDATE " + from + " SET " + r.alias + ".name = 'new', " + r.alias + ".age = 9 WHERE " + g.condition(refs, nil, 1, 85)
	case 2:
		from, refs := g.from(nil, 1)
		return "DELETE " + pick(g, refs...).alias + " FROM " + from + " WHERE " + g.condition(refs, nil, 1, 85)
	default:
		r := ref{pick(g, "contacts", "messages"), "member_id"}
		return pick(g, "DELETE FROM "+r.alias, "UPDATE "+r.alias+" SET name = 'new'") + " WHERE " + g.condition([]ref{r}, nil, 1, 85)
	}
}

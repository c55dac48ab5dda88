package rows

import "strings"

// compared are the columns that a comparison looks at: all but the virtual
// ones, which are nowhere stored.
func (t Table) compared() (columns []Column) {
	for _, c := range t.Columns {
		if c.Generated != Virtual {
			columns = append(columns, c)
		}
	}
	return columns
}

// pinStatement is a hint that gives a statement the settings that its texts
// depend on, in whichever session it runs: TIMESTAMP in UTC, CHAR without
// padding. (The hint's grammar takes no empty sql_mode.) A server that can't
// take a setting so ignores it with a warning, and has it from the session.
const pinStatement = "/*+ SET_VAR(time_zone='+00:00') SET_VAR(sql_mode='ALLOW_INVALID_DATES') */"

// hash is an expression for 32 bytes that stand for a row: any other row has
// others, whatever differs, for practical purposes.
//
// SHA-256 is the fastest that will do. CRC32 costs less, but it is linear: two
// rows that exchange their values leave the sum of both as it was. What this
// hashes is the exact text of all columns one after the other. Should that be
// longer than the server's max_allowed_packet, CONCAT gives NULL; it is the
// hashes of the columns one after the other then.
func (t Table) hash() string {
	var exact, digests []string
	for _, c := range t.compared() {
		exact = append(exact, c.exact()...)
		digests = append(digests, c.digest())
	}
	return "UNHEX(SHA2(COALESCE(" + concat(exact) + "," + concat(digests) + "),256))"
}

// concat joins expressions with a # between them. The first one is empty and
// binary, so that nothing is converted to another's character set.
func concat(parts []string) string {
	return "CONCAT(CAST('' AS BINARY)," + strings.Join(parts, ",'#',") + ")"
}

// bytes is the expression that reads the column as bytes, two different values
// as different ones, and NULL as NULL.
func (c Column) bytes() string {
	name := quoteName(c.Name)
	switch c.kind() {
	case bit:
		return name + "+0"
	case double: // of a DOUBLE(M,D) the text itself is rounded
		return "CAST(" + name + " AS DOUBLE)"
	case character, binary, geometry: // VECTOR is for no function but CAST
		return "CAST(" + name + " AS BINARY)"
	case document:
		return "CAST(" + name + " AS CHAR CHARACTER SET utf8mb4)"
	}
	return c.read()
}

// lengthened reports whether a # in the column's bytes could be mistaken for
// the one between two columns, unless their number is told first. That of a
// JSON document is inside quotes.
func (c Column) lengthened() bool {
	switch c.kind() {
	case character, binary, geometry, other:
		return true
	}
	return false
}

// exact is the column as texts: the length where it needs one, then the value.
// NULL is N, which is neither a number nor a document.
func (c Column) exact() []string {
	if !c.lengthened() {
		return []string{c.orNull(c.bytes(), "'N'")}
	}
	value := c.bytes()
	if c.kind() == character { // as it is, for what is joined is binary; the CAST would cost a fifth of all
		value = quoteName(c.Name)
	}
	return []string{c.orNull("LENGTH("+quoteName(c.Name)+")", "'N'"), c.orNull(value, "''")}
}

// digest is the column as a text of bounded length, NULL as an N.
func (c Column) digest() string {
	if !c.lengthened() && c.kind() != document {
		return c.orNull(c.bytes(), "'N'")
	}
	return c.orNull("SHA2("+c.bytes()+",256)", "'N'")
}

// orNull is the expression, with a text in place of NULL.
func (c Column) orNull(expression, text string) string {
	if !c.Nullable {
		return expression
	}
	return "IFNULL(" + expression + "," + text + ")"
}

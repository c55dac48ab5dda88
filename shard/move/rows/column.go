package rows

import "regexp"

// kind is how the values of a column's type travel.
type kind int

const (
	other     kind = iota // no type that is known here
	integer               // TINYINT to BIGINT
	decimal               // DECIMAL: exact text
	float                 // FLOAT: its own text has too few digits, so it is read as a double
	double                // DOUBLE: its text has as many digits as it needs
	bit                   // BIT: bytes
	year                  // YEAR: four digits, as 0 is the year 2000
	temporal              // DATE, TIME, DATETIME, TIMESTAMP: text
	character             // CHAR, VARCHAR, TEXT: bytes in the column's character set
	binary                // BINARY, VARBINARY, BLOB, VECTOR: bytes
	numbered              // ENUM and SET: their numbers, as 0 and the empty name differ
	document              // JSON: text
	geometry              // GEOMETRY and its subtypes: bytes, SRID first
)

var kinds = map[string]kind{
	"tinyint": integer, "smallint": integer, "mediumint": integer, "int": integer, "bigint": integer,
	"decimal": decimal, "float": float, "double": double, "bit": bit, "year": year,
	"date": temporal, "time": temporal, "datetime": temporal, "timestamp": temporal,
	"char": character, "varchar": character, "tinytext": character, "text": character, "mediumtext": character, "longtext": character,
	"binary": binary, "varbinary": binary, "tinyblob": binary, "blob": binary, "mediumblob": binary, "longblob": binary, "vector": binary,
	"enum": numbered, "set": numbered, "json": document,
	"geometry": geometry, "point": geometry, "linestring": geometry, "polygon": geometry,
	"multipoint": geometry, "multilinestring": geometry, "multipolygon": geometry,
	"geomcollection": geometry, "geometrycollection": geometry,
}

func (c Column) kind() kind { return kinds[c.DataType] }

func (c Column) isInteger() bool { return c.kind() == integer }

// read is the expression that reads the column without losing anything, given
// that the session is pinned: each value of the column has another text.
func (c Column) read() string {
	name := quoteName(c.Name)
	switch c.kind() {
	case float:
		return "CAST(" + name + " AS DOUBLE)"
	case numbered:
		return "CAST(" + name + " AS UNSIGNED)" // exact for all 64 members of a SET
	}
	return name
}

// displayWidth is the width of an integer type other than TINYINT(1), which
// says nothing about its values.
var displayWidth = regexp.MustCompile(`^((?:tiny|small|medium|big)?int|year)\(\d+\)`)

package rows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berthdb/berth/shard/move/rows"
)

// sample is a column of some type with values at its edges, as SQL.
type sample struct {
	define string
	values []string
}

// everyByte is a string of all 256 bytes, some of them twice.
var everyByte = func() string {
	var b strings.Builder
	for i := range 256 {
		fmt.Fprintf(&b, "%02x", i)
	}
	return "x'" + b.String() + "5c4e5c5c270a0d09001a225c'"
}()

// text is the values of a character column in which these words can be written.
func text(words ...string) []string {
	values := []string{"''", "' '", "'\\\\N'", "'NULL'", "'\\0\\t\\n\\r\\Z\\'\\\"\\\\'", "'a\\\\'", "'  spaces  '"}
	for _, w := range words {
		values = append(values, "'"+w+"'")
	}
	return values
}

// samples are all types there are. NULL is added to each.
var samples = []sample{
	{"TINYINT", []string{"-128", "127", "0"}},
	{"TINYINT UNSIGNED", []string{"255", "0"}},
	{"TINYINT(1)", []string{"1", "0", "-1"}},
	{"SMALLINT", []string{"-32768", "32767"}},
	{"SMALLINT UNSIGNED", []string{"65535"}},
	{"MEDIUMINT", []string{"-8388608", "8388607"}},
	{"MEDIUMINT UNSIGNED", []string{"16777215"}},
	{"INT", []string{"-2147483648", "2147483647"}},
	{"INT UNSIGNED ZEROFILL", []string{"4294967295", "7"}},
	{"BIGINT", []string{"-9223372036854775808", "9223372036854775807"}},
	{"BIGINT UNSIGNED", []string{"18446744073709551615", "9223372036854775808"}},
	{"BOOL", []string{"TRUE", "FALSE"}},
	{"DECIMAL(65,30)", []string{"'-99999999999999999999999999999999999.999999999999999999999999999999'", "'0.000000000000000000000000000001'", "0"}},
	{"DECIMAL(65,0)", []string{"'" + strings.Repeat("9", 65) + "'", "-1"}},
	{"DECIMAL(5,2) UNSIGNED ZEROFILL", []string{"9.90", "0"}},
	{"FLOAT", []string{"0.1", "-0.0", "3.40282346638528859e38", "1.17549435e-38", "1e-45", "16777217", "8388608.5", "-3.3333333"}},
	{"FLOAT(7,3)", []string{"0.1", "-9999.999", "1.0005"}},
	{"DOUBLE", []string{"0.1", "-0.0", "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "0.30000000000000004", "1e15", "1e16", "123456789012345680"}},
	{"DOUBLE(20,4)", []string{"0.1", "-123456789012345.6789"}},
	{"BIT(1)", []string{"0", "1"}},
	{"BIT(9)", []string{"b'100001010'", "b'1001'", "0"}},
	{"BIT(64)", []string{"18446744073709551615", "0", "x'5c0a09005c4e2700'"}},
	{"DATE", []string{"'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2020-00-15'", "'2021-02-31'", "'0001-01-01'"}},
	{"TIME(6)", []string{"'-838:59:59'", "'838:59:59'", "'00:00:00.000001'", "'-00:00:00.5'"}},
	{"TIME", []string{"'12:00:00'", "'-01:00:00'"}},
	{"DATETIME", []string{"'9999-12-31 23:59:59'", "'0000-00-00'", "'2020-00-00 10:00:00'", "'2021-03-28 02:30:00'"}},
	{"DATETIME(6)", []string{"'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"}},
	{"TIMESTAMP(6) NULL", []string{"'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "'0000-00-00'", "'2021-10-31 01:30:00'", "'2021-10-31 00:30:00'"}},
	{"TIMESTAMP(2) NULL", []string{"'2020-02-29 23:59:59.99'"}},
	{"YEAR", []string{"1901", "2155", "'0000'", "2000", "2069", "1970"}},
	{"CHAR(40)", text("é", "😀")},
	{"CHAR(40) COLLATE utf8mb4_bin", text("é")},
	{"VARCHAR(40)", text("é", "😀", "中文")},
	{"VARCHAR(40) CHARACTER SET latin1", text("é", "ÿ")},
	{"VARCHAR(40) CHARACTER SET ascii", text("~")},
	{"VARCHAR(40) CHARACTER SET utf8mb3", text("中文")},
	{"VARCHAR(40) CHARACTER SET ucs2", text("é", "中")},
	{"VARCHAR(40) CHARACTER SET utf16", text("é", "😀", "ऊ")},
	{"VARCHAR(40) CHARACTER SET utf16le", text("é", "😀", "ऊ")},
	{"VARCHAR(40) CHARACTER SET utf32", text("é", "😀")},
	{"CHAR(40) CHARACTER SET sjis", text("ソ表能", "ｱ")},
	{"VARCHAR(40) CHARACTER SET cp932", text("ソ表能")},
	{"VARCHAR(40) CHARACTER SET big5", text("功許蓋")},
	{"VARCHAR(40) CHARACTER SET gbk", text("中縗")},
	{"VARCHAR(40) CHARACTER SET gb18030", text("中縗😀")},
	{"VARCHAR(40) CHARACTER SET euckr", text("한국")},
	{"VARCHAR(40) CHARACTER SET ujis", text("日本")},
	{"VARCHAR(40) CHARACTER SET koi8r", text("да")},
	{"VARCHAR(40) CHARACTER SET cp1251", text("да")},
	{"VARCHAR(40) CHARACTER SET greek", text("ναι")},
	{"TINYTEXT", text("é")},
	{"TEXT", append(text("é"), "REPEAT('x\\t\\\\', 20000)")},
	{"MEDIUMTEXT CHARACTER SET latin1", text("é")},
	{"LONGTEXT CHARACTER SET utf16", append(text("é"), "REPEAT('ऊ\\t', 100000)")},
	{"BINARY(5)", []string{"x'0000000000'", "'a'", "x'5c4e0a0900'"}},
	{"VARBINARY(300)", []string{"''", "' '", "x'5c4e'", everyByte}},
	{"TINYBLOB", []string{"''", "x'00'"}},
	{"BLOB", []string{"''", everyByte}},
	{"MEDIUMBLOB", []string{"REPEAT(" + everyByte + ", 1000)"}},
	{"LONGBLOB", []string{"x'ff'"}},
	{"ENUM('','a','1','0','é','3')", []string{"''", "'a'", "'1'", "'0'", "6", "0", "'é'"}},
	{"ENUM('x','y') CHARACTER SET ucs2", []string{"'x'", "2"}},
	{"SET('a','2','é','d e')", []string{"''", "'a,é'", "15", "'2'", "8"}},
	{"SET(" + manyNames(64) + ")", []string{"18446744073709551615", "9223372036854775809", "0", "'m5'"}},
	{"JSON", []string{
		"'null'", "'[]'", "'{}'", "'\"\"'", "'true'", `'"\\u0000 \\\\ \\" \\n é 😀"'`,
		"'[0, -1, 9223372036854775807, -9223372036854775808, 18446744073709551615]'",
		"'[0.1, -0.0, 1.0, 1e100, 5e-324, 1.7976931348623157e308, 100000000000000000000, 1e15, 1e-15, 1e-16]'",
		"CAST(9.90 AS JSON)", "CAST(CAST(5 AS DECIMAL(5,0)) AS JSON)",
		"JSON_OBJECT('price', 9.90, 'list', JSON_ARRAY(1, 0.10, JSON_OBJECT('', -1.00, 'a\"b\\\\c', 12345678901234567890123456789.000000000000000000000000000001)), 'plain', CAST('0.5' AS JSON))",
		"JSON_ARRAY(99999999999999999999999999999999999999999999999999999999999999999, 0.000000000000000000000000000000, -18446744073709551616)",
		"JSON_ARRAY(CAST('2020-01-02' AS DATE), CAST('10:11:12.5' AS TIME(6)), CAST('2020-01-02 03:04:05.6' AS DATETIME(6)), x'00ff', b'101', CAST('1' AS CHAR))",
		"JSON_OBJECT('0.10', '9.90', '[', '{\"a\": 1.10}')",
	}},
	{"GEOMETRY", []string{"ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')", "ST_GeomFromText('POINT(-0.1 5e-324)')", "ST_GeomFromText('POINT(10 20)', 4326)"}},
	{"POINT SRID 4326", []string{"ST_GeomFromText('POINT(45 -90)', 4326)"}},
	{"LINESTRING", []string{"ST_GeomFromText('LINESTRING(0 0, 1 1, 2 2.5)')"}},
	{"POLYGON", []string{"ST_GeomFromText('POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (5 5, 7 5, 7 7, 5 7, 5 5))')"}},
	{"MULTIPOINT", []string{"ST_GeomFromText('MULTIPOINT(0 0, 20 20)')"}},
	{"MULTILINESTRING", []string{"ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (2 2, 3 3))')"}},
	{"MULTIPOLYGON", []string{"ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))')"}},
	{"GEOMCOLLECTION", []string{"ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1))')"}},
	{"VECTOR(3)", []string{"STRING_TO_VECTOR('[1, -0.5, 3.4e38]')", "x'5c0a09005c4e270000000000'"}},
}

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("'m%d'", i)
	}
	return strings.Join(names, ",")
}

// seen is an expression that shows all of a column's value, by means that the
// code under test does not use.
func seen(column, define string) string {
	switch kind := strings.ToUpper(define); {
	case strings.HasPrefix(kind, "FLOAT"), strings.HasPrefix(kind, "DOUBLE"):
		// One bit more or less shows in seventeen digits, a sign of zero in its inverse.
		return "CONCAT(" + column + " * 1e0, '/', FORMAT(CAST(" + column + " AS DOUBLE), 30), '/', IF(" + column + " = 0, CAST(" + column + " AS CHAR), ''))"
	case strings.HasPrefix(kind, "ENUM"), strings.HasPrefix(kind, "SET"):
		return "CONCAT(CONV(CAST(" + column + " AS UNSIGNED), 10, 16), '/', HEX(" + column + "))"
	case strings.HasPrefix(kind, "BIT"):
		return "BIN(" + column + ")"
	case strings.HasPrefix(kind, "JSON"):
		return "CONCAT(JSON_TYPE(" + column + ") = 'NULL', JSON_LENGTH(" + column + "), CAST(" + column + " AS CHAR))"
	case strings.Contains(kind, "CHAR"), strings.Contains(kind, "TEXT"), strings.Contains(kind, "BLOB"), strings.Contains(kind, "BINARY"):
		return "CONCAT(LENGTH(" + column + "), '/', IF(LENGTH(" + column + ") > 2000, SHA2(" + column + ", 256), HEX(" + column + ")))"
	case strings.Contains(kind, "POINT"), strings.Contains(kind, "LINE"), strings.Contains(kind, "POLY"), strings.Contains(kind, "GEOM"), strings.Contains(kind, "VECTOR"):
		return "HEX(" + column + ")"
	}
	return "CAST(" + column + " AS CHAR)"
}

// Every value of every type arrives by either loader, in each place among its
// kind and beside each NULL.
func TestEveryTypeArrives(t *testing.T) {
	from, to := open(t, 0), open(t, 1)
	for _, tt := range []struct {
		name   string
		loader rows.Loader
	}{{"LOAD DATA", rows.LoadData}, {"INSERT", rows.Inserts}} {
		for _, s := range samples {
			t.Run(tt.name+"/"+s.define[:min(len(s.define), 40)], func(t *testing.T) {
				define := "CREATE TABLE t (id INT, m INT, v " + s.define + ", after_it VARCHAR(10), PRIMARY KEY (m, id))"
				source, target := session(t, from, rows.NewSource), targetOf(t, to, tt.loader)
				run(t, source.conn, "DROP TABLE IF EXISTS t", define)
				run(t, target.conn, "DROP TABLE IF EXISTS t", define)
				for i, v := range append(s.values, "NULL") {
					// A stored 0 in an ENUM is a warning, any other here is a mistake.
					run(t, source.conn, fmt.Sprintf("INSERT INTO t VALUES (%d, 1, %s, 'x')", i, v))
				}
				table := inspect(t, from, sharded("m", "t")...)[0]
				words(t, "problems", table.Problems(), nil)
				done, err := table.Copy(t.Context(), source.of, target.of, rows.Part{Members: members(1)})
				if err != nil {
					t.Fatal(err)
				}
				if done.Rows != int64(len(s.values))+1 || done.Bytes == 0 || done.More {
					t.Errorf("%+v", done)
				}
				query := "SELECT id, m, " + seen("v", s.define) + ", after_it, v IS NULL FROM t ORDER BY id"
				want, got := lines(t, source.conn, query), lines(t, target.conn, query)
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%s arrived as\n%s, and is\n%s", append(s.values, "NULL")[i], got[i], want[i])
					}
				}
			})
		}
	}
}

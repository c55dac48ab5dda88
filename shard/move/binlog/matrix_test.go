package binlog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berthdb/berth/tools/mysqld"
)

// typeCase is a column definition and values for it, as SQL.
type typeCase struct{ column, values string }

// everyType is all types that a server of that version has, with their edges.
func everyType(v mysqld.Version) []typeCase {
	types := slices.Clone(oldTypes)
	if v.Major >= 9 {
		types = append(types, typeCase{"VECTOR(3)", "STRING_TO_VECTOR('[1,-2.5,3e38]'); STRING_TO_VECTOR('[0]')"})
	}
	return types
}

var oldTypes = []typeCase{
	{"TINYINT", "-128; 127; 0"},
	{"TINYINT UNSIGNED", "0; 255; 128"},
	{"BOOL", "TRUE; FALSE"},
	{"SMALLINT", "-32768; 32767; -1"},
	{"SMALLINT UNSIGNED ZEROFILL", "0; 65535; 7"},
	{"MEDIUMINT", "-8388608; 8388607; -1"},
	{"MEDIUMINT UNSIGNED", "0; 16777215; 8388608"},
	{"INT", "-2147483648; 2147483647; 0"},
	{"INT UNSIGNED", "0; 4294967295; 2147483648"},
	{"BIGINT", "-9223372036854775808; 9223372036854775807; -1"},
	{"BIGINT UNSIGNED", "0; 18446744073709551615; 9223372036854775808"},
	{"DECIMAL(65,30)", "99999999999999999999999999999999999.999999999999999999999999999999; -0.000000000000000000000000000001; -1"},
	{"DECIMAL(65,0)", "99999999999999999999999999999999999999999999999999999999999999999; -1; 0"},
	{"DECIMAL(30,30)", "0.999999999999999999999999999999; -0.1"},
	{"DECIMAL(1,1)", "0.9; -0.9; 0"},
	{"DECIMAL(19,9) UNSIGNED", "9999999999.999999999; 0; 0.000000001"},
	{"DECIMAL(10,2)", "9.90; -99999999.99; 0.00"},
	{"FLOAT", "0.1; 3.402823466E+38; -1.175494351E-38; 16777217; -0e0; 1.17549429e-38"},
	{"FLOAT(7,3)", "1234.568; -0.001"},
	{"DOUBLE", "0.1e0 + 0.2e0; 1.7976931348623157E+308; 2.2250738585072014E-308; -0e0; 9007199254740993"},
	{"DOUBLE UNSIGNED", "0; 1e300"},
	{"BIT(1)", "b'1'; b'0'"},
	{"BIT(7)", "b'1010101'; 0"},
	{"BIT(9)", "b'100000001'; 511"},
	{"BIT(64)", "0xFFFFFFFFFFFFFFFF; 1; 0x8000000000000000"},
	{"YEAR", "0; 1901; 2155; 1970"},
	{"DATE", "'0000-00-00'; '1000-01-01'; '9999-12-31'; '2024-00-00'; '2023-02-31'"},
	{"TIME", "'-838:59:59'; '838:59:59'; '00:00:00'; '-00:00:01'"},
	{"TIME(1)", "'-00:00:00.1'; '12:34:56.9'"},
	{"TIME(3)", "'-00:00:00.001'; '-12:34:56.999'; '0:0:0.5'"},
	{"TIME(6)", "'-838:59:58.999999'; '838:59:58.999999'; '-00:00:00.000001'"},
	{"DATETIME", "'0000-00-00 00:00:00'; '1000-01-01 00:00:00'; '9999-12-31 23:59:59'; '2024-02-31 12:00:00'"},
	{"DATETIME(2)", "'2024-01-01 00:00:00.01'; '9999-12-31 23:59:59.99'"},
	{"DATETIME(6)", "'9999-12-31 23:59:59.999999'; '0000-00-00 00:00:00.000000'; '1969-12-31 23:59:59.999999'"},
	{"TIMESTAMP NULL", "'0000-00-00 00:00:00'; '1970-01-01 00:00:01'; '2038-01-19 03:14:07'"},
	{"TIMESTAMP(4) NULL", "'2024-06-30 23:59:59.9999'; '1970-01-01 00:00:01.0001'"},
	{"TIMESTAMP(6) NULL", "'2038-01-19 03:14:07.999999'; '2024-10-27 01:30:00.000001'"},
	{"CHAR(0)", "''"},
	{"CHAR(10)", "'a'; 'trail   '; 'ünïcode😀'; ''"},
	{"CHAR(255)", "REPEAT('😀', 255); 'x'"},
	{"CHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci", "'caf\u00e9'; ' lead'"},
	{"VARCHAR(0)", "''"},
	{"VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin", "'a'; REPEAT('z', 255); 'trail  '"},
	{"VARCHAR(63)", "REPEAT('😀', 63); ''"},
	{"VARCHAR(64)", "REPEAT('😀', 64); 'quote'' \\\\ back'"},
	{"VARCHAR(16000)", "REPEAT('é', 16000); ''"},
	{"BINARY(1)", "0x00; 0xFF"},
	{"BINARY(16)", "0x01000000000000000000000000000000; 0x00; 0x20202020; UNHEX('FFEEDDCCBBAA99887766554433221100')"},
	{"BINARY(255)", "REPEAT(0x00FF, 127); 'x'"},
	{"VARBINARY(300)", everyByte + "; ''; 0x00; 0x2020"},
	{"TINYBLOB", everyByteButOne + "; ''"},
	{"BLOB", "REPEAT(" + everyByte + ", 255); 0x00"},
	{"MEDIUMBLOB", "REPEAT(0x00FF, 40000); ''"},
	{"LONGBLOB", "REPEAT(" + everyByte + ", 1000); 0x0D0A1A00"},
	{"TINYTEXT", "REPEAT('é', 127); ''"},
	{"TEXT", "REPEAT('é', 30000); 'a\\0b'"},
	{"MEDIUMTEXT CHARACTER SET utf16 COLLATE utf16_general_ci", "REPEAT('é😀', 20000); ''"},
	{"LONGTEXT", "REPEAT('😀', 20000); '\\n\\t'"},
	{"ENUM('a','','ü')", "'a'; ''; 'ü'; 'none of them'"},
	{"ENUM(" + manyNames(300) + ")", "'n0'; 'n299'; 0"},
	{"SET('x','y','z')", "''; 'x,z'; 'x,y,z'"},
	{"SET(" + manyNames(64) + ")", "18446744073709551615; 1; 'n63'; ''"},
	{"JSON", `'null'; 'true'; '[]'; '{}'; '"text ü"'; '9.90'; '1e308'; '0.1'; '18446744073709551615'; '-9223372036854775808';` +
		`CAST(CAST(9.90 AS DECIMAL(10,2)) AS JSON); CAST(CAST('123456789012345678901234567890.123456789' AS DECIMAL(65,9)) AS JSON);` +
		`CAST(TIMESTAMP'2024-01-01 12:34:56.123456' AS JSON); CAST(TIME'-11:11:11.5' AS JSON); CAST(DATE'2024-02-29' AS JSON);` +
		`JSON_ARRAY(0xDEADBEEF, b'101', 1.10, 1e0, ST_GeomFromText('POINT(1 2)'));` +
		`JSON_OBJECT('k', JSON_ARRAY(NULL, FALSE, 1, -1, 1.5, 'x'), 'ü', JSON_OBJECT('', ''));` +
		`JSON_OBJECT('big', REPEAT('x', 70000), 'more', JSON_ARRAY(REPEAT('y', 70000), 1.10))`},
	{"GEOMETRY", "ST_GeomFromText('POINT(1 1)'); ST_GeomFromText('POLYGON((0 0,0 4,4 4,4 0,0 0))', 4326); ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')"},
	{"POINT SRID 4326", "ST_GeomFromText('POINT(89.5 -179.5)', 4326)"},
	{"LINESTRING", "ST_GeomFromText('LINESTRING(0 0,1e300 1e-300)')"},
	{"MULTIPOLYGON", "ST_GeomFromText('MULTIPOLYGON(((0 0,0 3,3 3,0 0)),((5 5,5 7,7 7,5 5)))')"},
	{"MULTIPOINT", "ST_GeomFromText('MULTIPOINT(0 0,1 1)')"},
	{"GEOMCOLLECTION", "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')"},
}

const everyByteButOne = "UNHEX('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F" +
	"404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F" +
	"808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF" +
	"C0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFE')"

const everyByte = "CONCAT(" + everyByteButOne + ", 0xFF)"

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("'n%d'", i)
	}
	return strings.Join(names, ",")
}

// anyValue is for a session that stores what a strict one refuses.
const anyValue = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'"

// exact is the columns of a query that shows every bit that the server keeps:
// the text, the bytes of text, and the number for those that have one.
const exact = "id, v, HEX(v), LENGTH(v), v IS NULL"

func exactOf(column string) string {
	switch word := strings.FieldsFunc(column, func(r rune) bool { return r == '(' || r == ' ' })[0]; word {
	case "FLOAT", "DOUBLE":
		return "id, v + 0e0, CAST(v AS DOUBLE), CONCAT(v)"
	case "BIT", "ENUM", "SET":
		return exact + ", v + 0, BIN(v + 0)"
	case "JSON":
		return exact + ", JSON_TYPE(v), JSON_TYPE(JSON_EXTRACT(v, '$[0]')), JSON_TYPE(JSON_EXTRACT(v, '$[2]')), JSON_STORAGE_SIZE(v)"
	case "GEOMETRY", "POINT", "LINESTRING", "MULTIPOLYGON", "MULTIPOINT", "GEOMCOLLECTION":
		return exact + ", ST_AsText(v), ST_SRID(v)"
	}
	return exact
}

func TestEveryTypeArrivesBitForBit(t *testing.T) {
	p := newPair(t)
	everyType := everyType(p.source.Server.Version())
	var create []string
	for i, typ := range everyType {
		create = append(create, fmt.Sprintf("CREATE TABLE t%d (id INT PRIMARY KEY, v %s)", i, typ.column))
	}
	p.both(create...)

	insert := []string{anyValue}
	for i, typ := range everyType {
		insert = append(insert, fmt.Sprintf("INSERT INTO t%d VALUES (0, NULL)", i))
		for n, value := range strings.Split(typ.values, ";") {
			insert = append(insert, fmt.Sprintf("INSERT INTO t%d VALUES (%d, %s)", i, n+1, value))
		}
	}
	p.onSource(insert...)
	p.apply()
	compare := func(after string) {
		t.Helper()
		for i, typ := range everyType {
			p.same(fmt.Sprintf("SELECT %s FROM t%d ORDER BY id", exactOf(typ.column), i))
			p.sameChecksum(fmt.Sprintf("t%d", i))
			if t.Failed() {
				t.Fatalf("%s, after %s", typ.column, after)
			}
		}
	}
	compare("insert")

	// Every row takes the value of another, NULL included.
	update := []string{anyValue}
	for i := range everyType {
		update = append(update,
			fmt.Sprintf("CREATE TEMPORARY TABLE other AS SELECT * FROM t%d", i),
			fmt.Sprintf("SELECT COUNT(*) FROM t%d INTO @n", i),
			fmt.Sprintf("UPDATE t%d t SET v = (SELECT v FROM other WHERE other.id = (t.id + 1) %% @n)", i),
			"DROP TEMPORARY TABLE other")
	}
	p.onSource(update...)
	p.apply()
	compare("update")

	var move []string
	for i := range everyType {
		move = append(move, fmt.Sprintf("UPDATE t%d SET id = id + 1000 WHERE id %% 2 = 1", i))
	}
	p.onSource(append([]string{anyValue}, move...)...)
	p.apply()
	compare("key change")

	var remove []string
	for i := range everyType {
		remove = append(remove, fmt.Sprintf("DELETE FROM t%d WHERE id > 0", i))
	}
	p.onSource(remove...)
	p.apply()
	compare("delete")
	if len(p.skipped) > 0 {
		t.Errorf("unsupported: %v", p.skipped)
	}
}

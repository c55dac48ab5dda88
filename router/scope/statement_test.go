package scope_test

import (
	"testing"

	"github.com/berthdb/berth/router/scope"
	"github.com/berthdb/berth/shard"
)

func TestKind(t *testing.T) {
	for sql, want := range map[string]scope.Kind{
		"select 1": scope.Read, "(select 1)": scope.Read, "with a as (select 1) select * from a": scope.Read,
		"explain select 1": scope.Read, "desc select 1": scope.Read, "explain delete from t": scope.Read,
		"explain analyze select 1": scope.Read, "explain analyze delete from t": scope.Write,
		"insert into t values (1)": scope.Write, "replace into t values (1)": scope.Write, "update t set a = 1": scope.Write,
		"delete from t":          scope.Write,
		"create table t (a int)": scope.DDL, "drop view v": scope.DDL, "truncate t": scope.DDL,
		"begin": scope.Begin, "BEGIN WORK": scope.Begin, "start transaction": scope.Begin,
		"start transaction with consistent snapshot, read only": scope.Begin,
		"commit": scope.Commit, "commit work;": scope.Commit, "/* x */ commit -- y": scope.Commit,
		"commit and chain": scope.Session, "commit release": scope.Session,
		"rollback": scope.Rollback, "rollback work": scope.Rollback, "rollback and no chain": scope.Session,
		"rollback to s": scope.RollbackTo, "rollback work to savepoint s": scope.RollbackTo, "rollback to savepoint": scope.RollbackTo,
		"savepoint s": scope.Savepoint, "savepoint `s`": scope.Savepoint, "release savepoint s": scope.Release,
		"set a = 1": scope.Session, "use d": scope.Session, "lock tables t read": scope.Session,
		"show tables": scope.Show, "describe t": scope.Show, "desc t": scope.Show, "explain t": scope.Show,
		"call p()": scope.Other, "do 1": scope.Other, "start replica": scope.Other, "load data infile 'x' into table t": scope.Other,
		"flush tables": scope.Other, "begin atomic": scope.Other, "nonsense": scope.Other,
	} {
		stmt, err := newParser(t).Parse(sql)
		if err != nil || stmt.Kind() != want {
			t.Errorf("%s: %v, %v; want %v", sql, stmt, err, want)
		}
	}
}

func TestStatementFlags(t *testing.T) {
	type flags struct{ readOnly, locking, reads, sets bool }
	for sql, want := range map[string]flags{
		"SELECT 1":                                     {readOnly: true},
		"SELECT * FROM t":                              {readOnly: true},
		"SELECT @@version":                             {readOnly: true},
		"SELECT * FROM t FOR UPDATE":                   {locking: true},
		"SELECT * FROM t FOR SHARE SKIP LOCKED":        {locking: true},
		"SELECT * FROM t LOCK IN SHARE MODE":           {locking: true},
		"SELECT * FROM (SELECT * FROM t FOR UPDATE) d": {locking: true},
		"(SELECT * FROM t FOR UPDATE) UNION SELECT 1":  {locking: true},
		"SELECT LAST_INSERT_ID()":                      {reads: true},
		"SELECT LAST_INSERT_ID(5)":                     {reads: true, sets: true},
		"SELECT FOUND_ROWS()":                          {reads: true},
		"SELECT @x":                                    {reads: true},
		"SELECT SQL_CALC_FOUND_ROWS * FROM t":          {sets: true},
		"UPDATE t SET a = LAST_INSERT_ID(a + 1)":       {reads: true, sets: true},
		"DELETE FROM t":                                {},
		"SET a = 1":                                    {sets: true},
		"CREATE TEMPORARY TABLE t (a INT)":             {sets: true},
		"CREATE TABLE t (a INT)":                       {},
		"START TRANSACTION READ ONLY":                  {readOnly: true},
		"START TRANSACTION READ WRITE":                 {},
		"START TRANSACTION":                            {},
		"EXPLAIN SELECT * FROM t":                      {readOnly: true},
		"SHOW TABLES":                                  {},
	} {
		stmt, err := newParser(t).Parse(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := flags{stmt.ReadOnly(), stmt.Locking(), stmt.ReadsSession(), stmt.SetsSession()}
		if got != want {
			t.Errorf("%s: %+v, want %+v", sql, got, want)
		}
	}
}

// TestParameterOrder: the member's ? is found by its place in the text, in
// every shape that the grammar could put together in another order.
func TestParameterOrder(t *testing.T) {
	p, c := newParser(t), catalogue(t, shard.Integer)
	for sql, place := range map[string]int{
		"SELECT ?, ? FROM contacts WHERE name = ? AND member_id = ? AND id = ?":                                                            4,
		"SELECT * FROM contacts WHERE member_id = ? LIMIT ?, ?":                                                                            1,
		"SELECT * FROM contacts WHERE id = ? AND member_id = ? LIMIT ? OFFSET ?":                                                           2,
		"SELECT DATE_ADD(created, INTERVAL ? DAY) FROM contacts WHERE member_id = ? ORDER BY ?":                                            2,
		"SELECT TIMESTAMPADD(DAY, ?, ?) FROM contacts WHERE member_id = ?":                                                                 3,
		"SELECT CASE ? WHEN ? THEN ? ELSE ? END FROM contacts WHERE member_id = ?":                                                         5,
		"SELECT SUBSTRING(? FROM ? FOR ?), TRIM(BOTH ? FROM ?), POSITION(? IN ?) FROM contacts WHERE member_id = ?":                        8,
		"SELECT JSON_SET(data, ?, ?, ?, ?), data->? FROM contacts WHERE member_id = ?":                                                     6,
		"SELECT * FROM contacts WHERE id BETWEEN ? AND ? AND name LIKE ? ESCAPE ? AND member_id = ?":                                       5,
		"SELECT * FROM contacts WHERE (id, member_id, age) = (?, ?, ?)":                                                                    2,
		"SELECT * FROM contacts WHERE id IN (?, ?, ?) AND ? = member_id":                                                                   4,
		"SELECT * FROM (SELECT ? AS x FROM contacts WHERE member_id = ?) d WHERE x = ?":                                                    2,
		"WITH a AS (SELECT ? AS x), b AS (SELECT ? AS y) SELECT * FROM a, b, contacts WHERE member_id = ? AND x = ?":                       3,
		"SELECT * FROM contacts c JOIN countries k ON k.code = ? AND k.id = ? WHERE c.member_id = ?":                                       3,
		"SELECT ? UNION SELECT id FROM contacts WHERE member_id = ? ORDER BY ? LIMIT ?":                                                    2,
		"SELECT COUNT(*) FROM contacts WHERE member_id = ? GROUP BY ? HAVING COUNT(*) > ?":                                                 1,
		"SELECT LAG(id, 1, ?) OVER (PARTITION BY ? ORDER BY ? ROWS BETWEEN ? PRECEDING AND CURRENT ROW) FROM contacts WHERE member_id = ?": 5,
		"SELECT * FROM contacts WHERE MATCH (name) AGAINST (? IN BOOLEAN MODE) AND member_id = ?":                                          2,
		"INSERT INTO contacts (id, member_id, name) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE name = ?, age = ?":                            2,
		"INSERT INTO contacts SET id = ?, name = ?, member_id = ?":                                                                         3,
		"INSERT INTO contacts (id, member_id) SELECT ?, ? FROM countries WHERE id = ?":                                                     2,
		"UPDATE contacts SET name = ?, age = ? + ? WHERE member_id = ? ORDER BY ? LIMIT ?":                                                 4,
		"UPDATE contacts c JOIN countries k ON k.id = ? SET c.name = ? WHERE c.member_id = ?":                                              3,
		"DELETE FROM contacts WHERE id = ? AND member_id = ? ORDER BY id LIMIT ?":                                                          2,
		"SELECT '?', \"?\", `?` /* ? */ FROM contacts -- ?\n WHERE id = ? AND member_id = ? # ?":                                           2,
		"SELECT GROUP_CONCAT(DISTINCT ?, name ORDER BY ? SEPARATOR '?') FROM contacts WHERE member_id = ?":                                 3,
		"SELECT IF(?, ?, ?), CAST(? AS CHAR), CONVERT(? USING utf8mb4), WEIGHT_STRING(? AS CHAR(3)) FROM contacts WHERE ? <=> member_id":   7,
	} {
		stmt, err := p.Parse(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		values := make([]any, stmt.Params())
		for i := range values {
			values[i] = 1000 + i + 1
		}
		got, err := member(p, c, sql, values...)
		if want := 1000 + place; err != nil || got != shard.Int(int64(want)) {
			t.Errorf("%s: member %q, %v; want parameter %d", sql, got, err, place)
		}
	}
}

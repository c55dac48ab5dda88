package community

import "github.com/berthdb/berth/shard"

// Schema is the statements that make the tables on a shard.
func Schema() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS contacts (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(200) NOT NULL,
  PRIMARY KEY (member_id, id)
)`, `CREATE TABLE IF NOT EXISTS conversations (
  member_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  title VARCHAR(200) NOT NULL,
  messages INT NOT NULL DEFAULT 0,
  PRIMARY KEY (member_id, id)
)`, `CREATE TABLE IF NOT EXISTS messages (
  member_id BIGINT NOT NULL,
  conversation_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  body VARCHAR(1000) NOT NULL,
  sent_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (member_id, conversation_id, id)
)`,
	}
}

// Tables is what the map's catalogue says of them.
func Tables() []shard.Table {
	var tables []shard.Table
	for _, name := range []string{"contacts", "conversations", "messages"} {
		tables = append(tables, shard.Table{Name: name, Kind: shard.Sharded, MemberColumn: "member_id", OwnKeys: true})
	}
	return tables
}

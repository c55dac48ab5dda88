// Package schema is the tables of a shard as definitions: read from one server,
// compared with those of another, and made on a third.
//
//	have, err := schema.Load(ctx, db, "contacts", "messages")
//	for _, d := range schema.Compare(want, have) {
//		fmt.Println(d) // contacts is missing
//	}
//	err = schema.Create(ctx, db, want...)
//
// All shards have the same tables, so one shard's definitions are what another
// shard is made from and held to.
//
// # Caveats
//
// A definition is the server's own text of it (SHOW CREATE TABLE), without the
// AUTO_INCREMENT counter. Servers of different versions may write the same
// table differently, which Compare then reports as a difference.
package schema

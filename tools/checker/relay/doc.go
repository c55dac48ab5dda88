// Package relay is a TCP relay whose connections can be dropped or held.
//
//	r, err := relay.Open("127.0.0.1:3306")
//	defer r.Close()
//	… connect to r.Addr() …
//	r.Drop()     // every connection is closed; new ones are fine
//	r.Hold()     // nothing passes any more, and nothing is closed: a partition
//	r.Pass()     // what was held is closed; new connections pass
//
// # Caveats
//
// Bytes that were held are lost with their connections, as after a partition
// that lasted longer than TCP's patience.
package relay

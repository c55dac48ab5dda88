package move

import "time"

// limits are sizes and times of the mover. Tests make them smaller, to see in
// a second what takes a shard of production size.
type limits struct {
	chunkRows   int           // rows that a chunk is meant to have; 0: 10,000
	heavyRows   int           // rows from which on a member is a chunk by itself, written in parts; 0: 50,000
	sampleEvery time.Duration // between two samples while the way back is open; 0: 20 s
	patience    time.Duration // for long transactions to end by themselves, in all; 0: 20 s
	lookEvery   time.Duration // between two looks for jobs; 0: 500 ms
	failpoint   string        // instead of the environment's; empty: that one
}

func (l limits) withDefaults() limits {
	if l.chunkRows == 0 {
		l.chunkRows = 10_000
	}
	if l.heavyRows == 0 {
		l.heavyRows = 50_000
	}
	if l.sampleEvery == 0 {
		l.sampleEvery = 20 * time.Second
	}
	if l.patience == 0 {
		l.patience = 20 * time.Second
	}
	if l.lookEvery == 0 {
		l.lookEvery = 500 * time.Millisecond
	}
	return l
}

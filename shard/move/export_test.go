package move

import "time"

// Limits are what a test may make smaller; see limits.
type Limits struct {
	ChunkRows, HeavyRows             int
	SampleEvery, Patience, LookEvery time.Duration
	Failpoint                        string
}

// Limited is the configuration with other limits.
func (c Config) Limited(l Limits) Config {
	c.limits = limits{l.ChunkRows, l.HeavyRows, l.SampleEvery, l.Patience, l.LookEvery, l.Failpoint}
	return c
}

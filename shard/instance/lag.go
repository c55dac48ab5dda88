package instance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrNotReplica: the server replicates from nowhere.
var ErrNotReplica = errors.New("the server is not a replica")

// Replication is how far a replica is, over all its channels: the worst counts.
type Replication struct {
	Source    string        // HOST:PORT of its source
	Receiving bool          // connected to the source
	Applying  bool          // the applier runs
	Lag       time.Duration // whole seconds, as the server reports it; only if Known
	Known     bool          // false while either part stands still: the lag is unbounded
	Err       string        // the server's last error, if any
}

// Lag asks a replica how far behind its source it is. The account needs
// REPLICATION CLIENT. The server reports whole seconds, counted from what has
// arrived: writes still under way from the source are not in it.
func Lag(ctx context.Context, db DB) (r Replication, err error) {
	rows, err := db.QueryContext(ctx, "SHOW REPLICA STATUS")
	if err != nil {
		return r, fmt.Errorf("read the replica's status: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return r, fmt.Errorf("read the replica's status: %w", err)
	}
	var channels []map[string]*string
	for rows.Next() {
		values := make([]*string, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return r, fmt.Errorf("read the replica's status: %w", err)
		}
		channel := map[string]*string{}
		for i, name := range names {
			channel[name] = values[i]
		}
		channels = append(channels, channel)
	}
	if err := rows.Err(); err != nil {
		return r, fmt.Errorf("read the replica's status: %w", err)
	}
	if len(channels) == 0 {
		return r, ErrNotReplica
	}
	return worst(channels), nil
}

// worst joins the lines of SHOW REPLICA STATUS, one a channel.
func worst(channels []map[string]*string) Replication {
	r := Replication{Receiving: true, Applying: true, Known: true}
	for _, c := range channels {
		get := func(name string) string {
			if v := c[name]; v != nil {
				return *v
			}
			return ""
		}
		if r.Source == "" {
			r.Source = get("Source_Host") + ":" + get("Source_Port")
		}
		receiving, applying := get("Replica_IO_Running") == "Yes", get("Replica_SQL_Running") == "Yes"
		seconds, err := strconv.ParseUint(get("Seconds_Behind_Source"), 10, 32)
		r.Receiving = r.Receiving && receiving
		r.Applying = r.Applying && applying
		r.Known = r.Known && receiving && applying && err == nil
		r.Lag = max(r.Lag, time.Duration(seconds)*time.Second)
		for _, name := range []string{"Last_SQL_Error", "Last_IO_Error"} {
			if r.Err == "" {
				r.Err = get(name)
			}
		}
	}
	if !r.Known {
		r.Lag = 0
	}
	return r
}

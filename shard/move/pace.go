package move

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// pace slows copying and verifying down while others use the primaries: it
// keeps the time of a small transaction of its own on each within a multiple
// of what it was before the move began. With nobody else there is nothing to
// be considerate of.
type pace struct {
	servers []*pacedServer
	share   float64 // of the time that a worker works, from minShare to 1
}

type pacedServer struct {
	*server
	token    *token
	usual    time.Duration // of the small transaction, before
	now      time.Duration // smoothed
	asked    int           // the server's count of statements
	askedAt  time.Time
	others   float64      // statements a second
	own      func() int64 // statements of the mover itself there; nil: few
	ownAsked int64
}

const (
	minShare = 0.03
	// slower is how many times its usual time the small transaction may take.
	slower = 1.8
	// quiet is how many statements a second a server has from a mover alone.
	quiet = 100
	// least is below which a transaction's time tells nothing.
	least = 2 * time.Millisecond
)

// newPace measures the usual times. It comes before the copying.
func newPace(ctx context.Context, servers ...pacedServer) (*pace, error) {
	p := &pace{share: 1}
	for _, s := range servers {
		var times []time.Duration
		for range 7 {
			d, err := s.try(ctx)
			if err != nil {
				return nil, fmt.Errorf("measuring a transaction on shard %s: %w", s.shard.Name, err)
			}
			times = append(times, d)
		}
		slices.Sort(times)
		s.usual = max(least, times[len(times)/2])
		s.now = s.usual
		p.servers = append(p.servers, &s)
	}
	return p, nil
}

// try makes the small transaction. It is the lane's own row that it changes.
func (s *pacedServer) try(ctx context.Context) (time.Duration, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err = s.token.begin(ctx, conn, ""); err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		discard(conn)
		return 0, err
	}
	took := time.Since(began)
	s.token.committed("")
	return took, conn.Close()
}

// look measures again, sets the share, and tells what it gives way to.
func (p *pace) look(ctx context.Context) (reason string, err error) {
	late := 0.0
	for _, s := range p.servers {
		d, err := s.try(ctx)
		if err != nil {
			return "", err
		}
		s.now = (s.now + d) / 2
		asked, err := status(ctx, s.db, "Questions")
		if err != nil {
			return "", err
		}
		own := int64(0)
		if s.own != nil {
			own = s.own()
		}
		if at := time.Now(); s.askedAt.IsZero() || asked < s.asked {
			s.asked, s.ownAsked, s.askedAt = asked, own, at
		} else if d := at.Sub(s.askedAt).Seconds(); d > 0.3 {
			s.others = (float64(asked-s.asked) - float64(own-s.ownAsked)) / d
			s.asked, s.ownAsked, s.askedAt = asked, own, at
		}
		if l := float64(s.now) / float64(s.usual); s.others > quiet && l > max(late, slower) {
			late = l
			reason = fmt.Sprintf("commits on %s take %s, usually %s", s.shard.Name, s.now.Round(100*time.Microsecond), s.usual.Round(100*time.Microsecond))
		}
	}
	if late > 0 {
		if p.share <= minShare {
			// It is not the move that makes it late: this is how it is now.
			for _, s := range p.servers {
				s.usual += s.usual / 20
			}
		}
		p.share = max(minShare, p.share*max(0.5, slower/late))
		return fmt.Sprintf("%s: at %.0f %% of its speed", reason, 100*p.share), nil
	}
	p.share = min(1, p.share+0.04)
	if p.share < 1 {
		return fmt.Sprintf("other traffic: at %.0f %% of its speed", 100*p.share), nil
	}
	return "", nil
}

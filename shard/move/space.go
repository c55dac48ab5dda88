package move

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// spaceFactor is how much more disk a copy takes than its rows: indexes that
// are built in between, the binlog, undo.
const spaceFactor = 2.5

// space compares the target's free disk with what will come. A server does not
// tell of its disk by SQL: it is looked at where it is this machine's, else
// the request has to say.
func (p *Plan) space(ctx context.Context, to *server) error {
	need := int64(float64(p.Bytes) * spaceFactor)
	free, known := p.request.TargetFree, p.request.TargetFree > 0
	if !known {
		var dir string
		if err := to.db.QueryRowContext(ctx, "SELECT @@GLOBAL.datadir").Scan(&dir); err != nil {
			return err
		}
		var st syscall.Statfs_t
		if local(to.shard.Primary.Address) && syscall.Statfs(dir, &st) == nil {
			free, known = int64(st.Bavail)*int64(st.Bsize), true
		}
	}
	if !known {
		p.Disk = fmt.Sprintf("about %s will be needed on shard %s; what is free there can't be seen by SQL: check it, or say it with --target-free GIB", megabytes(need), p.To)
		return nil
	}
	p.Disk = fmt.Sprintf("about %s will be needed on shard %s, %s are free", megabytes(need), p.To, megabytes(free))
	if free < need {
		p.refuse("shard %s has %s of disk free, and the copy with its indexes and binlog may need %s: make room there, or move a smaller range", p.To, megabytes(free), megabytes(need))
	}
	return nil
}

func local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func megabytes(n int64) string {
	if n < 10<<30 {
		return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
	}
	return fmt.Sprintf("%d GiB", n>>30)
}

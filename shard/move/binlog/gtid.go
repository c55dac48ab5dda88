package binlog

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// GTID names one transaction, as UUID:NUMBER or, from MySQL 8.3 on,
// UUID:TAG:NUMBER. It is comparable; the zero GTID names none.
type GTID struct {
	Source uuid.UUID // the server_uuid of where it was committed first
	Tag    string    // in lower case; empty for most
	Number int64     // from 1
}

// ParseGTID reads one GTID. An interval of several is refused.
func ParseGTID(text string) (GTID, error) {
	set, err := ParseSet(text)
	if err != nil {
		return GTID{}, fmt.Errorf("GTID %q: %w", text, err)
	}
	for source, list := range set.sources {
		if len(set.sources) == 1 && len(list) == 1 && list[0].first == list[0].last {
			return GTID{Source: source.uuid, Tag: source.tag, Number: list[0].first}, nil
		}
	}
	return GTID{}, fmt.Errorf("GTID %q: it does not name one transaction", text)
}

// String is the text the server uses.
func (g GTID) String() string {
	if g.Tag == "" {
		return g.Source.String() + ":" + strconv.FormatInt(g.Number, 10)
	}
	return g.Source.String() + ":" + g.Tag + ":" + strconv.FormatInt(g.Number, 10)
}

const (
	maxNumber = math.MaxInt64 - 1 // the server's limit: it keeps the end of an interval in an int64
	maxTag    = 32
)

// parseTag reads a tag as the server does: letters, digits and underscores, no
// digit first, whatever case they are in.
func parseTag(s string) (string, error) {
	s = strings.ToLower(s)
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return "", fmt.Errorf("%q is neither a number nor a tag", s)
		}
	}
	if s == "" || len(s) > maxTag {
		return "", fmt.Errorf("tag %q has not 1 to %d characters", s, maxTag)
	}
	return s, nil
}

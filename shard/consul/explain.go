package consul

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// errNoAnswer is the cause of a context that within has ended: the caller's
// own was still good.
type errNoAnswer time.Duration

func (e errNoAnswer) Error() string {
	return fmt.Sprintf("no answer within %s", time.Duration(e))
}

// errRefusedByACL: Consul leaves unreadable keys out of a list without an error.
var errRefusedByACL = errors.New("permission denied: keys that the token may not read were left out")

// within bounds one request.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errNoAnswer(d))
}

// timedOut puts the cause of the context's end in place of a request's error.
func timedOut(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// explain makes an operator's error of what a request met.
func (s *Store) explain(ctx context.Context, doing, key string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s in %s: %w", doing, s, context.Cause(ctx))
	}
	var inner *url.Error // its text repeats method and URL
	if errors.As(err, &inner) {
		err = inner.Err
	}
	next := s.advise(err)
	var status api.StatusError
	if errors.As(err, &status) {
		err = &statusError{status}
	}
	return fmt.Errorf("%s at Consul %s (key %s): %w; %s", doing, s.where, key, err, next)
}

// statusError is Consul's answer in fewer words than the API's.
type statusError struct{ api.StatusError }

func (e *statusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Code, http.StatusText(e.Code), strings.TrimSpace(e.Body))
}

func (e *statusError) Unwrap() error { return e.StatusError }

// advise is what to do next about an error.
func (s *Store) advise(err error) string {
	var status api.StatusError
	if errors.As(err, &status) {
		return s.adviseStatus(status)
	}
	var (
		noAnswer  errNoAnswer
		dial      *net.OpError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
	)
	switch {
	case errors.Is(err, errRefusedByACL):
		return s.adviseStatus(api.StatusError{Code: http.StatusForbidden})
	case errors.As(err, &noAnswer):
		return "see whether the agent hangs or the network to it is cut (consul members)"
	case errors.As(err, &authority):
		return "set the CA file of the authority that signed the agent's certificate"
	case errors.As(err, &host):
		return "set the server name that the agent's certificate has (server.DATACENTER.consul as a rule)"
	case errors.As(err, &dial) && dial.Op == "dial":
		return "see whether the agent runs and listens there (consul members)"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the port speaks plain HTTP: turn TLS off or use the agent's HTTPS port"
	case strings.Contains(err.Error(), "certificate required"), strings.Contains(err.Error(), "bad certificate"):
		return "the agent asks for a client certificate: set the certificate file and key file"
	}
	return "see the agent's log"
}

func (s *Store) adviseStatus(status api.StatusError) string {
	body := strings.ToLower(status.Body)
	switch {
	case status.Code == http.StatusForbidden && strings.Contains(body, "acl not found"):
		return "the token is unknown to Consul: it was deleted or is of another datacenter; give a valid one"
	case status.Code == http.StatusForbidden, strings.Contains(body, "permission denied"):
		return fmt.Sprintf(`give the token a policy with: key_prefix %q { policy = "write" } session_prefix "" { policy = "write" }`, s.prefix)
	case status.Code == http.StatusTooManyRequests:
		return "the rate limit of Consul refuses requests: raise limits.request_limits or limits.http_max_conns_per_client on the agent and the servers"
	case status.Code == http.StatusRequestEntityTooLarge:
		return "raise limits.kv_max_value_size and limits.txn_max_req_len on the agents to 524288 or more"
	case strings.Contains(body, "no cluster leader"), strings.Contains(body, "leadership"):
		return "Consul's servers have no leader: see that a majority of them runs (consul operator raft list-peers)"
	case status.Code == http.StatusBadRequest && strings.Contains(body, "https"):
		return "the port speaks HTTPS: turn TLS on"
	case strings.Contains(body, "no path to datacenter"):
		return "the datacenter is unknown to this agent: set another one"
	}
	return "see the log of the agent and of Consul's leader"
}

package instance

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// TLSMode says how far a connection is protected, in the words of MySQL's own
// clients (--ssl-mode).
type TLSMode string

const (
	TLSDisabled       TLSMode = "disabled"        // plain; also what an empty mode means
	TLSPreferred      TLSMode = "preferred"       // encrypted when the server can; against onlookers only
	TLSRequired       TLSMode = "required"        // encrypted, whoever the server is
	TLSVerifyCA       TLSMode = "verify-ca"       // its certificate is signed by CA; what mysqld generates for itself has no host name and needs this one
	TLSVerifyIdentity TLSMode = "verify-identity" // and it was made out to the host
)

// TLS is how a connection is encrypted. The files are read again when they
// have changed, for the connections that follow.
type TLS struct {
	Mode       TLSMode
	CA         string // PEM file of the authorities; empty: the system's
	Cert, Key  string // PEM files of the client's certificate; empty: none. Both or neither.
	ServerName string // the name to verify; empty: the address's host. Only with verify-identity.
}

func (t TLS) verifies() bool { return t.Mode == TLSVerifyCA || t.Mode == TLSVerifyIdentity }

func (t TLS) validate() error {
	switch t.Mode {
	case "", TLSDisabled:
		if t.CA != "" || t.Cert != "" || t.Key != "" || t.ServerName != "" {
			return fmt.Errorf("TLS files or a server name are set, but its mode is disabled; set the mode to %s", TLSVerifyIdentity)
		}
	case TLSPreferred, TLSRequired, TLSVerifyCA, TLSVerifyIdentity:
	default:
		return fmt.Errorf("TLS mode %q is none of %s, %s, %s, %s, %s", t.Mode,
			TLSDisabled, TLSPreferred, TLSRequired, TLSVerifyCA, TLSVerifyIdentity)
	}
	switch {
	case (t.Cert == "") != (t.Key == ""):
		return errors.New("a TLS certificate needs its key, and a key its certificate")
	case t.CA != "" && !t.verifies():
		return fmt.Errorf("a TLS authority is set, but mode %s does not look at it; use %s or %s", t.Mode, TLSVerifyCA, TLSVerifyIdentity)
	case t.ServerName != "" && t.Mode != TLSVerifyIdentity:
		return fmt.Errorf("a TLS server name is set, but mode %s does not look at it; use %s", t.Mode, TLSVerifyIdentity)
	}
	return nil
}

// Config reads the files and makes the configuration for connections to an
// address (HOST:PORT); nil for plain ones. A Connector does this by itself. In
// mode preferred it is for the caller to go on without when the server can't.
func (t TLS) Config(address string) (*tls.Config, error) {
	if err := t.validate(); err != nil {
		return nil, err
	}
	if t.Mode == "" || t.Mode == TLSDisabled {
		return nil, nil
	}
	config, err := t.load(address)
	if err != nil {
		return nil, fmt.Errorf("read TLS files: %w", err)
	}
	return config, nil
}

// certificates keeps the tls.Config made of the files, until one changes.
type certificates struct {
	from TLS
	host string

	mu     sync.Mutex
	stamps [3]fileStamp
	config *tls.Config
}

// fileStamp is how a change of a file is noticed: a rename into place, as
// secret stores do it, changes at least the time.
type fileStamp struct {
	modified time.Time
	size     int64
}

// current is the configuration for the next connection, nil for a plain one.
func (c *certificates) current() (*tls.Config, error) {
	if c.from.Mode == "" || c.from.Mode == TLSDisabled {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var stamps [3]fileStamp
	for i, path := range []string{c.from.CA, c.from.Cert, c.from.Key} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read TLS files: %w", err)
		}
		stamps[i] = fileStamp{info.ModTime(), info.Size()}
	}
	if c.config == nil || stamps != c.stamps {
		config, err := c.from.load(c.host)
		if err != nil {
			return nil, fmt.Errorf("read TLS files: %w", err)
		}
		c.config, c.stamps = config, stamps
	}
	return c.config, nil
}

func (t TLS) load(address string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("client certificate %s: %w", t.Cert, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", t.CA)
		}
	}
	if t.Mode == TLSVerifyIdentity {
		config.ServerName = t.ServerName
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(address)
		}
		return config, nil
	}
	// crypto/tls verifies the name together with the chain or neither, so the
	// chain alone is verified here.
	config.InsecureSkipVerify = true
	if t.Mode == TLSVerifyCA {
		config.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, config.RootCAs) }
	}
	return config, nil
}

func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, cert := range s.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

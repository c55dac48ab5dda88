package instance_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthdb/berth/shard/instance"
)

// MySQL's own certificates are signed by an authority of their own and name no
// host.
func TestTLS(t *testing.T) {
	p := identified(t, "a")
	ca, wrong := p.server.CAFile(), otherAuthority(t)
	for _, tt := range []struct {
		name      string
		tls       instance.TLS
		encrypted bool
		says      string // of the error; empty: it connects
	}{
		{"disabled", instance.TLS{}, false, ""},
		{"preferred", instance.TLS{Mode: instance.TLSPreferred}, true, ""},
		{"required", instance.TLS{Mode: instance.TLSRequired}, true, ""},
		{"verify-ca", instance.TLS{Mode: instance.TLSVerifyCA, CA: ca}, true, ""},
		{"another authority", instance.TLS{Mode: instance.TLSVerifyCA, CA: wrong}, false, "unknown authority"},
		{"the system's authorities", instance.TLS{Mode: instance.TLSVerifyCA}, false, "unknown authority"},
		{"verify-identity", instance.TLS{Mode: instance.TLSVerifyIdentity, CA: ca}, false, "127.0.0.1"},
		{"verify-identity by name", instance.TLS{Mode: instance.TLSVerifyIdentity, CA: ca, ServerName: "db.example"}, false, "certificate"},
		{"no such file", instance.TLS{Mode: instance.TLSVerifyCA, CA: ca + "x"}, false, "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := p.config()
			cfg.TLS = tt.tls
			if tt.says != "" {
				if err := p.refused(cfg); !strings.Contains(err.Error(), tt.says) || instance.Unavailable(err) {
					t.Errorf("unavailable %t: %v", instance.Unavailable(err), err)
				}
				return
			}
			if cipher := cipherOf(t, p, cfg); (cipher != "") != tt.encrypted {
				t.Errorf("the cipher is %q", cipher)
			}
		})
	}
}

func cipherOf(t *testing.T, p *place, cfg instance.Config) string {
	t.Helper()
	return ask[string](t, p.open(cfg), "SELECT VARIABLE_VALUE FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'")
}

func TestTLSClientCertificate(t *testing.T) {
	p := identified(t, "a")
	run(t, p.admin, "CREATE USER 'certified' IDENTIFIED BY 'secret' REQUIRE X509")
	t.Cleanup(func() { run(t, p.admin, "DROP USER 'certified'") })
	run(t, p.admin, "GRANT SELECT ON *.* TO 'certified'")
	cfg := p.config()
	cfg.User, cfg.Password = "certified", instance.Literal("secret")
	cfg.TLS = instance.TLS{Mode: instance.TLSVerifyCA, CA: p.server.CAFile()}
	if err := p.refused(cfg); !instance.IsAccessDenied(err) {
		t.Errorf("without a certificate: %v", err)
	}
	// The server's user owns the pair; a test that is not root can't read it.
	dir := t.TempDir()
	cfg.TLS.Cert, cfg.TLS.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for to, from := range map[string]string{cfg.TLS.Cert: "client-cert.pem", cfg.TLS.Key: "client-key.pem"} {
		b, err := os.ReadFile(filepath.Join(p.server.DataDir(), from))
		if err != nil {
			t.Skipf("the server's client certificate can't be read here: %v", err)
		}
		write(t, to, string(b))
	}
	if cipher := cipherOf(t, p, cfg); cipher == "" {
		t.Error("the session is not encrypted")
	}
}

// A file that is replaced counts for the next connection of the same connector.
func TestTLSFilesReadAgain(t *testing.T) {
	p := identified(t, "a")
	file := filepath.Join(t.TempDir(), "ca.pem")
	good, err := os.ReadFile(p.server.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile(otherAuthority(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg := p.config()
	cfg.TLS = instance.TLS{Mode: instance.TLSVerifyCA, CA: file}
	connector := p.connector(cfg)
	for i, step := range []struct {
		pem  string
		good bool
	}{{string(bad), false}, {string(good), true}, {"no certificate", false}, {string(good) + string(bad), true}} {
		write(t, file, step.pem)
		conn, err := connector.Open(t.Context())
		if (err == nil) != step.good {
			t.Errorf("step %d: %v", i, err)
		}
		if err == nil {
			closeConn(t, conn)
		}
	}
}

// otherAuthority is the file of an authority that signed nothing.
func otherAuthority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "other"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "other.pem")
	write(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return path
}

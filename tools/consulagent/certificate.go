package consulagent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certLife is longer than any test or development cluster.
const certLife = 365 * 24 * time.Hour

// writeCertificates makes an authority and, signed by it, a certificate for
// the agent and one for its clients.
func (a *Agent) writeCertificates() error {
	if err := os.MkdirAll(filepath.Dir(a.CAFile()), 0o755); err != nil {
		return err
	}
	authority, err := newIdentity("berth test authority")
	if err != nil {
		return err
	}
	authority.cert.IsCA = true
	authority.cert.BasicConstraintsValid = true
	authority.cert.KeyUsage = x509.KeyUsageCertSign
	if err := authority.write(authority, a.CAFile(), ""); err != nil {
		return err
	}
	for name, usage := range map[string]x509.ExtKeyUsage{
		"server": x509.ExtKeyUsageServerAuth,
		"client": x509.ExtKeyUsageClientAuth,
	} {
		id, err := newIdentity("berth test " + name)
		if err != nil {
			return err
		}
		id.cert.ExtKeyUsage = []x509.ExtKeyUsage{usage}
		id.cert.KeyUsage = x509.KeyUsageDigitalSignature
		id.cert.IPAddresses = []net.IP{net.ParseIP(host)}
		id.cert.DNSNames = []string{"localhost", "server.dc1.consul"}
		if err := id.write(authority, a.tlsFile(name+".pem"), a.tlsFile(name+"-key.pem")); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) tlsFile(name string) string { return filepath.Join(a.dir, "tls", name) }

// identity is a certificate that is not yet signed, and its key.
type identity struct {
	cert x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIdentity(name string) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of %s: %w", name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make the certificate of %s: %w", name, err)
	}
	now := time.Now()
	return &identity{key: key, cert: x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certLife),
	}}, nil
}

// write signs the certificate and writes it, and the key if keyFile is given.
func (id *identity) write(signer *identity, certFile, keyFile string) error {
	der, err := x509.CreateCertificate(rand.Reader, &id.cert, &signer.cert, id.key.Public(), signer.key)
	if err != nil {
		return fmt.Errorf("sign the certificate of %s: %w", id.cert.Subject.CommonName, err)
	}
	err = os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
	if keyFile == "" || err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(id.key)
	return errors.Join(err, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
}

package api

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
)

// TLSFiles are those of a server's certificate and, where clients may show
// certificates, of those who sign them. All are PEM.
type TLSFiles struct {
	Cert, Key string
	ClientCA  string // empty: clients have none
}

// An Identity is what a server shows its clients. It is read again by Reload.
type Identity struct {
	files TLSFiles
	now   atomic.Pointer[tls.Config]
}

// LoadIdentity reads the files.
func LoadIdentity(files TLSFiles) (*Identity, error) {
	i := &Identity{files: files}
	return i, i.Reload()
}

// Reload reads the files again, for the connections to come. With an error,
// what was read before holds on.
func (i *Identity) Reload() error {
	own, err := tls.LoadX509KeyPair(i.files.Cert, i.files.Key)
	if err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, NextProtos: []string{"h2", "http/1.1"}}
	if i.files.ClientCA != "" {
		if c.ClientCAs, err = readPool(i.files.ClientCA); err != nil {
			return err
		}
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	i.now.Store(c)
	return nil
}

// Config is for the server's listener.
func (i *Identity) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return i.now.Load(), nil },
	}
}

// ByCommonName, ByOrganization and ByUnit are values of
// Options.CertificateTenant: they take the tenant from the certificate's
// subject, if that names a single one.
func ByCommonName(c *x509.Certificate) string { return c.Subject.CommonName }

// ByOrganization is described at ByCommonName.
func ByOrganization(c *x509.Certificate) string { return single(c.Subject.Organization) }

// ByUnit is described at ByCommonName.
func ByUnit(c *x509.Certificate) string { return single(c.Subject.OrganizationalUnit) }

func single(names []string) string {
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

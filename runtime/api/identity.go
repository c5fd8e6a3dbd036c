package api

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLSFiles are those of a server's certificate and, where clients may show
// certificates, of those who sign them. All are PEM.
type TLSFiles struct {
	Cert, Key string
	ClientCA  string // empty: clients have none
}

// An Identity is what a server shows its clients. Its files are read again when
// they have changed, and by Reload: a certificate expires long before a server is
// to be started again.
type Identity struct {
	files TLSFiles
	log   *slog.Logger

	mu    sync.Mutex
	now   *tls.Config
	tried [2]time.Time // when the files that were read last had been changed
}

// LoadIdentity reads the files. The logger is told when they have changed and
// cannot be read.
func LoadIdentity(files TLSFiles, log *slog.Logger) (*Identity, error) {
	i := &Identity{files: files, log: log}
	return i, i.Reload()
}

// Reload reads the files again, for the connections to come. With an error,
// what was read before holds on.
func (i *Identity) Reload() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.read()
}

func (i *Identity) read() error {
	i.tried = i.changed()
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
	i.now = c
	return nil
}

// changed is when certificate and key were; zero of one that is not there.
func (i *Identity) changed() (at [2]time.Time) {
	for n, path := range []string{i.files.Cert, i.files.Key} {
		if info, err := os.Stat(path); err == nil {
			at[n] = info.ModTime()
		}
	}
	return at
}

// present is what holds for a new connection. While the files are no
// certificate, as when one of them is written and the other not yet, the last
// one is good.
func (i *Identity) present(*tls.ClientHelloInfo) (*tls.Config, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.changed() != i.tried {
		if err := i.read(); err != nil {
			i.log.Error("the certificate's files have changed, and cannot be read; the one of before is used", "error", err)
		}
	}
	return i.now, nil
}

// Config is for the server's listener.
func (i *Identity) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetConfigForClient: i.present}
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

package api_test

import (
	"bytes"
	"crypto/x509/pkix"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/runtime/api"
)

// TestCertificateHalfWritten: a certificate whose files are written one after
// the other is read when both are there, and until then the last one is good.
func TestCertificateHalfWritten(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	ca := issue(t, dir, "ca", pkix.Name{CommonName: "ca"}, nil)
	issue(t, dir, "server", pkix.Name{CommonName: "one"}, ca)
	issue(t, other, "server", pkix.Name{CommonName: "two"}, ca)
	var log bytes.Buffer
	identity, err := api.LoadIdentity(api.TLSFiles{Cert: filepath.Join(dir, "server.pem"), Key: filepath.Join(dir, "server.key")}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	shown := func() []byte {
		t.Helper()
		c, err := identity.Config().GetConfigForClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Certificates[0].Certificate[0]
	}
	first := shown()
	for i, file := range []string{"server.pem", "server.key"} {
		text, err := os.ReadFile(filepath.Join(other, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if same := bytes.Equal(shown(), first); same != (i == 0) || !strings.Contains(log.String(), "the one of before is used") {
			t.Errorf("after %s: the first one %v, %s", file, same, log.String())
		}
	}
}

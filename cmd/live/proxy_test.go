//go:build unix

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var servingSessions = regexp.MustCompile(`msg="serving sessions" address=(\S+)`)

// sessions is where a server forwards them.
func (s *server) sessions(t *testing.T) string {
	t.Helper()
	found := servingSessions.FindStringSubmatch(s.said)
	if found == nil {
		t.Fatalf("no proxy: %s", s.said)
	}
	return found[1]
}

// A worker is what the built-in instance says of itself.
type workerSays struct {
	Instance string
	PID      int
}

func ask(t *testing.T, c *http.Client, address string) (says workerSays) {
	t.Helper()
	answer, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || json.Unmarshal(text, &says) != nil {
		t.Fatalf("%s %s %v", answer.Status, text, err)
	}
	return says
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second}
}

// TestProxy: sessions have processes of their own, and what is left of them is
// ended with the server.
func TestProxy(t *testing.T) {
	t.Parallel()
	onLinux(t)
	s := startServer(t, "--proxy", "127.0.0.1:0", "--lead-time", "10ms", "--stop-timeout", "10ms")
	at := s.sessions(t)
	ann, ben := browser(t), browser(t)
	one, two := ask(t, ann, at), ask(t, ben, at)
	if one == two || ask(t, ann, at+"/deep/link?x=1") != one || ask(t, ben, at) != two {
		t.Errorf("%+v and %+v", one, two)
	}
	// When its process is killed the session goes on with another.
	if err := syscall.Kill(one.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if again := ask(t, ann, at); again == one || again == two {
		t.Errorf("%+v after %+v", again, one)
	}
	answer, err := http.Get(s.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	figures, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	for _, want := range []string{`shadowpool_proxy_sessions{state="open"} 2`, "shadowpool_proxy_first_request_wait_seconds_count 3", `shadowpool_proxy_sessions_ended_total{reason="lost"} 1`} {
		if err != nil || !strings.Contains(string(figures), want) {
			t.Errorf("%v: no %s in %s", err, want, regexp.MustCompile(`(?m)^shadowpool_proxy.*`).FindAllString(string(figures), -1))
		}
	}
	pids := children(t, s.Process.Pid)
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || strings.Contains(log, "level=ERROR") {
		t.Errorf("end: %d %s", status, log)
	}
	vanish(t, pids)
}

// TestWaitingPage: a browser that comes while the instance starts gets to it
// without its user doing anything.
func TestWaitingPage(t *testing.T) {
	t.Parallel()
	onLinux(t)
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium here (Debian's package chromium): the page is not looked at")
	}
	s := startServer(t, "--proxy", "127.0.0.1:0", "--policy", "static:level=0", "--lead-time", "3s", "--stop-timeout", "10ms")
	profile, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its processes may still write there for a moment
		for deadline := time.Now().Add(10 * time.Second); os.RemoveAll(profile) != nil && time.Now().Before(deadline); {
			time.Sleep(100 * time.Millisecond)
		}
	})
	// Its time leaps from one of the page's timers to the next.
	c := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+profile,
		"--virtual-time-budget=60000", "--dump-dom", s.sessions(t)+"/deep/link")
	var log bytes.Buffer
	c.Stderr = &log
	page, err := c.Output()
	if err != nil || !strings.Contains(string(page), `{"category":"default","instance":"`) {
		t.Errorf("%v %s\n%s", err, page, log.String())
	}
	answer, err := http.Get(s.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	figures, err := io.ReadAll(answer.Body)
	if err != nil || !regexp.MustCompile(`shadowpool_proxy_refused_total\{code="503"\} [1-9]`).Match(figures) || !strings.Contains(string(figures), "shadowpool_proxy_first_request_wait_seconds_count 1\n") {
		t.Errorf("%v %s", err, regexp.MustCompile(`(?m)^shadowpool_proxy_(ref|sess|first_request_wait_seconds_count).*`).FindAllString(string(figures), -1))
	}
}

// certify writes a certificate of this machine's and its key.
func certify(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	chain, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"chain.pem": {Type: "CERTIFICATE", Bytes: chain}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const proxyFile = `fleet:
  isolation: none
  categories: [{name: default, lead_time: 10ms}]
policy: {name: static, level: 1}
proxy:
  listen: 127.0.0.1:0
  session: {key_file: cookie.key}
  tls: {cert_file: chain.pem, key_file: key.pem}
`

// TestProxyOverTLS: from a file, with HTTP/2, and with a certificate that
// changes.
func TestProxyOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "pool.yaml")
	for name, text := range map[string]string{"pool.yaml": proxyFile, "cookie.key": strings.Repeat("k", 32) + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certify(t, dir, "one.example")
	s := startServer(t, "--config", file, "--stop-timeout", "10ms")
	at := s.sessions(t)
	visit := func(name string) {
		t.Helper()
		chain, err := os.ReadFile(filepath.Join(dir, "chain.pem"))
		if err != nil {
			t.Fatal(err)
		}
		known := x509.NewCertPool()
		known.AppendCertsFromPEM(chain)
		c := browser(t)
		c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}, ForceAttemptHTTP2: true}
		answer, err := c.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if names := answer.TLS.PeerCertificates[0].DNSNames; answer.ProtoMajor != 2 || names[0] != name || !strings.HasPrefix(answer.Header.Get("Set-Cookie"), "__Host-shadowpool=") {
			t.Errorf("%s %s %q, want %s", answer.Proto, names, answer.Header, name)
		}
	}
	visit("one.example")
	certify(t, dir, "two.example")
	visit("two.example")
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
	// What cannot be is said before anything is started.
	if err := os.WriteFile(filepath.Join(dir, "cookie.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := live(t, "serve", "--config", file, "--listen", "127.0.0.1:0"); status != 2 || !strings.Contains(errs, "proxy.session.key_file: the key has 5 bytes, at least 32 are needed") {
		t.Errorf("%d %s", status, errs)
	}
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := live(t, "serve", "--config", file, "--listen", "127.0.0.1:0"); status != 2 {
		t.Errorf("%d %s", status, errs)
	}
	isolated := filepath.Join(dir, "isolated.yaml")
	if err := os.WriteFile(isolated, []byte("fleet: {default: {lead_time: 1s}}\npolicy: {name: none}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := live(t, "serve", "--config", isolated, "--proxy", "127.0.0.1:0"); status != 2 || !strings.Contains(errs, "sessions need one: give proxy.tenant") {
		t.Errorf("%d %s", status, errs)
	}
}

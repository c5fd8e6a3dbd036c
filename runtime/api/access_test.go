package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// tokens makes a file with a token for each name.
func tokens(t testing.TB, each map[string]api.Token) (file string, text map[string]string) {
	t.Helper()
	file, text = filepath.Join(t.TempDir(), "tokens.yaml"), map[string]string{}
	for name, one := range each {
		one.Name = name
		var err error
		if text[name], err = api.CreateToken(file, one); err != nil {
			t.Fatal(err)
		}
	}
	return file, text
}

var everyone = map[string]api.Token{
	"acme":  {Tenants: []string{"acme"}, Verbs: []string{"claim", "read"}},
	"beta":  {Tenants: []string{"beta"}, Verbs: []string{"claim"}},
	"two":   {Tenants: []string{"acme", "beta"}, Verbs: []string{"claim"}},
	"read":  {Verbs: []string{"read"}},
	"all":   {Verbs: []string{"claim", "read", "operate"}},
	"agent": {Verbs: []string{"agent"}},
}

// TestAccess: everyone may do what its token says, and nothing else.
func TestAccess(t *testing.T) {
	t.Parallel()
	file, text := tokens(t, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "20", api.Options{Tokens: known})
	claim := func(token, tenant string) (*http.Response, string) {
		return s.ask(t, "POST", "/v1/claims", text[token], `{"category": "x", "tenant": "`+tenant+`"}`)
	}
	claimed := func(body string) string {
		_, rest, _ := strings.Cut(body, `"claim":"`)
		name, _, _ := strings.Cut(rest, `"`)
		return name
	}
	for _, tt := range []struct {
		token, tenant string
		status        int
	}{
		{"acme", "acme", 201}, {"acme", "", 201}, {"acme", "beta", 403}, {"beta", "acme", 403}, {"two", "beta", 201}, {"two", "", 422},
		{"read", "acme", 403}, {"agent", "acme", 403}, {"all", "gamma", 201}, {"nobody", "acme", 401},
	} {
		if r, body := claim(tt.token, tt.tenant); r.StatusCode != tt.status {
			t.Errorf("%s claims for %q: %d %s, want %d", tt.token, tt.tenant, r.StatusCode, body, tt.status)
		}
	}
	_, body := claim("acme", "acme")
	of := claimed(body)
	for _, tt := range []struct {
		method, path, token string
		status              int
	}{
		{"GET", "/v1/claims/" + of, "acme", 200}, {"GET", "/v1/claims/" + of, "beta", 404}, {"GET", "/v1/claims/" + of, "read", 200},
		{"GET", "/v1/claims/" + of + "/events", "beta", 404},
		{"DELETE", "/v1/claims/" + of, "beta", 404}, {"DELETE", "/v1/claims/" + of, "read", 403},
		{"GET", "/v1/claims?tenant=acme", "beta", 403}, {"GET", "/v1/events?tenant=acme", "beta", 403},
		{"GET", "/v1/status", "acme", 403}, {"GET", "/v1/status", "read", 200}, {"GET", "/metrics", "acme", 403}, {"GET", "/metrics", "read", 200},
		{"POST", "/v1/drain", "acme", 403}, {"POST", "/v1/drain", "read", 403}, {"POST", "/v1/pools/x/pause", "acme", 403},
		{"POST", "/v1/pools/x/pause", "all", 204}, {"POST", "/v1/pools/x/resume", "all", 204}, {"POST", "/v1/pools/y/pause", "all", 404},
		{"POST", "/v1/pools/-/reset", "all", 204}, {"POST", "/v1/categories/y/invalidate", "all", 404},
		{"GET", "/v1/configuration", "read", 403}, {"GET", "/v1/configuration", "all", 501},
		{"GET", "/healthz", "nobody", 200}, {"GET", "/readyz", "nobody", 200}, {"GET", "/openapi.yaml", "nobody", 200},
		{"DELETE", "/v1/claims/" + of, "acme", 204}, {"DELETE", "/v1/claims/" + of, "acme", 404},
	} {
		if r, body := s.ask(t, tt.method, tt.path, text[tt.token], ""); r.StatusCode != tt.status {
			t.Errorf("%s: %s %s: %d %s, want %d", tt.token, tt.method, tt.path, r.StatusCode, body, tt.status)
		}
	}
	for token, want := range map[string]int{"acme": 2, "beta": 1, "two": 3, "all": 4} {
		_, body := s.ask(t, "GET", "/v1/claims", text[token], "")
		if n := strings.Count(body, `"claim":`); n != want {
			t.Errorf("%s sees %d claims, want %d: %s", token, n, want, body)
		}
		if _, body := s.ask(t, "GET", "/v1/instances", text[token], ""); token != "all" && strings.Count(body, `"instance":`) != want {
			t.Errorf("%s sees the instances %s", token, body)
		}
	}
	if r, _ := s.ask(t, "POST", "/v1/claims", "", `{}`); r.Header.Get("WWW-Authenticate") == "" {
		t.Error("who has no token is not told what to send")
	}
	if !contains(s.log.String(), `"by":"all","method":"POST","path":"/v1/pools/x/pause"`) {
		t.Errorf("the log does not say who paused: %s", s.log)
	}
	for _, secret := range text {
		content, err := os.ReadFile(file)
		if err != nil || contains(s.log.String(), secret) || contains(string(content), secret) {
			t.Errorf("a token can be read; %v", err)
		}
	}
}

// TestBadTokens: what is no token gets nothing, and has no effect.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	file, text := tokens(t, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "1", api.Options{Tokens: known})
	good := text["all"]
	for _, header := range [][]string{
		{""}, {"Bearer"}, {"Bearer "}, {"Bearer " + good[:len(good)-1]}, {"Bearer " + good + "x"}, {"Bearer " + strings.ToUpper(good)},
		{"Basic " + good}, {good}, {"Bearer " + good, "Bearer " + good}, {"Bearer \x00" + good}, {"Bearer " + strings.Repeat("x", 30000)},
	} {
		request, err := http.NewRequest("POST", s.url+"/v1/drain", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header["Authorization"] = header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // the client refuses to send it
		}
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.60q: %d", header, response.StatusCode)
		}
	}
	if status, err := s.host.Status(t.Context()); err != nil || status.Draining {
		t.Errorf("the server drains; %v", err)
	}
	// One that is taken back holds no more once the file is read again.
	if err := os.WriteFile(file, []byte("[]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.ask(t, "GET", "/v1/status", good, ""); r.StatusCode != 200 {
		t.Errorf("before the file is read again: %d", r.StatusCode)
	}
	if err := known.Reload(); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.ask(t, "GET", "/v1/status", good, ""); r.StatusCode != 401 {
		t.Errorf("after it was taken back: %d", r.StatusCode)
	}
}

// TestProtect: what others serve can be held to the same tokens.
func TestProtect(t *testing.T) {
	t.Parallel()
	file, text := tokens(t, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		t.Fatal(err)
	}
	handler := api.Protect(api.Options{Tokens: known}, api.Agent, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for token, want := range map[string]int{"agent": 204, "all": 403, "acme": 403, "nobody": 401} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+text[token])
		if handler.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d", token, w.Code, want)
		}
	}
}

func TestBadTokenFiles(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0a", 32)
	for _, tt := range []struct{ text, says string }{
		{"- {name: a, sha256: shadowpool_secret, verbs: [read]}", "sha256 is not 64"},
		{"- {name: a, token: shadowpool_secret, verbs: [read]}", "not a list of name"},
		{"shadowpool_secret", "not a list of name"},
		{"- {sha256: " + hash + ", verbs: [read]}", "no name"},
		{"- {name: a, sha256: " + hash + "}", "no verbs"},
		{"- {name: a, sha256: " + hash + ", verbs: [root]}", `verb "root" is none of`},
		{"- {name: a, sha256: " + hash + ", verbs: [operate], tenants: [acme]}", "operate and agent are for the whole server"},
		{"- {name: a, sha256: " + hash + ", verbs: [read]}\n- {name: b, sha256: " + hash + ", verbs: [read]}", "another name too"},
		{"- {name: a, sha256: " + hash + ", verbs: [read], tenants: [\"\"]}", "a tenant without a name"},
	} {
		file := filepath.Join(t.TempDir(), "tokens.yaml")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := api.LoadTokens(file)
		if err == nil || !contains(err.Error(), tt.says) || !contains(err.Error(), file) || contains(err.Error(), "shadowpool_secret") {
			t.Errorf("%s: %v, want it to say %q", tt.text, err, tt.says)
		}
	}
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := api.LoadTokens(file); err == nil || !contains(err.Error(), "others may write") {
		t.Errorf("a file that anyone may write: %v", err)
	}
}

// TestCertificates: a client with a certificate acts for the tenant that its
// subject names, over TLS with HTTP/2.
func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := issue(t, dir, "ca", pkix.Name{CommonName: "ca"}, nil)
	issue(t, dir, "server", pkix.Name{CommonName: "server"}, ca)
	issue(t, dir, "acme", pkix.Name{CommonName: "job 7", Organization: []string{"acme"}}, ca)
	issue(t, dir, "none", pkix.Name{CommonName: "job 8"}, ca)
	at := func(name string) string { return filepath.Join(dir, name) }
	identity, err := api.LoadIdentity(api.TLSFiles{Cert: at("server.pem"), Key: at("server.key"), ClientCA: at("ca.pem")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	events := api.NewEvents()
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "2"}}},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "x"}}}, Provisioner: newMemory(0),
		Logger: slog.New(slog.DiscardHandler), Observers: []runtime.Observer{events},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- host.Run(t.Context()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:   check(t, api.Handler(host, api.Options{CertificateTenant: api.ByOrganization, Events: events})),
		TLSConfig: identity.Config(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		host.Hurry()
		<-ended
	})
	url := "https://" + listener.Addr().String()
	with := func(o api.ClientOptions) *api.Client {
		o.CAFile = at("ca.pem")
		c, err := api.NewClient(url, o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	acme := with(api.ClientOptions{CertFile: at("acme.pem"), KeyFile: at("acme.key")})
	claim, err := acme.Claim(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := acme.Get(t.Context(), claim.Claim)
	if err != nil || found.Tenant != "acme" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := acme.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "beta"}); !api.Forbidden.Is(err) {
		t.Errorf("for another tenant: %v", err)
	}
	if _, err := acme.Drain(t.Context()); !api.Forbidden.Is(err) {
		t.Errorf("drain: %v", err)
	}
	for name, o := range map[string]api.ClientOptions{
		"a certificate of nobody": {CertFile: at("none.pem"), KeyFile: at("none.key")}, "no certificate": {}, "a token that nobody made": {Token: "x"},
	} {
		if _, err := with(o).Claims(t.Context(), api.List{}); !api.Unauthenticated.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := issue(t, dir, "strangers", pkix.Name{CommonName: "ca"}, nil)
	issue(t, dir, "stranger", pkix.Name{Organization: []string{"acme"}}, stranger)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{pair(t, at("stranger.pem"), at("stranger.key"))},
	}}}
	if response, err := client.Get(url + "/v1/claims"); err == nil {
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		t.Errorf("another's certificate: %d %s", response.StatusCode, body)
	}
}

func pair(t *testing.T, cert, key string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate, by itself or by another, in dir.
func issue(t *testing.T, dir, name string, subject pkix.Name, by *issuer) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &issuer{c, key}
}

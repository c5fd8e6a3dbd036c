package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"shadowpool/runtime/wire"
)

// A client speaks to the agent's own server, and believes no other.
type client struct {
	http     *http.Client
	base     string // URL of the instance's endpoints
	identity string // as it is shown
	secret   []byte
	heard    atomic.Int64 // when the server last proved itself, ns
}

// errSession is a server that does not know the session: it was started again,
// or this agent's place was taken over by another server.
var errSession = errors.New("the server does not know this session")

// A refused is an answer of the server itself that it will give again.
type refused struct {
	status int
	text   string
}

func (r refused) Error() string { return fmt.Sprintf("the server answered %d: %s", r.status, r.text) }

// newClient speaks TLS with anything but this machine. authority is a file of
// certificates that are trusted beside the system's; empty: none.
func newClient(server, token, authority string) (*client, wire.Identity, error) {
	identity, shown, secret, err := wire.ParseToken(token)
	if err != nil {
		return nil, identity, err
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, identity, errors.New("the server's address is not a URL such as https://pool.example")
	}
	if u.Scheme == "http" && !local(u.Hostname()) {
		return nil, identity, fmt.Errorf("%s is not on this machine: plans and secrets would travel in the clear; use https", u.Host)
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, identity, err
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, identity, fmt.Errorf("%s has no certificate", authority)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	return &client{
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		base: strings.TrimSuffix(u.String(), "/") + "/v1/agents/" + identity.Name, identity: shown, secret: secret,
	}, identity, nil
}

// local tells whether a host is this machine, without asking anybody.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// call says something, and reads the answer, which must be the server's own.
func call[T wire.Message](ctx context.Context, c *client, what string, message any) (T, error) {
	var none T
	body, err := json.Marshal(message)
	if err != nil {
		return none, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/"+what, bytes.NewReader(body))
	if err != nil {
		return none, err
	}
	nonce := secret()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(wire.HeaderIdentity, c.identity)
	r.Header.Set(wire.HeaderNonce, nonce)
	r.Header.Set(wire.HeaderMAC, wire.SignRequest(c.secret, r.Method, signed(r.URL.Path), nonce, body))
	a, err := c.http.Do(r)
	if err != nil {
		return none, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, wire.MaxBody+1))
	if err != nil {
		return none, err
	}
	if len(text) > wire.MaxBody {
		return none, fmt.Errorf("an answer of more than %d bytes", wire.MaxBody)
	}
	if !wire.Same(a.Header.Get(wire.HeaderMAC), wire.SignAnswer(c.secret, nonce, a.StatusCode, text)) {
		return none, fmt.Errorf("whoever answered %s is not the server of this agent", a.Status)
	}
	c.heard.Store(time.Now().UnixNano())
	switch {
	case a.StatusCode == http.StatusConflict:
		return none, errSession
	case a.StatusCode != http.StatusOK:
		return none, refused{a.StatusCode, wire.Clip(strings.TrimSpace(string(text)))}
	}
	return wire.Decode[T](text)
}

// signed is the part of a path that both sides see alike, however the server is
// reached.
func signed(path string) string {
	if i := strings.LastIndex(path, "/v1/agents/"); i >= 0 {
		return path[i:]
	}
	return path
}

// A backoff is how long to wait before the next try.
type backoff struct{ tries int }

// Bounds of a backoff.
const (
	leastPause = 50 * time.Millisecond
	mostPause  = 15 * time.Second
)

// pause waits, longer with each failure in a row, and not as long as others: of
// many agents whose server is back not all come at once.
func (b *backoff) pause(ctx context.Context) {
	wait := min(leastPause<<min(b.tries, 20), mostPause)
	b.tries++
	wait = wait/2 + time.Duration(float64(wait/2)*fraction())
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
}

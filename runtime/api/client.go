package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"shadowpool/runtime"
)

// A Client talks to a server. An error of the server's is a *Problem; what can
// be repeated safely is repeated a few times when the server is not available
// or cannot be reached: all but a claim or a hint without a key.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// ClientOptions say how a server is reached; a zero is the default.
type ClientOptions struct {
	// Token is sent with every request; empty is that of the environment
	// variable SHADOWPOOL_TOKEN, if any.
	Token string
	// TokenFile is where it is read from instead.
	TokenFile string
	// CAFile has the certificates that the server's is checked against; empty:
	// those of the system.
	CAFile string
	// CertFile and KeyFile are the client's own certificate, if it has one.
	CertFile, KeyFile string
}

// TokenVariable is the environment variable that has a client's token.
const TokenVariable = "SHADOWPOOL_TOKEN"

// NewClient makes a client of the server at an address such as
// http://localhost:8080; http:// may be left out.
func NewClient(server string, options ...ClientOptions) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server %q is not an address such as http://localhost:8080", server)
	}
	c := &Client{base: strings.TrimSuffix(server, "/"), token: os.Getenv(TokenVariable)}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1000
	for _, o := range options {
		if err := c.use(&o, transport); err != nil {
			return nil, err
		}
	}
	if strings.ContainsFunc(c.token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the token has characters that none has")
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

func (c *Client) use(o *ClientOptions, transport *http.Transport) error {
	if o.Token != "" {
		c.token = o.Token
	}
	if o.TokenFile != "" {
		text, err := os.ReadFile(o.TokenFile)
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		c.token = strings.TrimSpace(string(text))
	}
	if o.CAFile == "" && o.CertFile == "" {
		return nil
	}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pool, err := readPool(o.CAFile)
		if err != nil {
			return err
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	if o.CertFile != "" {
		own, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return fmt.Errorf("client certificate: %w", err)
		}
		transport.TLSClientConfig.Certificates = []tls.Certificate{own}
	}
	return nil
}

// readPool reads the certificates of a file.
func readPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates: %s has none in PEM", file)
	}
	return pool, nil
}

// claimBody is a ClaimRequest as it is sent, with its secrets.
type claimBody struct {
	*ClaimRequest
	Secrets map[string]string `json:"secrets,omitempty"`
}

func (q *ClaimRequest) body() claimBody {
	b := claimBody{ClaimRequest: q}
	if len(q.Secrets) > 0 {
		b.Secrets = make(map[string]string, len(q.Secrets))
		for name, value := range q.Secrets {
			b.Secrets[name] = string(value)
		}
	}
	return b
}

// Claim waits for an instance. When ctx ends, a request without a key is
// withdrawn. One with a key waits on, and the same request again joins it.
func (c *Client) Claim(ctx context.Context, q ClaimRequest) (Claim, error) {
	var claim Claim
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/claims", body: q.body(), result: &claim, once: q.Key == ""})
	return claim, err
}

// Submit lets a request wait, and returns its claim at once: waiting, or held
// already. Await waits for it.
func (c *Client) Submit(ctx context.Context, q ClaimRequest) (Claim, error) {
	var claim Claim
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/claims", body: q.body(), result: &claim, once: q.Key == "", async: true})
	return claim, err
}

// Get is a claim as it is.
func (c *Client) Get(ctx context.Context, claim string) (Claim, error) {
	var found Claim
	err := c.do(ctx, call{method: http.MethodGet, path: "/v1/claims/" + url.PathEscape(claim), result: &found})
	return found, err
}

// Fetch asks for what is at a path beside the API, as JSON.
func (c *Client) Fetch(ctx context.Context, path string, result any) error {
	return c.do(ctx, call{method: http.MethodGet, path: path, result: result})
}

// Await waits until a claim is held. If it fails, its problem is the error.
func (c *Client) Await(ctx context.Context, claim string) (Claim, error) {
	for {
		var found Claim
		err := c.do(ctx, call{method: http.MethodGet, path: "/v1/claims/" + url.PathEscape(claim) + "?wait=30s", result: &found})
		switch {
		case err != nil:
			return found, err
		case found.State == Ended && found.Problem != nil:
			return found, found.Problem
		case found.State == Held:
			return found, nil
		}
	}
}

// Release ends a claim, or withdraws it.
func (c *Client) Release(ctx context.Context, claim string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: "/v1/claims/" + url.PathEscape(claim), gone: UnknownClaim})
}

// A List says what of a list is wanted.
type List struct {
	Cursor string // the Next of the page before; empty: from the start
	Limit  int    // of a page, 1 to 1000; zero is 100
	Tenant string // only what is its; empty: all
}

func (l *List) query() string {
	q := url.Values{}
	if l.Cursor != "" {
		q.Set("cursor", l.Cursor)
	}
	if l.Limit != 0 {
		q.Set("limit", strconv.Itoa(l.Limit))
	}
	if l.Tenant != "" {
		q.Set("tenant", l.Tenant)
	}
	return "?" + q.Encode()
}

// Claims is a page of those that wait or are held.
func (c *Client) Claims(ctx context.Context, l List) (ClaimPage, error) {
	var page ClaimPage
	err := c.do(ctx, call{method: http.MethodGet, path: "/v1/claims" + l.query(), result: &page})
	return page, err
}

// Instances is a page of those that exist.
func (c *Client) Instances(ctx context.Context, l List) (InstancePage, error) {
	var page InstancePage
	err := c.do(ctx, call{method: http.MethodGet, path: "/v1/instances" + l.query(), result: &page})
	return page, err
}

// Announce tells the server of requests to come, and returns the hint's name.
func (c *Client) Announce(ctx context.Context, h Hint) (string, error) {
	var a Announced
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/hints", body: h, result: &a, once: true})
	return a.Hint, err
}

// Withdraw takes a hint back.
func (c *Client) Withdraw(ctx context.Context, hint string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: "/v1/hints/" + url.PathEscape(hint), gone: UnknownHint})
}

// Pause makes the server launch nothing for a pool until Resume; "" is all.
func (c *Client) Pause(ctx context.Context, pool string) error { return c.order(ctx, pool, "pause") }

// Resume undoes Pause.
func (c *Client) Resume(ctx context.Context, pool string) error { return c.order(ctx, pool, "resume") }

// Reset makes the server forget the failures of a pool's launches; "" is all.
func (c *Client) Reset(ctx context.Context, pool string) error { return c.order(ctx, pool, "reset") }

func (c *Client) order(ctx context.Context, pool, verb string) error {
	if pool == "" {
		pool = "-"
	}
	return c.do(ctx, call{method: http.MethodPost, path: "/v1/pools/" + url.PathEscape(pool) + "/" + verb})
}

// Invalidate makes the server hand out none of a category's instances that
// exist now.
func (c *Client) Invalidate(ctx context.Context, category string) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/v1/categories/" + url.PathEscape(category) + "/invalidate", once: true})
}

// Status asks what the server does.
func (c *Client) Status(ctx context.Context) (runtime.Status, error) {
	var s runtime.Status
	err := c.do(ctx, call{method: http.MethodGet, path: "/v1/status", result: &s})
	return s, err
}

// Ready tells why the server takes no claims; nil if it does.
func (c *Client) Ready(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/readyz", once: true})
}

// Drain makes the server take no new claims and end what is idle.
func (c *Client) Drain(ctx context.Context) (runtime.Status, error) {
	var s runtime.Status
	err := c.do(ctx, call{method: http.MethodPost, path: "/v1/drain", result: &s})
	return s, err
}

// Configuration is the file that holds, or the one that held before.
func (c *Client) Configuration(ctx context.Context, former bool) ([]byte, error) {
	var file []byte
	path := "/v1/configuration"
	if former {
		path += "?version=former"
	}
	err := c.do(ctx, call{method: http.MethodGet, path: path, result: &file})
	return file, err
}

// Reopen takes a drain back.
func (c *Client) Reopen(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/v1/reopen"})
}

// Configure makes another file hold.
func (c *Client) Configure(ctx context.Context, file []byte) error {
	return c.do(ctx, call{method: http.MethodPut, path: "/v1/configuration", body: file})
}

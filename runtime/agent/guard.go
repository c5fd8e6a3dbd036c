package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"shadowpool/policy/config"
)

// A guard lets through the URLs that begin with one of some prefixes. What
// names stand in a URL is chosen by those who ask for instances, and what a
// name resolves to by whoever owns it: the address is looked at when it is
// dialled.
type guard struct {
	prefixes []*url.URL
}

// mostRedirects is how many redirects are followed.
const mostRedirects = 5

func newGuard(prefixes []string) (*guard, error) {
	g := &guard{}
	for _, text := range prefixes {
		u, err := config.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("allowed %q: %w", text, err)
		}
		g.prefixes = append(g.prefixes, u)
	}
	return g, nil
}

// check says why a URL may not be read.
func (g *guard) check(u *url.URL) error {
	if u.User == nil && u.Fragment == "" && config.CleanPath(u) {
		for _, p := range g.prefixes {
			if u.Scheme == p.Scheme && strings.EqualFold(u.Hostname(), p.Hostname()) && port(u) == port(p) && strings.HasPrefix(u.EscapedPath(), p.EscapedPath()) {
				return nil
			}
		}
	}
	return fmt.Errorf("%.200s is outside of the prefixes that are allowed", u.Redacted())
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// client reads what the guard lets through, without proxies or cookies.
func (g *guard) client() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, ControlContext: g.dial}
	return &http.Client{
		Transport: checked{g, &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 8, DisableCompression: true,
		}},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > mostRedirects {
				return fmt.Errorf("more than %d redirects", mostRedirects)
			}
			return nil
		},
	}
}

// checked lets a guard see every request, those that follow redirects too.
type checked struct {
	*guard
	http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c checked) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := c.check(r.URL); err != nil {
		return nil, refusal{err}
	}
	return c.RoundTripper.RoundTrip(r)
}

// dial looks at the address that a name has resolved to.
func (g *guard) dial(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.address(at.Addr())
}

// nat64 is where IPv6 addresses stand for IPv4 ones (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadata are addresses at which clouds tell an instance its credentials and
// that are not link-local: AWS over IPv6, Alibaba, Oracle.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192")}

// address refuses those at which a machine talks to itself or to its cloud,
// unless a prefix has that very address.
func (g *guard) address(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	bad := a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.IsInterfaceLocalMulticast()
	for _, m := range metadata {
		bad = bad || a == m
	}
	if !bad {
		return nil
	}
	for _, p := range g.prefixes {
		host := p.Hostname()
		if literal, err := netip.ParseAddr(host); err == nil && literal.Unmap().WithZone("") == a || a.IsLoopback() && strings.EqualFold(host, "localhost") {
			return nil
		}
	}
	return fmt.Errorf("the address %s is this machine's own, or its cloud's; it must be allowed by itself", a)
}

package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// A client is who sent a request, as far as that can be believed.
type client struct {
	trusted bool // it is a proxy in front of this one
	secure  bool // its user came over TLS
	// address is the user's; a network for IPv6, where one user has many.
	// Empty if it is not known.
	address string
}

func (p *Proxy) clientOf(r *http.Request) client {
	from, known := addressOf(r.RemoteAddr)
	c := client{secure: r.TLS != nil, trusted: known && p.trusts(from)}
	if c.trusted {
		from, known = p.forwardedFor(r.Header)
		if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
			c.secure = strings.EqualFold(proto, "https")
		}
	}
	if known {
		c.address = from.String()
		if from.Is6() {
			network, _ := from.Prefix(64)
			c.address = network.String()
		}
	}
	return c
}

func addressOf(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

func (p *Proxy) trusts(a netip.Addr) bool {
	for _, n := range p.opt.Trusted {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor is the last address that no trusted proxy has: what is before
// it, anyone may have written.
func (p *Proxy) forwardedFor(h http.Header) (netip.Addr, bool) {
	all := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	var last netip.Addr
	known := false
	for i := len(all) - 1; i >= 0; i-- {
		a, ok := addressOf(strings.TrimSpace(all[i]))
		if !ok {
			break
		}
		last, known = a, true
		if !p.trusts(a) {
			break
		}
	}
	return last, known
}

// disbelieve takes out of a request what only a proxy in front may say, in
// whatever spelling: some servers take an underscore for a dash.
func (p *Proxy) disbelieve(h http.Header) {
	for name := range h {
		plain := strings.ReplaceAll(name, "_", "-")
		said := strings.HasPrefix(http.CanonicalHeaderKey(plain), "X-Forwarded-") ||
			strings.EqualFold(plain, "Forwarded") || strings.EqualFold(plain, "X-Real-Ip")
		for _, ours := range []string{p.opt.Headers.Category, p.opt.Headers.Tenant, p.opt.Headers.TaskType} {
			said = said || ours != "" && strings.EqualFold(plain, strings.ReplaceAll(ours, "_", "-"))
		}
		if said {
			delete(h, name)
		}
	}
}

// navigates tells whether a browser asks for a page to show.
func navigates(r *http.Request) bool {
	if r.Method != http.MethodGet || !strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html") || r.Header.Get("Upgrade") != "" {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document", "iframe", "frame":
		return true
	}
	return false
}

// aside tells whether a browser asks for another site's sake: for what that has
// on its pages, or for whether that may ask. It sends no cookie then, so each of
// these would begin a session.
func aside(r *http.Request) bool {
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	return preflight || r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// patience is how long a request may wait for its instance: a page is shown
// soon, for its user to see that something happens.
func (p *Proxy) patience(r *http.Request) time.Duration {
	if navigates(r) {
		return min(pageAfter, p.opt.MaxWait)
	}
	return p.opt.MaxWait
}

// pageAfter is how long a browser is kept waiting before it gets a page.
const pageAfter = time.Second

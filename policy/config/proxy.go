package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// A Proxy serves sessions: the first request of one claims an instance, to
// which all of them are forwarded.
type Proxy struct {
	Listen string // HOST:PORT
	// Category, Tenant and TaskType are what sessions claim, unless a header
	// of a trusted client says otherwise; an empty category is the only one of
	// the fleet.
	Category, Tenant, TaskType string
	Headers                    ProxyHeaders
	// Trusted are the networks of the proxies in front of this one.
	Trusted []netip.Prefix
	Session ProxySession
	MaxWait time.Duration // of a request for the instance
	Limits  ProxyLimits
	TLS     ProxyTLS
}

// ProxyHeaders name the headers by which a trusted client says what a session
// claims; empty: none.
type ProxyHeaders struct {
	Category, Tenant, TaskType string
}

// A ProxySession says which requests belong together, and for how long.
type ProxySession struct {
	By          []SessionKey // tried in this order
	Cookie      string       // its name
	KeyFile     string       // signs cookies; empty: a key is made at start
	IdleTimeout time.Duration
}

// A SessionKey is where a request says which session it is of.
type SessionKey struct {
	In   KeyPlace
	Name string // of the header or parameter, or the path's prefix, from / to /; none of a cookie
}

// A KeyPlace is a part of a request.
type KeyPlace uint8

// The places of session keys.
const (
	InCookie KeyPlace = iota // one that the proxy has set
	InHeader
	InQuery
	InPath // the segment after a prefix, which is taken off with it
)

// ProxyLimits bound the sessions at one time.
type ProxyLimits struct {
	Sessions, SessionsPerAddress int
}

// ProxyTLS are the PEM files of a certificate and its key; empty: no TLS.
type ProxyTLS struct {
	CertFile, KeyFile string
}

// DefaultProxy is a proxy of which nothing is configured.
func DefaultProxy() Proxy {
	return Proxy{
		Session: ProxySession{By: []SessionKey{{In: InCookie}}, Cookie: "shadowpool", IdleTimeout: 10 * time.Minute},
		MaxWait: time.Minute,
		Limits:  ProxyLimits{Sessions: 1000, SessionsPerAddress: 100},
	}
}

const maxSessions = 1_000_000

func proxy(to **Proxy, fleet *Fleet) schema {
	return optional[Proxy]{to, DefaultProxy, func(x *Proxy) schema {
		s := &x.Session
		return object{
			fields: []field{
				{key: "listen", required: "where sessions are served, such as listen: localhost:8081", schema: address(&x.Listen)},
				{key: "category", schema: name(&x.Category)},
				{key: "tenant", schema: name(&x.Tenant)},
				{key: "task_type", schema: name(&x.TaskType)},
				{key: "headers", schema: object{fields: []field{
					{key: "category", schema: header(&x.Headers.Category)},
					{key: "tenant", schema: header(&x.Headers.Tenant)},
					{key: "task_type", schema: header(&x.Headers.TaskType)},
				}}},
				{key: "trusted", schema: words{func(all []string) (err error) {
					x.Trusted, err = networks(all)
					return err
				}}},
				{key: "session", schema: object{fields: []field{
					{key: "by", schema: words{func(all []string) (err error) {
						s.By, err = sessionKeys(all)
						return err
					}}},
					{key: "cookie", schema: cookieName(&s.Cookie)},
					{key: "key_file", schema: name(&s.KeyFile)},
					{key: "idle_timeout", schema: span(&s.IdleTimeout, time.Second, maxWait)},
				}}},
				{key: "max_wait", schema: span(&x.MaxWait, time.Second, maxWait)},
				{key: "limits", schema: object{fields: []field{
					{key: "sessions", schema: count(&x.Limits.Sessions, maxSessions)},
					{key: "sessions_per_address", schema: count(&x.Limits.SessionsPerAddress, maxSessions)},
				}}},
				{key: "tls", schema: object{fields: []field{
					{key: "cert_file", required: "the file of the certificate, in PEM", schema: name(&x.TLS.CertFile)},
					{key: "key_file", required: "the file of the certificate's key, in PEM", schema: name(&x.TLS.KeyFile)},
				}}},
			},
			check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
				x.check(p, n, path, given, fleet)
			},
		}
	}}
}

// check finds what would make every session, or every header, useless.
func (x *Proxy) check(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node, fleet *Fleet) {
	if x.Headers != (ProxyHeaders{}) && len(x.Trusted) == 0 {
		p.fail(given["headers"], join(path, "headers"), "nobody is trusted to send them: list the networks of the proxies in front under trusted, such as trusted: [10.0.0.0/8]")
	}
	if fleet.Isolation == policy.ByTenant && x.Tenant == "" && x.Headers.Tenant == "" {
		p.fail(n, path, "instances are isolated by tenant, so sessions need one: give tenant, or headers.tenant, or fleet.isolation: none")
	}
	if x.Category == "" {
		return
	}
	var names []string
	for _, k := range fleet.Categories {
		if k.Name == x.Category {
			return
		}
		names = append(names, k.Name)
	}
	if len(names) > 0 {
		p.fail(given["category"], join(path, "category"), "%s is not listed under fleet.categories%s", quote(x.Category), nearest(x.Category, names))
	}
}

// networks reads addresses and networks.
func networks(all []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range all {
		if one, err := netip.ParseAddr(text); err == nil && one.Zone() == "" {
			one = one.Unmap()
			out = append(out, netip.PrefixFrom(one, one.BitLen()))
			continue
		}
		many, err := netip.ParsePrefix(text)
		if err != nil || many.Addr().Is4In6() {
			return nil, fmt.Errorf("%s: want an address or a network, such as 10.0.0.0/8 or ::1", quote(text))
		}
		out = append(out, many.Masked())
	}
	return out, nil
}

// sessionKeys reads where session keys are.
func sessionKeys(all []string) ([]SessionKey, error) {
	if len(all) == 0 {
		return nil, errors.New("names nothing: want [cookie], or such as [header:X-Session-Id, cookie]")
	}
	var out []SessionKey
	for i, text := range all {
		kind, name, _ := strings.Cut(text, ":")
		k := SessionKey{Name: name}
		switch {
		case text == "cookie":
		case kind == "header" && isToken(name):
			k.In = InHeader
		case kind == "query" && name != "":
			k.In = InQuery
		case kind == "path" && strings.HasPrefix(name, "/") && strings.HasSuffix(name, "/") && !strings.ContainsAny(name, "%?#") && !strings.Contains(name, "//"):
			k.In = InPath
		default:
			return nil, fmt.Errorf("%s: want cookie, header:NAME, query:NAME or path:/PREFIX/", quote(text))
		}
		for _, other := range all[:i] {
			if other == text {
				return nil, fmt.Errorf("%s is given twice", quote(text))
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// isToken tells whether text can name a header or a cookie (RFC 9110, 5.6.2).
func isToken(text string) bool {
	return text != "" && len(text) <= 256 && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// header is the name of a header.
func header(to *string) schema { return token(to, "the name of a header, such as X-Tenant") }

// cookieName is the name of a cookie.
func cookieName(to *string) schema {
	return token(to, "the name of a cookie, such as session, without a prefix")
}

func token(to *string, what string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if !isToken(n.Value) || strings.HasPrefix(n.Value, "__") {
			return "", errors.New("want " + what)
		}
		return n.Value, nil
	}}
}

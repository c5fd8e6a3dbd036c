package config

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestProxy(t *testing.T) {
	f := parseText(t, minimal(`proxy:
  listen: ":8081"
  tenant: acme
  headers: {category: X-Kind, task_type: X_Task}
  trusted: [10.1.2.3/8, "::1", "::ffff:192.0.2.1"]
  session: {by: [header:X-Session, query:sid, "path:/s/", cookie], cookie: s, key_file: keys/cookie, idle_timeout: 30m}
  limits: {sessions: 5}
  tls: {cert_file: a.pem, key_file: b.pem}
`))
	want := DefaultProxy()
	want.Listen, want.Tenant = ":8081", "acme"
	want.Headers = ProxyHeaders{Category: "X-Kind", TaskType: "X_Task"}
	want.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.1/32")}
	want.Session = ProxySession{[]SessionKey{{InHeader, "X-Session"}, {InQuery, "sid"}, {InPath, "/s/"}, {InCookie, ""}}, "s", "keys/cookie", 30 * time.Minute}
	want.Limits.Sessions = 5
	want.TLS = ProxyTLS{"a.pem", "b.pem"}
	if d := cmp.Diff(&want, f.Proxy, cmpopts.EquateComparable(netip.Prefix{})); d != "" {
		t.Error(d)
	}
	if parseText(t, minimal("")).Proxy != nil {
		t.Error("a proxy without its section")
	}
}

func TestBadProxies(t *testing.T) {
	const open = "\nfleet: {isolation: none, categories: [{name: small, lead_time: 45s}]}\npolicy: {name: none}\n"
	for _, c := range []struct{ text, want string }{
		{"proxy: {tenant: a}" + open, "pool.yaml:1: proxy: listen is missing: where sessions are served, such as listen: localhost:8081"},
		{"proxy: {listen: ':1'}" + tail, "pool.yaml:1: proxy: instances are isolated by tenant, so sessions need one: give tenant, or headers.tenant, or fleet.isolation: none"},
		{"proxy:\n  listen: ':1'\n  category: smal" + open, "pool.yaml:3: proxy.category: \"smal\" is not listed under fleet.categories (did you mean small?)"},
		{"proxy: {listen: ':1', headers: {tenant: X-Tenant}}" + open, "pool.yaml:1: proxy.headers: nobody is trusted to send them: list the networks of the proxies in front under trusted, such as trusted: [10.0.0.0/8]"},
		{"proxy: {listen: ':1', headers: {tenant: 'X Tenant'}, trusted: [all]}" + open, "pool.yaml:1: proxy.headers.tenant: \"X Tenant\": want the name of a header, such as X-Tenant\n" +
			"pool.yaml:1: proxy.trusted: \"all\": want an address or a network, such as 10.0.0.0/8 or ::1"},
		{"proxy: {listen: ':1', session: {by: []}}" + open, "pool.yaml:1: proxy.session.by: names nothing: want [cookie], or such as [header:X-Session-Id, cookie]"},
		{"proxy: {listen: ':1', session: {by: [cookies]}}" + open, "pool.yaml:1: proxy.session.by: \"cookies\": want cookie, header:NAME, query:NAME or path:/PREFIX/"},
		{"proxy: {listen: ':1', session: {by: ['path:/a']}}" + open, "pool.yaml:1: proxy.session.by: \"path:/a\": want cookie, header:NAME, query:NAME or path:/PREFIX/"},
		{"proxy: {listen: ':1', session: {by: [cookie, cookie]}}" + open, "pool.yaml:1: proxy.session.by: \"cookie\" is given twice"},
		{"proxy: {listen: ':1', session: {cookie: __Host-s}}" + open, "pool.yaml:1: proxy.session.cookie: \"__Host-s\": want the name of a cookie, such as session, without a prefix"},
		{"proxy: {listen: ':1', tls: {key_file: a.pem}}" + open, "pool.yaml:1: proxy.tls: cert_file is missing: the file of the certificate, in PEM"},
		{"proxy: {listen: ':1', limits: {sessions: 0}}" + open, "pool.yaml:1: proxy.limits.sessions: \"0\": want a whole number from 1 to 1000000"},
	} {
		check(t, c.text, c.want)
	}
}

package proxy

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"shadowpool/policy/config"
)

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
}

func (p *Proxy) newForward() httputil.ReverseProxy {
	return httputil.ReverseProxy{
		Transport: again{p}, Rewrite: p.rewrite, ModifyResponse: p.modify,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p.refuse(w, r, exchangeOf(r.Context()), err)
		},
		ErrorLog: slog.NewLogLogger(p.opt.Logger.Handler(), slog.LevelDebug),
	}
}

// rewrite makes of a request what the instance gets: the same, at the
// instance's address, without what is between the client and the proxy.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	x := exchangeOf(r.In.Context())
	p.hideCookies(r.Out.Header)
	if x.client.trusted {
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	} else {
		p.disbelieve(r.Out.Header)
	}
	r.SetXForwarded()
	if x.client.trusted {
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
			if v := r.In.Header.Get(name); v != "" {
				r.Out.Header.Set(name, v)
			}
		}
	}
	if a := x.address; a.in == config.InPath {
		r.Out.URL.Path, _ = url.PathUnescape(a.rest) // it was part of a URL
		r.Out.URL.RawPath = a.rest
		r.Out.Header.Set("X-Forwarded-Prefix", r.Out.Header.Get("X-Forwarded-Prefix")+a.prefix)
	}
	r.SetURL(x.session.target)
	r.Out.Host, r.Out.URL.RawQuery = r.In.Host, r.In.URL.RawQuery
}

// modify makes of an instance's answer what the client gets.
func (p *Proxy) modify(answer *http.Response) error {
	x := exchangeOf(answer.Request.Context())
	p.dropCookies(answer.Header)
	if x.address.prefix != "" {
		x.narrow(answer.Header["Set-Cookie"])
	}
	x.giveCookie(answer.Header)
	if text := answer.Header.Get("Location"); text != "" {
		answer.Header.Set("Location", x.location(text, answer.Request.Host))
	}
	return nil
}

// giveCookie sets the session's cookie, where the client does not have it. No
// cache may then give the answer to another.
func (x *exchange) giveCookie(h http.Header) {
	if !x.address.written {
		return
	}
	h.Add("Set-Cookie", x.proxy.setCookie(x.address.ticket, x.client.secure))
	h.Set("Cache-Control", "private, no-store")
}

// location makes of where an instance redirects to, where the client finds
// that. host is what the client takes for the instance's.
func (x *exchange) location(text, host string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Host == "" && !strings.HasPrefix(u.Path, "/") {
		return text
	}
	base, prefix := strings.TrimSuffix(x.session.target.EscapedPath(), "/"), x.address.prefix
	switch {
	case u.Host == x.session.target.Host:
		u.Scheme, u.Host, u.User = "", "", nil
	case u.Host != "" && u.Host != host, base == "" && prefix == "":
		return text
	}
	path := u.EscapedPath()
	if path == base || strings.HasPrefix(path, base+"/") {
		path = strings.TrimPrefix(path, base)
	}
	if path != prefix && !strings.HasPrefix(path, prefix+"/") || prefix == "" {
		path = prefix + "/" + strings.TrimLeft(path, "/")
	}
	u.RawPath = path
	u.Path, _ = url.PathUnescape(path)
	return u.String()
}

// narrow keeps the cookies that an instance sets from the sessions below other
// prefixes.
func (x *exchange) narrow(lines []string) {
	for i, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil || strings.HasPrefix(c.Name, securePrefix) {
			continue
		}
		if c.Path != x.address.prefix && !strings.HasPrefix(c.Path, x.address.prefix+"/") {
			c.Path = x.address.prefix + "/" + strings.TrimLeft(c.Path, "/")
			lines[i] = c.String()
		}
	}
}

// again is a transport that makes a request once more, to another instance,
// if the first is lost and nothing else can have come of it.
type again struct{ proxy *Proxy }

// RoundTrip implements http.RoundTripper.
func (t again) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.proxy.direct.RoundTrip(r)
	if err == nil {
		return answer, nil
	}
	x := exchangeOf(r.Context())
	if !repeatable(r) || !x.lost(r) {
		return nil, err
	}
	first := x.session.target
	x.part()
	if err := x.join(r.Context(), r); err != nil {
		return nil, err
	}
	target := x.session.target
	if first.Path != target.Path {
		return nil, err // it was written for another place
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = target.Scheme, target.Host
	return t.proxy.direct.RoundTrip(r)
}

func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return r.Body == nil || r.Body == http.NoBody
	}
	return false
}

// lost tells whether the session has ended with its instance. That may be seen
// only a moment after the instance has stopped to answer.
func (x *exchange) lost(r *http.Request) bool {
	wait := time.NewTimer(lostGrace / 2)
	defer wait.Stop()
	select {
	case <-x.session.over:
	case <-wait.C:
	case <-r.Context().Done():
	}
	x.proxy.mu.Lock()
	defer x.proxy.mu.Unlock()
	return x.session.state == ended && x.session.reason == reasonLost
}

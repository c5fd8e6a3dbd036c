package proxy

import (
	"context"
	"net/http"
	"strings"

	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// An exchange is a request on its way to the instance of its session.
type exchange struct {
	proxy   *Proxy
	client  client
	address sessionAddress
	claim   runtime.Request         // without its key
	key     string                  // of the session
	cancel  context.CancelCauseFunc // of the request

	session *session
	unhook  func() bool // lets the session's end not be the request's
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// ServeHTTP forwards a request to its session's instance.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || !strings.HasPrefix(r.URL.Path, "/") {
		p.refuse(w, r, nil, errNoPath)
		return
	}
	x := &exchange{proxy: p, client: p.clientOf(r)}
	var named bool
	if x.address, named = p.sessionOf(r, x.client); !named {
		p.refuse(w, r, x, errNoSession)
		return
	}
	if x.address.fresh && aside(r) {
		x.address.written = false
		p.refuse(w, r, x, errAside)
		return
	}
	if toFolder(w, r, x.address) {
		return
	}
	x.claim = p.claimOf(r, x)
	x.key = identity{x.address.in, x.address.value, x.claim.Category, x.claim.Tenant}.key()
	ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), exchangeKey{}, x))
	defer cancel(nil)
	x.cancel = cancel
	r = withoutUpgrade(r.WithContext(ctx))
	if err := x.join(ctx, r); err != nil {
		p.refuse(w, r, x, err)
		return
	}
	if r.ProtoMajor == 1 && r.Body != http.NoBody {
		// An answer may begin before the whole request has come. Its rest is
		// then the server's to get rid of, which it can only after a Close.
		answer := http.NewResponseController(w)
		_ = answer.EnableFullDuplex()
		defer func() {
			_ = answer.Flush()
			_ = r.Body.Close()
		}()
	}
	defer func() { x.part() }()
	p.forward.ServeHTTP(w, r)
}

// claimOf is what the request's session claims.
func (p *Proxy) claimOf(r *http.Request, x *exchange) runtime.Request {
	c := runtime.Request{Category: p.opt.Category, Tenant: p.opt.Tenant, TaskType: p.opt.TaskType, Labels: map[string]string{"via": "proxy"}}
	if x.client.trusted {
		for _, said := range []struct {
			header string
			to     *string
		}{{p.opt.Headers.Category, &c.Category}, {p.opt.Headers.Tenant, &c.Tenant}, {p.opt.Headers.TaskType, &c.TaskType}} {
			if value := r.Header.Get(said.header); said.header != "" && value != "" {
				*said.to = value
			}
		}
	}
	return c
}

// join waits for the session's instance, as long as r may.
func (x *exchange) join(ctx context.Context, r *http.Request) error {
	ctx, cancel := context.WithTimeoutCause(ctx, x.proxy.patience(r), errWaiting)
	defer cancel()
	s, err := x.proxy.acquire(ctx, x.key, x.claim, x.client.address)
	if err != nil {
		return err
	}
	x.session = s
	x.unhook = context.AfterFunc(s.ctx, func() { x.cancel(context.Cause(s.ctx)) })
	return nil
}

// part leaves the session, if there is one.
func (x *exchange) part() {
	if x.session != nil {
		x.unhook()
		x.session.leave()
		x.session = nil
	}
}

// toFolder sends a browser from PREFIX/KEY to PREFIX/KEY/, from where the
// page's own links lead on.
func toFolder(w http.ResponseWriter, r *http.Request, a sessionAddress) bool {
	if a.in != config.InPath || strings.HasPrefix(r.URL.EscapedPath(), a.prefix+"/") || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	to := a.prefix + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
	return true
}

// withoutUpgrade takes back the offer to go on in HTTP/2 on the connection:
// requests within it would pass by all that is done here.
func withoutUpgrade(r *http.Request) *http.Request {
	for _, protocol := range r.Header.Values("Upgrade") {
		if strings.Contains(strings.ToLower(protocol), "h2c") {
			r = r.Clone(r.Context())
			r.Header.Del("Upgrade")
			r.Header.Del("Http2-Settings")
			break
		}
	}
	return r
}

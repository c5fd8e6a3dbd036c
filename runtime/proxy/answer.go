package proxy

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shadowpool/runtime"
)

// What a request may be refused for before there is a session.
var (
	errWaiting   = errors.New("the instance is not there yet")
	errNoSession = errors.New("the request does not say which session it is of")
	errNoPath    = errors.New("the request names no path")
	errAside     = errors.New("another site's page asks without a session")
)

// askAgain is after how long a client should, and a page does, ask again.
const askAgain = 2 * time.Second

// An explanation is what is shown of an error.
type explanation struct {
	status int
	title  string
	detail string
	retry  bool
}

func (p *Proxy) explain(err error) explanation {
	var bad *runtime.BadRequest
	switch {
	case errors.Is(err, errWaiting):
		return explanation{503, "Starting", "Your instance is being started.", true}
	case errors.Is(err, errNoSession):
		return explanation{400, "No session", "The request does not say which session it is of: " + p.ways() + ".", false}
	case errors.Is(err, errNoPath):
		return explanation{400, "Bad request", "Ask for a path.", false}
	case errors.Is(err, errAside):
		return explanation{403, "No session", "A page of another site asks, for which browsers send no cookie. Name the session by its path or a query parameter.", false}
	case errors.Is(err, errFullHere):
		return explanation{429, "Too many sessions", "There are too many sessions from your address. Try again when one of them has ended.", true}
	case errors.Is(err, errFull), errors.Is(err, runtime.ErrFull):
		return explanation{503, "No room", "There are too many sessions at the moment. Try again later.", true}
	case errors.Is(err, runtime.ErrDraining), errors.Is(err, runtime.ErrStopped), errors.Is(err, errClosed):
		return explanation{503, "Not available", "New sessions are not taken at the moment. Try again later.", true}
	case errors.Is(err, errEnded), errors.Is(err, errLost):
		return explanation{503, "The session has ended", "Its instance is gone. Try again to begin anew.", true}
	case errors.As(err, &bad):
		return explanation{400, "Bad request", "There is no instance for such a request: " + bad.Error() + ".", false}
	}
	p.opt.Logger.Warn("a request could not be forwarded", "error", err)
	return explanation{502, "No answer", "The instance does not answer.", true}
}

// ways says how a request may name its session.
func (p *Proxy) ways() string {
	var all []string
	for _, by := range p.opt.Session.By {
		all = append(all, [...]string{"send back the cookie", "send the header " + by.Name, "add the query parameter " + by.Name, "ask below " + by.Name + "SESSION/"}[by.In])
	}
	return strings.Join(all, ", or ")
}

// refuse answers a request that is not forwarded: a browser with a page, which
// asks again by itself while the instance is being started, others with a
// problem (RFC 9457). x may be nil.
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, x *exchange, err error) {
	if cause := context.Cause(r.Context()); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause // why it was cut off
	} else if cause != nil {
		panic(http.ErrAbortHandler) // nobody is there to read an answer
	}
	e := p.explain(err)
	p.metrics.refused.WithLabelValues(strconv.Itoa(e.status)).Inc()
	h := w.Header()
	if x != nil {
		x.giveCookie(h)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if e.retry {
		h.Set("Retry-After", strconv.Itoa(int(askAgain/time.Second)))
	}
	var body strings.Builder
	if strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", pagePolicy)
		v := pageView{Title: e.title, Detail: e.detail, Style: pageStyle}
		if errors.Is(err, errWaiting) && navigates(r) {
			v.Again = int(askAgain / time.Second)
			v.Waited = p.waited(x)
		}
		err = page.Execute(&body, v)
	} else {
		h.Set("Content-Type", "application/problem+json")
		err = json.NewEncoder(&body).Encode(problem{strings.ToLower(e.title), e.status, e.detail})
	}
	if err != nil {
		panic(err) // what is written into memory is written
	}
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(e.status)
	_, _ = w.Write([]byte(body.String()))
}

// waited is how long the request's session has waited.
func (p *Proxy) waited(x *exchange) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.sessions[x.key]; s != nil {
		return time.Since(s.began).Round(time.Second)
	}
	return 0
}

// A problem is the body of an answer to a program (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle template.CSS

var page = template.Must(template.New("page").Parse(pageSource))

// pageView is what a page shows.
type pageView struct {
	Title, Detail string
	Style         template.CSS
	Again         int // seconds until it asks again; 0: never
	Waited        time.Duration
}

// pagePolicy lets the page have its own style, and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

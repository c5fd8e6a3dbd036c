package proxy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A ticket is what a session's cookie says. Only who has the key can write one,
// so a client cannot choose the session that it gets.
type ticket struct {
	id     [16]byte // random
	issued time.Time
}

// A ticket counts for so long, and is written anew when it is older than the
// second.
const (
	ticketAge   = 30 * 24 * time.Hour
	ticketRenew = 24 * time.Hour
)

func newTicket() ticket {
	t := ticket{issued: time.Now()}
	rand.Read(t.id[:])
	return t
}

const ticketBytes = 16 + 8

func (t ticket) sign(key []byte) string {
	b := binary.BigEndian.AppendUint64(append([]byte(nil), t.id[:]...), uint64(t.issued.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, seal(key, b)...))
}

// readTicket reads what sign wrote. It is of the future only if the clock was
// set back, which makes it no worse.
func readTicket(key []byte, text string) (t ticket, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != ticketBytes+sha256.Size || !hmac.Equal(seal(key, b[:ticketBytes]), b[ticketBytes:]) {
		return ticket{}, false
	}
	copy(t.id[:], b)
	t.issued = time.Unix(int64(binary.BigEndian.Uint64(b[16:])), 0)
	return t, time.Since(t.issued) < ticketAge
}

func seal(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("shadowpool session cookie\x00"))
	h.Write(b)
	return h.Sum(nil)
}

// securePrefix makes browsers take a cookie from this very host alone, and over
// TLS alone.
const securePrefix = "__Host-"

func (p *Proxy) cookieName(secure bool) string {
	if secure {
		return securePrefix + p.opt.Session.Cookie
	}
	return p.opt.Session.Cookie
}

// ticketOf finds the request's ticket, or makes a fresh one. The answer has to
// set the cookie of that, and of one that is old.
func (p *Proxy) ticketOf(r *http.Request, secure bool) (t ticket, fresh, written bool) {
	for _, c := range r.CookiesNamed(p.cookieName(secure)) {
		if t, ok := readTicket(p.opt.CookieKey, c.Value); ok {
			if time.Since(t.issued) < ticketRenew {
				return t, false, false
			}
			return ticket{t.id, time.Now()}, false, true
		}
	}
	return newTicket(), true, true
}

// setCookie is the header that sets a ticket's cookie. It is the browser's for
// as long as that is open.
func (p *Proxy) setCookie(t ticket, secure bool) string {
	return (&http.Cookie{
		Name: p.cookieName(secure), Value: t.sign(p.opt.CookieKey), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}).String()
}

// hideCookies takes the proxy's own cookies out of what the instance gets.
func (p *Proxy) hideCookies(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		parts := strings.Split(line, ";")
		parts = slices.DeleteFunc(parts, func(part string) bool { return p.ours(part) })
		if rest := strings.TrimSpace(strings.Join(parts, ";")); rest != "" {
			kept = append(kept, rest)
		}
	}
	delete(h, "Cookie")
	if len(kept) > 0 {
		h["Cookie"] = kept
	}
}

// dropCookies takes out of an instance's answer what would set the proxy's own
// cookies: it must not send a browser to another session.
func (p *Proxy) dropCookies(h http.Header) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], p.ours)
	if len(h["Set-Cookie"]) == 0 {
		delete(h, "Set-Cookie")
	}
}

// ours tells whether NAME=VALUE is one of the proxy's cookies.
func (p *Proxy) ours(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	name = strings.TrimSpace(name)
	return strings.EqualFold(name, p.cookieName(false)) || strings.EqualFold(name, p.cookieName(true))
}

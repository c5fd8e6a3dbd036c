package proxy

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"shadowpool/policy/config"
)

// An identity tells sessions apart. One key of two tenants, or for two
// categories, is two sessions: nobody gets into another tenant's by its key.
type identity struct {
	in               config.KeyPlace
	value            string
	category, tenant string
}

// key is the session's. It tells nothing of the identity to who sees it.
func (id identity) key() string {
	h := sha256.New()
	for _, part := range []string{string(rune('0' + id.in)), id.value, id.category, id.tenant} {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return claimPrefix + hex.EncodeToString(h.Sum(nil)[:keyBytes])
}

// A claim's key is that of its session, and something that is new each time: a
// pool takes a key whose claim is over for that.
const (
	claimPrefix = "proxy-"
	keyBytes    = 16
)

func newClaimKey(session string) string {
	var b [6]byte
	rand.Read(b[:])
	return session + "-" + hex.EncodeToString(b[:])
}

// sessionKey is what newClaimKey has been given; ours is false if it has not
// made the key.
func sessionKey(claim string) (key string, ours bool) {
	const n = len(claimPrefix) + 2*keyBytes
	if !strings.HasPrefix(claim, claimPrefix) || len(claim) <= n || claim[n] != '-' {
		return "", false
	}
	return claim[:n], true
}

// A session's address is how a request names it.
type sessionAddress struct {
	in     config.KeyPlace
	value  string
	prefix string // of the path, escaped, without the last slash; empty: none
	rest   string // of the path, escaped
	// ticket is of a cookie: fresh if the request has none, written if the answer
	// has to set it.
	ticket         ticket
	fresh, written bool
}

// maxKey bounds what a client may name a session, in bytes.
const maxKey = 1024

// sessionOf finds which session a request is of. ok is false if it does not
// say.
func (p *Proxy) sessionOf(r *http.Request, c client) (a sessionAddress, ok bool) {
	for _, by := range p.opt.Session.By {
		a = sessionAddress{in: by.In}
		switch by.In {
		case config.InCookie:
			a.ticket, a.fresh, a.written = p.ticketOf(r, c.secure)
			a.value = string(a.ticket.id[:])
		case config.InHeader:
			a.value = r.Header.Get(by.Name)
		case config.InQuery:
			a.value = r.URL.Query().Get(by.Name)
		case config.InPath:
			after, under := strings.CutPrefix(r.URL.EscapedPath(), by.Name)
			segment, rest, _ := strings.Cut(after, "/")
			value, err := url.PathUnescape(segment)
			if !under || err != nil {
				continue
			}
			a.value, a.prefix, a.rest = value, by.Name+segment, "/"+rest
		}
		if a.value != "" && len(a.value) <= maxKey {
			return a, true
		}
	}
	return sessionAddress{}, false
}

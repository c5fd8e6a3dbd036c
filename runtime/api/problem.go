package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// A Problem is an error's body (RFC 9457). Type is one of the Kinds and does
// not change from one version to the next; titles and details may.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"` // of the request
	// RetryAfterS is after how many seconds it is worth to ask again; the header
	// Retry-After says so too. Zero: it is not.
	RetryAfterS float64 `json:"retry_after_s,omitempty"`
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// A Kind of problem is named by the end of its type.
type Kind string

// prefix is that of all types: they name kinds, and are no addresses.
const prefix = "urn:shadowpool:problem:"

// Is tells whether err is a problem of the kind.
func (k Kind) Is(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Type == prefix+string(k)
}

// The kinds of problems.
const (
	Malformed        Kind = "malformed"           // the body is not what it should be
	NotJSON          Kind = "not-json"            // the Content-Type is another
	TooLong          Kind = "too-long"            // the body
	Impossible       Kind = "impossible-request"  // a field's value cannot be
	Unauthenticated  Kind = "unauthenticated"     // no token, or an unknown one
	Forbidden        Kind = "forbidden"           // the token is for something else
	CrossOrigin      Kind = "cross-origin"        // a browser asks on behalf of another site
	UnknownHost      Kind = "unknown-host"        // the name only resolves to this machine
	NotFound         Kind = "not-found"           // no such path
	MethodNotAllowed Kind = "method-not-allowed"  // the path has others
	UnknownClaim     Kind = "unknown-claim"       // released, lost, or never there
	UnknownPool      Kind = "unknown-pool"        //
	UnknownHint      Kind = "unknown-hint"        //
	Spent            Kind = "key-spent"           // the request of the key is over
	Unheeded         Kind = "unheeded"            // the policy takes no such hint
	NoLeader         Kind = "no-leader"           // no server may take claims at the moment
	NotWarm          Kind = "not-warm"            // the claim requires what is warm
	TooManyRequests  Kind = "too-many-requests"   // the tenant is at a limit
	NotInTime        Kind = "no-instance-in-time" // the deadline of a claim passed
	Withdrawn        Kind = "withdrawn"           // the claim, before it got an instance
	DeliveryFailed   Kind = "delivery-failed"     // the instance did not take what was for it
	Draining         Kind = "draining"            // the server takes no new claims
	Stopped          Kind = "stopped"             // the server ends
	Overloaded       Kind = "overloaded"          // too much is under way for anyone
	NotSupported     Kind = "not-supported"       // by this server as it is set up
	Failed           Kind = "failed"              // a fault of the server
)

// kinds are the title and status of each.
var kinds = map[Kind]struct {
	title  string
	status int
}{
	Malformed:        {"not what was expected", http.StatusBadRequest},
	NotJSON:          {"not JSON", http.StatusUnsupportedMediaType},
	TooLong:          {"too long", http.StatusRequestEntityTooLarge},
	Impossible:       {"impossible request", http.StatusUnprocessableEntity},
	Unauthenticated:  {"who are you?", http.StatusUnauthorized},
	Forbidden:        {"not allowed", http.StatusForbidden},
	CrossOrigin:      {"asked for by another site", http.StatusForbidden},
	UnknownHost:      {"unknown host name", http.StatusMisdirectedRequest},
	NotFound:         {"no such path", http.StatusNotFound},
	MethodNotAllowed: {"not with this method", http.StatusMethodNotAllowed},
	UnknownClaim:     {"unknown claim", http.StatusNotFound},
	UnknownPool:      {"unknown pool", http.StatusNotFound},
	UnknownHint:      {"unknown hint", http.StatusNotFound},
	Spent:            {"the key is spent", http.StatusConflict},
	Unheeded:         {"the hint was not taken", http.StatusConflict},
	NoLeader:         {"no leader", http.StatusServiceUnavailable},
	NotWarm:          {"nothing warm", http.StatusConflict},
	TooManyRequests:  {"too many requests of a tenant", http.StatusTooManyRequests},
	NotInTime:        {"no instance in time", http.StatusGatewayTimeout},
	Withdrawn:        {"withdrawn", 499},
	DeliveryFailed:   {"the instance did not take what is for it", http.StatusBadGateway},
	Draining:         {"draining", http.StatusServiceUnavailable},
	Stopped:          {"stopped", http.StatusServiceUnavailable},
	Overloaded:       {"too much is under way", http.StatusServiceUnavailable},
	NotSupported:     {"not supported", http.StatusNotImplemented},
	Failed:           {"failed", http.StatusInternalServerError},
}

// problem makes one of a kind.
func (k Kind) problem(format string, args ...any) *Problem {
	p := &Problem{Type: prefix + string(k), Title: kinds[k].title, Status: kinds[k].status}
	if format != "" {
		p.Detail = fmt.Sprintf(format, args...)
	}
	if p.Status == http.StatusServiceUnavailable {
		p.RetryAfterS = 1
	}
	return p
}

// impossible is a field's value that cannot be.
func impossible(field, format string, args ...any) *Problem {
	p := Impossible.problem("%s: "+format, append([]any{field}, args...)...)
	p.Field = field
	return p
}

// after says when to ask again.
func (p *Problem) after(d time.Duration) *Problem {
	p.RetryAfterS = d.Seconds()
	return p
}

// write answers with p.
func (p *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.RetryAfterS > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfterS))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="shadowpool"`)
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// problemOf is an error of the host's.
func problemOf(err error) *Problem {
	var p *Problem
	var bad *runtime.BadRequest
	var file *config.Errors
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &bad):
		return impossible(bad.Field, "%s", bad.Problem)
	case errors.As(err, &file):
		return Impossible.problem("%v", err)
	case errors.Is(err, runtime.ErrNotWarm):
		return NotWarm.problem("%v", err)
	case errors.Is(err, runtime.ErrNoClaim):
		return UnknownClaim.problem("%v", err)
	case errors.Is(err, runtime.ErrSpent):
		return Spent.problem("%v", err)
	case errors.Is(err, runtime.ErrWithdrawn):
		return Withdrawn.problem("%v", err)
	case errors.Is(err, runtime.ErrNoPool):
		return UnknownPool.problem("%v", err)
	case errors.Is(err, runtime.ErrNoHint):
		return UnknownHint.problem("%v", err)
	case errors.Is(err, runtime.ErrUnheeded):
		return Unheeded.problem("%v", err)
	case errors.Is(err, runtime.ErrNoLeader), errors.Is(err, runtime.ErrFenced):
		return NoLeader.problem("%v", err)
	case errors.Is(err, runtime.ErrDraining):
		return Draining.problem("%v", err)
	case errors.Is(err, runtime.ErrStopped):
		return Stopped.problem("%v", err)
	case errors.Is(err, runtime.ErrFull):
		return Overloaded.problem("%v", err)
	case errors.Is(err, context.DeadlineExceeded):
		return NotInTime.problem("none was promoted in time; the request was withdrawn")
	case errors.Is(err, context.Canceled): // hardly anyone reads it
		return Withdrawn.problem("")
	}
	return Failed.problem("%v", err)
}

package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// FuzzAPI sends whatever is an HTTP request to a real server: it answers
// everything, what it refuses as a problem, and never fails itself.
func FuzzAPI(f *testing.F) {
	file, text := tokens(f, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		f.Fatal(err)
	}
	deliver := func(context.Context, runtime.Grant, api.Delivery) error { return nil }
	s := start(f, "4", api.Options{
		Tokens: known, Deliver: deliver, ClaimDeadline: 20 * time.Millisecond, MaxDeadline: 50 * time.Millisecond,
		Limits: api.Limits{Fair: 2, Claims: 50, Waiting: 20, Rate: 1e6, Tenants: 100},
	}, func(o *runtime.Options) { o.Limits.Absence = 10 * time.Millisecond })
	claim, err := s.host.Claim(f.Context(), runtime.Request{Category: "x", Tenant: "acme", Key: "held"})
	if err != nil {
		f.Fatal(err)
	}
	for _, route := range api.Routes() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{id}", claim.Claim, "{pool}", "x", "{category}", "x").Replace(path)
		body := ""
		switch method {
		case "POST", "PUT":
			body = `{"category": "x", "tenant": "acme", "count": 3, "from": "2030-01-01T00:00:00Z", "to": "2030-01-01T01:00:00Z"}`
		}
		for _, token := range []string{"all", "acme"} {
			f.Add(fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, token, len(body), body))
		}
	}
	for _, body := range []string{
		`{"category": "x", "warm": "require", "key": "k", "labels": {"a": "b"}, "deadline_s": 0.01}`,
		`{"category": "x", "environment": {"A": "1"}, "secrets": {"B": "2"}, "files": {"a/b": "QQ=="}}`,
		`{"category": "x", "files": {"../a": "QQ=="}}`, `{"deadline_s": 1e999}`, `[`, `null`, ``,
	} {
		f.Add(fmt.Appendf(nil, "POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer all\r\nPrefer: respond-async\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	}
	for _, path := range []string{"/v1/claims/..%2f..%2fstatus", "/v1/../v1/status", "//v1/status", "/v1/claims/%00", "/v1/claims?limit=1&cursor=YQ&tenant=acme", "/v1/claims/x?wait=1h", "*"} {
		f.Add([]byte("DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer all\r\n\r\n"))
		f.Add([]byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer acme\r\nLast-Event-ID: 1-1\r\n\r\n"))
	}
	handler := s.handler
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		// A token's name stands for the token.
		if scheme, name, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && text[name] != "" {
			r.Header.Set("Authorization", scheme+" "+text[name])
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		began := time.Now()
		handler.ServeHTTP(w, r.WithContext(ctx))
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Code >= 300 && r.Method != http.MethodHead {
			var p api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || !slices.Contains(api.Kinds(), p.Type) || p.Status != w.Code {
				t.Errorf("%d %s is no problem", w.Code, w.Body)
			}
		}
		if w.Body.Len() > 4<<20 {
			t.Errorf("an answer of %d bytes", w.Body.Len())
		}
		var c api.Claim
		if w.Code == http.StatusCreated && json.Unmarshal(w.Body.Bytes(), &c) == nil && c.Claim != "" {
			_ = s.host.End(context.Background(), c.Claim)
		}
		if err := s.host.Reopen(context.Background()); err != nil {
			t.Fatalf("the host is gone: %v", err)
		}
	})
}

// TestPaths: names that lead elsewhere are refused, by their own method too,
// and have no effect.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := start(t, "1", api.Options{})
	c, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/v1/claims/../claims/" + c.Claim, "/v1/claims/./" + c.Claim, "/v1//claims/" + c.Claim, "/v1/claims/%2e%2e/claims/" + c.Claim,
		"/v1/claims/x%2f..%2f" + c.Claim, "/v1/claims/" + c.Claim + "/", "/v1/claims/" + c.Claim + "%00", "/v1/claims/", "/v1/claims/%2e%2e", "/v1/hints/..%2fclaims%2f" + c.Claim,
	} {
		request, err := http.NewRequest("DELETE", s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque = "//" + request.URL.Host + path // as it is
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("DELETE %s: %d", path, response.StatusCode)
		}
	}
	for _, tt := range []struct {
		method, path, allow string
		status              int
	}{
		{"PUT", "/v1/claims", "GET, POST", 405}, {"GET", "/v1/drain", "POST", 405}, {"PATCH", "/v1/claims/x", "GET, DELETE", 405},
		{"GET", "/v2/claims", "", 404}, {"GET", "/", "", 404}, {"OPTIONS", "/v1/status", "GET", 405},
	} {
		if r, body := s.ask(t, tt.method, tt.path, "", ""); r.StatusCode != tt.status || r.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, allow %q, %s", tt.method, tt.path, r.StatusCode, r.Header.Get("Allow"), body)
		}
	}
	if held, err := s.Get(t.Context(), c.Claim); err != nil || held.State != api.Held {
		t.Errorf("the claim is %+v, %v", held, err)
	}
}

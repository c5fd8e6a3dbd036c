package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

const canary = "canary-3f9c2a"

// delivered keeps what was brought, and fails where it is told to.
type delivered struct {
	mu    sync.Mutex
	by    map[string]api.Delivery
	fail  error
	block chan struct{} // if not nil, until it is closed
}

func (d *delivered) deliver(ctx context.Context, g runtime.Grant, what api.Delivery) error {
	if d.block != nil {
		select {
		case <-d.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[g.Instance.Name] = what
	return d.fail
}

// TestDelivery: the instance has what the claim brings before the client hears
// of it.
func TestDelivery(t *testing.T) {
	t.Parallel()
	to := &delivered{by: map[string]api.Delivery{}}
	s := start(t, "2", api.Options{Deliver: to.deliver})
	q := api.ClaimRequest{
		Category: "x", Environment: map[string]string{"MODE": "fast"}, Secrets: map[string]api.Secret{"TOKEN": canary},
		Files: map[string][]byte{"in/data.csv": []byte("a,b\n")},
	}
	c, err := s.Claim(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := to.by[c.Instance]
	if got.Environment["MODE"] != "fast" || string(got.Secrets["TOKEN"]) != canary || string(got.Files["in/data.csv"]) != "a,b\n" {
		t.Errorf("the instance has %v, secret %v", got, got.Secrets["TOKEN"] == canary)
	}

	to.block = make(chan struct{})
	q.Key = "async"
	w, err := s.Submit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "it is being delivered", func() bool {
		c, err := s.Get(t.Context(), w.Claim)
		return err == nil && c.State == api.Delivering && c.Address == ""
	})
	var seen []string
	go func() {
		time.Sleep(20 * time.Millisecond)
		close(to.block)
	}()
	s.events(t, "/v1/claims/"+w.Claim+"/events", "", func(_, event, _ string) bool {
		seen = append(seen, event)
		return event == "ready"
	})
	if got := strings.Join(seen, " "); got != "delivering ready" {
		t.Errorf("told %s", got)
	}
	if held, err := s.Await(t.Context(), w.Claim); err != nil || held.State != api.Held || string(to.by[held.Instance].Secrets["TOKEN"]) != canary {
		t.Errorf("%+v, %v", held, err)
	}

	to.fail = fmt.Errorf("the agent says: cannot export TOKEN=%s", canary)
	q.Key = ""
	var problem *api.Problem
	if _, err := s.Claim(t.Context(), q); !errors.As(err, &problem) || problem.Status != http.StatusBadGateway {
		t.Errorf("a delivery that fails: %v", err)
	}
	soon(t, "what was not delivered is released", func() bool {
		page, err := s.Claims(t.Context(), api.List{})
		return err == nil && len(page.Claims) == 2
	})
	if w, err = s.Submit(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Await(t.Context(), w.Claim); !api.DeliveryFailed.Is(err) {
		t.Errorf("one that nobody waits for: %v", err)
	}

	plain := start(t, "1", api.Options{})
	for _, field := range []string{"environment", "secrets", "files"} {
		r, body := plain.ask(t, "POST", "/v1/claims", "", `{"category": "x", "`+field+`": {"A": "`+canary64+`"}}`)
		if r.StatusCode != 422 || !contains(body, `"field":"`+field+`"`) || contains(body, canary64) {
			t.Errorf("%s where nothing is delivered: %d %s", field, r.StatusCode, body)
		}
	}
}

// TestBadDeliveries: what cannot be delivered is refused with its field, and
// no value is told.
func TestBadDeliveries(t *testing.T) {
	t.Parallel()
	to := &delivered{by: map[string]api.Delivery{}}
	s := start(t, "1", api.Options{Deliver: to.deliver})
	large := strings.Repeat(canary, 6000)
	for _, tt := range []struct {
		body, field string
		status      int
	}{
		{`"environment": {"A=B": "` + canary + `"}`, "environment", 422},
		{`"environment": {"": "` + canary + `"}`, "environment", 422},
		{`"environment": {"SHADOWPOOL_PORT": "` + canary + `"}`, "environment", 422},
		{`"secrets": {"9": "` + canary + `"}`, "secrets", 422},
		{`"secrets": {"A": "` + canary + `\u0000"}`, "secrets", 422},
		{`"secrets": {"A": "` + large + `"}`, "secrets", 422},
		{`"secrets": {"A": ["` + canary + `"]}`, "", 400},
		{`"secrets": "` + canary + `"`, "", 400},
		{`"secret": {"A": "` + canary + `"}`, "", 400},
		{`"environment": {"A": "1"}, "secrets": {"A": "` + canary + `"}`, "secrets", 422},
		{`"files": {"../x": ""}`, "files", 422}, {`"files": {"/etc/passwd": ""}`, "files", 422}, {`"files": {"a/../b": ""}`, "files", 422},
		{`"files": {"a\\b": ""}`, "files", 422}, {`"files": {"c:x": ""}`, "files", 422}, {`"files": {".": ""}`, "files", 422}, {`"files": {"": ""}`, "files", 422},
		{`"files": {"a": "", "a/b": ""}`, "files", 422},
		{`"files": {"a": "` + canary + `"}`, "", 400}, // no base64
		{`"files": {"a": "` + strings.Repeat("AAAA", 400_000) + `"}`, "files", 422},
		{`"files": {"a": "` + strings.Repeat("AAAA", 600_000) + `"}`, "", 413},
	} {
		r, body := s.ask(t, "POST", "/v1/claims", "", `{"category": "x", `+tt.body+`}`)
		if r.StatusCode != tt.status || tt.field != "" && !contains(body, `"field":"`+tt.field+`"`) || contains(body, canary) {
			t.Errorf("%.60s: %d %.300s, want %d and the field %q", tt.body, r.StatusCode, body, tt.status, tt.field)
		}
	}
	if len(to.by) > 0 || contains(s.log.String(), canary) {
		t.Errorf("%d were delivered; the log: %s", len(to.by), s.log)
	}
}

// TestSecretsStaySecret: a secret is nowhere but with the instance, whatever
// becomes of the claim.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	to := &delivered{by: map[string]api.Delivery{}}
	var recorded buffer
	s := start(t, "1", api.Options{Deliver: to.deliver}, func(o *runtime.Options) { o.Recording.Events = &recorded })
	var said strings.Builder
	ask := func(method, path, body string, headers ...string) string {
		r, answer := s.ask(t, method, path, "", body, headers...)
		fmt.Fprintln(&said, method, path, r.StatusCode, r.Header, answer)
		return answer
	}
	body := func(more string) string {
		return `{"category": "x", "tenant": "acme", "secrets": {"A": "` + canary + `"}, "environment": {"B": "` + canary + `"}, "files": {"f": "` + canary64 + `"}` + more + `}`
	}
	name := func(answer string) string {
		_, rest, _ := strings.Cut(answer, `"claim":"`)
		name, _, _ := strings.Cut(rest, `"`)
		return name
	}
	held := name(ask("POST", "/v1/claims", body(`, "key": "k", "labels": {"a": "b"}`)))
	ask("POST", "/v1/claims", body(`, "key": "k"`))
	ask("POST", "/v1/claims", body(`, "key": "k", "image": "other"`))
	waits := name(ask("POST", "/v1/claims", body(`, "deadline_s": 60`), "Prefer", "respond-async"))
	ask("POST", "/v1/claims", body(`, "deadline_s": 0.001`))
	ask("POST", "/v1/claims", body(`, "warm": "require"`))
	ask("POST", "/v1/claims", body(`, "zone": "nowhere"`))
	ask("POST", "/v1/claims", body(`} {`))
	ask("POST", "/v1/claims", body(`, "secrets": {"A": 1}`))
	to.mu.Lock()
	to.fail = errors.New("no: " + canary)
	to.mu.Unlock()
	failed := name(ask("POST", "/v1/claims", body(``), "Prefer", "respond-async"))
	ask("GET", "/v1/claims/"+failed+"?wait=10s", "")
	for _, path := range []string{
		"/v1/claims", "/v1/claims/" + held, "/v1/claims/" + waits, "/v1/instances", "/v1/status", "/metrics", "/v1/claims/" + canary[:6],
	} {
		ask("GET", path, "")
	}
	ask("DELETE", "/v1/claims/"+held, "")
	if !contains(said.String(), " 201 ") || !contains(said.String(), " 202 ") || !contains(said.String(), " 502 ") && !contains(said.String(), "delivery-failed") {
		t.Errorf("not every path was taken:\n%s", said.String())
	}
	for where, text := range map[string]string{"answers": said.String(), "log": s.log.String(), "event log": recorded.String()} {
		for _, secret := range []string{canary, canary64} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s: ...%s", where, text[max(at-200, 0):min(at+100, len(text))])
			}
		}
	}
	q := api.ClaimRequest{Secrets: map[string]api.Secret{"A": canary}}
	var logged buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("a claim", "request", q, "secret", q.Secrets["A"])
	slog.New(slog.NewTextHandler(&logged, nil)).Info("a claim", "request", q, "secret", q.Secrets["A"])
	encoded, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %q %x", q, q, q, q.Secrets, q.Secrets, q.Secrets) + string(encoded) + logged.String()
	if contains(printed, canary) || contains(printed, fmt.Sprintf("%x", canary)) {
		t.Errorf("a secret is printed: %s", printed)
	}
}

// canary64 is the canary in base64.
const canary64 = "Y2FuYXJ5LTNmOWMyYQ=="

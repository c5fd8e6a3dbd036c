package api_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// slow makes launches take a while.
func slow(lead time.Duration) func(*runtime.Options) {
	return func(o *runtime.Options) { o.Provisioner = newMemory(lead) }
}

// TestSubmit: a claim that nobody waits for is answered at once, and can be
// waited for, watched, listed and withdrawn.
func TestSubmit(t *testing.T) {
	t.Parallel()
	s := start(t, "0", api.Options{}, slow(200*time.Millisecond))
	c, err := s.Submit(t.Context(), api.ClaimRequest{Category: "x", Tenant: "acme", Labels: map[string]string{"job": "7"}})
	if err != nil || c.State != api.Waiting || c.Claim == "" || c.Key != "" {
		t.Fatalf("%+v, %v", c, err)
	}
	page, err := s.Claims(t.Context(), api.List{Tenant: "acme"})
	if err != nil || len(page.Claims) != 1 || page.Claims[0].Claim != c.Claim || page.Claims[0].Labels["job"] != "7" {
		t.Errorf("%+v, %v", page, err)
	}
	held, err := s.Await(t.Context(), c.Claim)
	if err != nil || held.State != api.Held || held.Address == "" || held.Outcome != "miss" || held.WaitS <= 0 {
		t.Errorf("%+v, %v", held, err)
	}
	if err := s.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), c.Claim); !api.UnknownClaim.Is(err) {
		t.Errorf("after its release: %v", err)
	}

	c, err = s.Submit(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	soon(t, "it has failed", func() bool {
		c, err := s.Get(t.Context(), c.Claim)
		return err == nil && c.State == api.Ended && api.Withdrawn.Is(c.Problem)
	})

	c, err = s.Submit(t.Context(), api.ClaimRequest{Category: "x", DeadlineS: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Await(t.Context(), c.Claim); !api.NotInTime.Is(err) {
		t.Errorf("after its deadline: %v", err)
	}
	if n := s.waiting(t); n != 0 {
		t.Errorf("%d wait still", n)
	}
	for _, q := range []api.ClaimRequest{{Category: "x", Warm: "require"}, {Category: "huge"}} {
		var problem *api.Problem
		if c, err := s.Submit(t.Context(), q); !errors.As(err, &problem) && c.State != api.Ended {
			t.Errorf("%+v: %+v, %v", q, c, err)
		}
	}
}

// TestKey: a request that is repeated with its key joins what it asked for.
func TestKey(t *testing.T) {
	t.Parallel()
	s := start(t, "0", api.Options{}, slow(200*time.Millisecond))
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	q := api.ClaimRequest{Category: "x", Tenant: "acme", Key: "job-7"}
	go func() {
		_, err := s.Claim(ctx, q)
		left <- err
	}()
	soon(t, "it waits", func() bool { return s.waiting(t) == 1 })
	leave()
	<-left
	c, err := s.Claim(t.Context(), q)
	if err != nil || c.Key != "job-7" {
		t.Fatalf("%+v, %v", c, err)
	}
	again, body := s.ask(t, "POST", "/v1/claims", "", `{"category": "x", "tenant": "acme"}`, "Idempotency-Key", "job-7")
	if again.StatusCode != http.StatusCreated || !contains(body, c.Claim) {
		t.Errorf("by header: %d %s, want %s", again.StatusCode, body, c.Claim)
	}
	status, err := s.Status(t.Context())
	if err != nil || status.Requests != 1 || status.Withdrawn != 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if other, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "beta", Key: "job-7"}); err != nil || other.Claim == c.Claim {
		t.Errorf("another tenant's: %+v, %v", other, err)
	}
	for _, tt := range []struct {
		body, header string
		status       int
	}{
		{`{"category": "x", "tenant": "acme", "key": "other"}`, "job-7", 422}, {`{"category": "x", "tenant": "acme", "image": "v2"}`, "job-7", 422},
		{`{"category": "x"}`, strings.Repeat("k", 257), 422}, {`{"category": "x"}`, "~mine", 422}, {`{"category": "x"}`, "", 422},
	} {
		if r, body := s.ask(t, "POST", "/v1/claims", "", tt.body, "Idempotency-Key", tt.header); r.StatusCode != tt.status {
			t.Errorf("%s with %.20q: %d %s", tt.body, tt.header, r.StatusCode, body)
		}
	}
	if err := s.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), q); !api.Spent.Is(err) {
		t.Errorf("after its release: %v", err)
	}
}

// events reads a stream until enough were read.
func (s *service) events(t *testing.T, path, last string, enough func(id, event, data string) bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%s: %d, %s", path, response.StatusCode, kind)
	}
	var id, event string
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			if enough(id, event, value) {
				return
			}
		}
	}
	t.Errorf("%s ended", path)
}

// TestClaimEvents: a claim's stream tells waiting, ready and ended.
func TestClaimEvents(t *testing.T) {
	t.Parallel()
	s := start(t, "0", api.Options{}, slow(100*time.Millisecond))
	c, err := s.Submit(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	s.events(t, "/v1/claims/"+c.Claim+"/events", "", func(id, event, data string) bool {
		seen = append(seen, event)
		if event == "ready" {
			if !contains(data, `"address":"memory:`) {
				t.Errorf("ready says %s", data)
			}
			if err := s.Release(t.Context(), c.Claim); err != nil {
				t.Error(err)
			}
		}
		return event == "ended"
	})
	if got := strings.Join(seen, " "); got != "waiting ready ended" {
		t.Errorf("told %s", got)
	}
	// Who comes back is not told again what it was told last.
	c, err = s.Claim(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = s.Release(context.Background(), c.Claim)
	}()
	s.events(t, "/v1/claims/"+c.Claim+"/events", "ready", func(_, event, _ string) bool {
		if event != "ended" {
			t.Errorf("told %s again", event)
		}
		return true
	})
}

// TestEvents: the stream of all claims goes on where its client was, and shows
// a tenant its own only.
func TestEvents(t *testing.T) {
	t.Parallel()
	file, text := tokens(t, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "5", api.Options{Tokens: known})
	as := func(name string) *api.Client {
		c, err := api.NewClient(s.url, api.ClientOptions{Token: text[name]})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	watch := func(name string, n int) <-chan []api.Event {
		told := make(chan []api.Event, 1)
		ready := make(chan struct{})
		go func() {
			var list []api.Event
			enough := errors.New("enough")
			first := true
			err := as(name).Watch(t.Context(), "", func(e api.Event) error {
				if first {
					first = false
					close(ready)
					return nil
				}
				if list = append(list, e); len(list) == n {
					return enough
				}
				return nil
			})
			if !errors.Is(err, enough) {
				t.Errorf("%s: %v", name, err)
			}
			told <- list
		}()
		// It is there when it tells of something.
		tenant := map[string]string{"acme": "acme", "all": "gamma"}[name]
		for {
			c, err := as("all").Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: tenant})
			if err != nil {
				t.Fatal(err)
			}
			_ = as("all").Release(t.Context(), c.Claim)
			select {
			case <-ready:
				return told
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	acme := watch("acme", 8)
	for _, tenant := range []string{"acme", "beta", "acme", "beta", "acme"} {
		c, err := as("all").Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		if err := as("all").Release(t.Context(), c.Claim); err != nil {
			t.Fatal(err)
		}
	}
	counts := map[string]int{}
	for _, e := range <-acme {
		if e.Tenant != "acme" || e.At == nil || e.Claim == "" {
			t.Errorf("told %+v", e)
		}
		counts[e.Event]++
	}
	if counts["ready"] < 2 || counts["released"] < 2 {
		t.Errorf("told %v", counts)
	}

	open := start(t, "5", api.Options{})
	c, err := open.Claim(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Release(t.Context(), c.Claim); err != nil {
		t.Fatal(err)
	}
	run := ""
	open.events(t, "/v1/events", "another-7", func(id, event, _ string) bool {
		run, _, _ = strings.Cut(id, "-")
		if event != "missed" {
			t.Errorf("who was told by another server is told %s first", event)
		}
		return true
	})
	var seen []string
	open.events(t, "/v1/events", run+"-0", func(_, event, _ string) bool {
		seen = append(seen, event)
		return len(seen) == 3
	})
	if got := strings.Join(seen, " "); got != "waiting ready released" {
		t.Errorf("told %s", got)
	}
}

// TestPages: all claims and instances are on some page, once.
func TestPages(t *testing.T) {
	t.Parallel()
	s := start(t, "30", api.Options{})
	for i := range 25 {
		if _, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: []string{"a", "b"}[i%2]}); err != nil {
			t.Fatal(err)
		}
	}
	for tenant, want := range map[string]int{"": 25, "a": 13, "b": 12, "c": 0} {
		seen, l := map[string]bool{}, api.List{Limit: 4, Tenant: tenant}
		for {
			page, err := s.Claims(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Claims {
				if seen[c.Claim] || tenant != "" && c.Tenant != tenant {
					t.Errorf("%q: %+v", tenant, c)
				}
				seen[c.Claim] = true
			}
			if l.Cursor = page.Next; l.Cursor == "" {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%q has %d claims, want %d", tenant, len(seen), want)
		}
	}
	states, l := map[string]int{}, api.List{Limit: 7}
	for {
		page, err := s.Instances(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Instances {
			states[i.State]++
		}
		if l.Cursor = page.Next; l.Cursor == "" {
			break
		}
	}
	if states["serving"] != 25 {
		t.Errorf("instances %v", states)
	}
	for _, query := range []string{"limit=0", "limit=x", "limit=1001", "cursor=%25"} {
		if r, body := s.ask(t, "GET", "/v1/claims?"+query, "", ""); r.StatusCode != 422 {
			t.Errorf("%s: %d %s", query, r.StatusCode, body)
		}
	}
}

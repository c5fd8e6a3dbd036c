//go:build linux

package agents_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime/agent"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

// store serves datasets; each is its name, over and over.
func store(t *testing.T, size int) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat(filepath.Base(r.URL.Path)+"\n", size)[:size]))
	}))
	t.Cleanup(s.Close)
	return s
}

// TestLife: an instance is made warm for what was learned, promoted in the midst
// of it, and tells what its task has used, from which the next one is planned.
func TestLife(t *testing.T) {
	const size = 100_000
	data := store(t, size)
	warm := filepath.Join(t.TempDir(), "warm")
	if err := os.WriteFile(warm, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings(
		wire.Recipe{Kind: "prefetch", Name: "*", URL: data.URL + "/{name}"},
		wire.Recipe{Kind: "dependencies", Name: "train", Command: []string{"sh", "-c", "test $SHADOWPOOL_INSTANCE = i-1"}},
		wire.Recipe{Kind: "cache", Name: "train", Files: []string{warm}},
		wire.Recipe{Kind: "task", Name: "train", Command: []string{"sh", "-c", "trap '' TERM; while :; do sleep 1; done"}},
	)
	s.Allowed = []string{data.URL + "/"}
	l := learnerOf(t, s)
	learned(l, 5, time.Now().Add(-time.Minute), "train", "acme", "faces")
	b := open(t, "", s, l)
	a := b.run(t, spec("i-1"), func(o *agent.Options) {
		o.OnPromote, o.ReadyLine = true, "^up (.*)"
		o.Command = []string{"sh", "-c", `echo up http://$HOST; test "$(cat $SHADOWPOOL_SECRETS/KEY)" = hush; echo secret $?; cat $SHADOWPOOL_FILES/conf/x; curl -sf --max-time 9 ${SHADOWPOOL_DATA_URL}faces -r 0-49999 | wc -c; env | grep -c AGENT_TOKEN; exec sleep 100`}
	})
	b.ready(t, "i-1")
	until(t, "three steps are done, and the task runs", func() bool { return len(b.agent("i-1").Done) == 3 })
	for _, d := range b.agent("i-1").Done {
		if d.Error != "" || d.Seconds <= 0 && d.Kind != "cache" || d.Kind == "prefetch" && (d.Fraction != 1 || d.Bytes != size || d.Whole != size) || d.Kind == "cache" && d.Bytes != 4096 {
			t.Errorf("%+v", d)
		}
	}
	began := time.Now()
	err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{
		Tenant: "acme", TaskType: "train", Environment: map[string]string{"HOST": "here"}, Secrets: map[string]string{"KEY": "hush"}, Files: map[string][]byte{"conf/x": []byte("filed\n")},
	})
	if took := time.Since(began); err != nil || took > 2*time.Second {
		t.Errorf("delivered after %v: %v", took, err)
	}
	until(t, "the workload's step is told", func() bool { return len(b.agent("i-1").Done) == 4 })
	if d := b.agent("i-1").Done[3]; d.Kind != "task" || d.Error != wire.Stopped {
		t.Errorf("%+v", d)
	}
	until(t, "the service has done its part", func() bool { return strings.Contains(a.out.String(), "50000\n0\n") })
	if out := a.out.String(); !strings.Contains(out, "secret 0") || !strings.Contains(out, "filed") || strings.Contains(out, "hush") {
		t.Errorf("%s", out)
	}
	if err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{}); err != nil {
		t.Errorf("delivered again: %v", err)
	}
	// The request is over before its usage comes: it is learned when both are there.
	before := l.Requests()
	b.Finish("c-1", learn.Finished{At: time.Now(), Category: "gpu", TaskType: "train", Tenant: "acme", Dataset: "faces", Duration: time.Second})
	time.Sleep(100 * time.Millisecond)
	if l.Requests() != before {
		t.Error("it was learned without what it used")
	}
	a.stop()
	<-a.ended
	if a.err != nil {
		t.Error(a.err)
	}
	if l.Requests() != before+1 || len(b.Agents()) > 0 {
		t.Errorf("%d requests were learned, %+v", l.Requests()-before, b.Agents())
	}
	for _, it := range l.Items("gpu", "") {
		if it.Name == "faces" && (it.Bytes != size || len(it.Parts) == 0 || it.Parts[0].Read != 0.5) {
			t.Errorf("what it read is not known: %+v", it)
		}
	}
	if left, err := os.ReadDir(a.dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}

// TestPromotionStops measures how long a workload takes to stop, whatever it is
// doing.
func TestPromotionStops(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		for range 1000 {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	defer slow.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, r := range map[string]wire.Recipe{
		"a download":                    {Kind: "prefetch", Name: "*", URL: slow.URL + "/{name}"},
		"a server that does not answer": {Kind: "prefetch", Name: "*", URL: "http://" + silent.Addr().String() + "/{name}"},
		"a stubborn command":            {Kind: "task", Name: "*", Command: []string{"sh", "-c", "trap '' TERM INT HUP; setsid sleep 99 & while :; do :; done"}},
	} {
		s := settings(r)
		s.Allowed = []string{slow.URL + "/", "http://" + silent.Addr().String() + "/"}
		l := learnerOf(t, s)
		learned(l, 3, time.Now(), "train", "", "faces")
		b := open(t, "", s, l)
		b.run(t, spec("i-1"), nil)
		b.ready(t, "i-1")
		until(t, "there is a plan", func() bool { return b.agent("i-1").Steps == 1 })
		time.Sleep(300 * time.Millisecond) // in the midst of it
		began := time.Now()
		if err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		took := time.Since(began)
		until(t, "the step is told", func() bool { return len(b.agent("i-1").Done) == 1 })
		if d := b.agent("i-1").Done[0]; took > time.Second || d.Error != wire.Stopped {
			t.Errorf("%s: stopped after %v, %+v", name, took, d)
		}
		t.Logf("%s: stopped after %v", name, took)
	}
}

// TestRestart: a server that is started again finds its agents, in whatever state
// they are, and they go on.
func TestRestart(t *testing.T) {
	s := settings()
	l := learnerOf(t, s)
	b := open(t, "", s, l)
	b.run(t, spec("i-1"), nil)
	b.run(t, spec("i-2"), nil)
	b.ready(t, "i-1")
	b.ready(t, "i-2")
	if err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{Tenant: "acme"}); err != nil {
		t.Fatal(err)
	}
	b.close()
	time.Sleep(200 * time.Millisecond)
	b = open(t, b.address, s, l)
	b.ready(t, "i-1")
	b.ready(t, "i-2")
	if one, two := b.agent("i-1"), b.agent("i-2"); one.State != wire.Serving || one.Claim != "c-1" || two.State != wire.Ready {
		t.Errorf("%+v %+v", one, two)
	}
	if err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{}); err != nil {
		t.Errorf("delivered again: %v", err)
	}
	if err := b.Deliver(t.Context(), grant("i-2", "c-2"), agents.Delivery{}); err != nil {
		t.Error(err)
	}
	b.Release("i-2", "c-2")
	until(t, "it is ready again", func() bool { return b.agent("i-2").State == wire.Ready })
	if err := b.Deliver(t.Context(), grant("i-2", "c-3"), agents.Delivery{}); err != nil {
		t.Errorf("the next claim: %v", err)
	}
}

// TestOrphan: an agent whose server is gone ends by itself; one that serves goes
// on until its service has ended.
func TestOrphan(t *testing.T) {
	s := settings()
	s.OrphanS, s.OrphanServingS = 0.5, 60
	ended := filepath.Join(t.TempDir(), "ended")
	s.OrphanCommand = []string{"touch", ended}
	b := open(t, "", s, learnerOf(t, s))
	idle := b.run(t, spec("i-1"), nil)
	busy := b.run(t, spec("i-2"), func(o *agent.Options) { o.OnPromote, o.Command = true, []string{"sleep", "2"} })
	b.ready(t, "i-1")
	b.ready(t, "i-2")
	if err := b.Deliver(t.Context(), grant("i-2", "c-1"), agents.Delivery{}); err != nil {
		t.Fatal(err)
	}
	served := time.Now()
	time.Sleep(time.Second)
	if closedChannel(idle.ended) {
		t.Fatal("it ended while its server was there")
	}
	gone := time.Now()
	b.close()
	<-idle.ended
	if took := time.Since(gone); !errors.Is(idle.err, agent.ErrOrphaned) || took > 10*time.Second {
		t.Errorf("after %v: %v", took, idle.err)
	}
	if _, err := os.Stat(ended); err != nil {
		t.Errorf("what ends the instance was not run: %v", err)
	}
	<-busy.ended
	if took := time.Since(served); !errors.Is(busy.err, agent.ErrOrphaned) || took < 2*time.Second {
		t.Errorf("the one that served ended after %v: %v", took, busy.err)
	}
	for _, a := range []*running{idle, busy} {
		if left, _ := os.ReadDir(a.dir); len(left) > 0 {
			t.Errorf("%v are left", left)
		}
	}
}

func closedChannel(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestImpostor: who takes the server's place is told nothing, and obeyed in
// nothing.
func TestImpostor(t *testing.T) {
	s := settings(wire.Recipe{Kind: "task", Name: "*", Command: []string{"true"}})
	b := open(t, "", s, learnerOf(t, s))
	secret := strings.SplitN(b.Environment(spec("i-1"))["SHADOWPOOL_AGENT_TOKEN"], ".", 2)[1]
	asked := make(chan struct{}, 100)
	impostor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if all := fmt.Sprint(r.URL, r.Header, string(body)); strings.Contains(all, secret) {
			t.Error("the secret was sent")
		}
		fmt.Fprint(w, `{"session":"s","settings":{"secrets_in":"files","orphan_s":1,"orphan_serving_s":1,"orphan_command":["touch","/tmp/impostor"]}}`)
		select {
		case asked <- struct{}{}:
		default:
		}
	}))
	defer impostor.Close()
	a := b.run(t, spec("i-1"), func(o *agent.Options) { o.Server, o.OrphanTimeout = impostor.URL, 700*time.Millisecond })
	<-asked
	<-a.ended
	if !errors.Is(a.err, agent.ErrOrphaned) || strings.Contains(a.out.String(), "ready") {
		t.Errorf("%v, %s", a.err, a.out)
	}
	if len(b.Agents()) > 0 {
		t.Errorf("%+v", b.Agents())
	}
	for _, server := range []string{"http://192.0.2.1", "http://pool.example:8080", "ftp://localhost", "https://u@pool.example", ""} {
		a := b.run(t, spec("i-2"), func(o *agent.Options) { o.Server = server })
		<-a.ended
		if a.err == nil || errors.Is(a.err, agent.ErrOrphaned) {
			t.Errorf("%q: %v", server, a.err)
		}
	}
}

// TestTLS: an agent believes a certificate that it is told of, and no other.
func TestTLS(t *testing.T) {
	s := settings()
	b := open(t, "", s, learnerOf(t, s))
	tls := httptest.NewUnstartedServer(b.Handler())
	tls.Config.ErrorLog = slog.NewLogLogger(quiet().Handler(), slog.LevelInfo)
	tls.StartTLS()
	t.Cleanup(tls.Close) // when no agent waits for orders any more
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, spec("i-1"), func(o *agent.Options) { o.Server, o.Authority = tls.URL, authority })
	stranger := b.run(t, spec("i-2"), func(o *agent.Options) { o.Server, o.OrphanTimeout = tls.URL, 500*time.Millisecond })
	b.ready(t, "i-1")
	<-stranger.ended
	if !errors.Is(stranger.err, agent.ErrOrphaned) || b.agent("i-2").Instance != "" {
		t.Errorf("a certificate that nobody knows is believed: %v", stranger.err)
	}
}

// TestOnlyItsOwn: no agent can speak for another instance, nor one of another
// key for any.
func TestOnlyItsOwn(t *testing.T) {
	s := settings()
	b := open(t, "", s, learnerOf(t, s))
	say := func(name, token, path string, body []byte, change func(*http.Request)) int {
		_, shown, secret, err := wire.ParseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + b.address + "/v1/agents/" + name + "/" + path
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		nonce := strings.Repeat("n", 32)
		r.Header.Set(wire.HeaderIdentity, shown)
		r.Header.Set(wire.HeaderNonce, nonce)
		r.Header.Set(wire.HeaderMAC, wire.SignRequest(secret, r.Method, r.URL.Path, nonce, body))
		if change != nil {
			change(r)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, _ := io.ReadAll(a.Body)
		if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusBadRequest &&
			!wire.Same(a.Header.Get(wire.HeaderMAC), wire.SignAnswer(secret, nonce, a.StatusCode, text)) {
			t.Error("the answer is not signed")
		}
		return a.StatusCode
	}
	token := b.Environment(spec("i-1"))["SHADOWPOOL_AGENT_TOKEN"]
	foreign := wire.Token(bytes.Repeat([]byte{8}, wire.KeyBytes), wire.Identity{Name: "i-1", Pool: "gpu", Category: "gpu"})
	register := []byte(`{"version":1,"boot":"b","state":"ready"}`)
	for _, c := range []struct {
		what   string
		name   string
		token  string
		path   string
		body   string
		change func(*http.Request)
		status int
	}{
		{"its own", "i-1", token, "register", string(register), nil, 200},
		{"another's name", "i-2", token, "register", string(register), nil, 401},
		{"another key", "i-1", foreign, "register", string(register), nil, 401},
		{"another body", "i-1", token, "register", string(register), func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(register), "b", "c", 1)))
		}, 401},
		{"another path", "i-1", token, "report", string(register), func(r *http.Request) { r.URL.Path = "/v1/agents/i-1/register" }, 401},
		{"no signature", "i-1", token, "register", string(register), func(r *http.Request) { r.Header.Del(wire.HeaderMAC) }, 400},
		{"no nonce", "i-1", token, "register", string(register), func(r *http.Request) { r.Header.Set(wire.HeaderNonce, "n") }, 401},
		{"another version", "i-1", token, "register", `{"version":2,"boot":"b","state":"ready"}`, nil, 400},
		{"more than it may say", "i-1", token, "register", `{"version":1,"boot":"b","state":"ready","admin":true}`, nil, 400},
		{"another session", "i-1", token, "orders", `{"session":"x","after":0,"wait_s":0}`, nil, 409},
		{"no session", "i-1", token, "report", `{"session":"","first":0,"events":[]}`, nil, 409},
	} {
		if got := say(c.name, c.token, c.path, []byte(c.body), c.change); got != c.status {
			t.Errorf("%s: %d, want %d", c.what, got, c.status)
		}
	}
}

// TestDeliveryFails: what cannot be delivered is told, and how.
func TestDeliveryFails(t *testing.T) {
	s := settings()
	b := open(t, "", s, learnerOf(t, s))
	b.run(t, spec("i-1"), func(o *agent.Options) { o.OnPromote, o.Command = true, []string{"/no/such/program"} })
	b.ready(t, "i-1")
	if err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{}); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Error(err)
	}
	if err := b.Deliver(t.Context(), grant("i-1", "c-2"), agents.Delivery{Files: map[string][]byte{"../x": nil}}); err == nil {
		t.Error("a path that leads elsewhere was delivered")
	}
	short, err := agents.New(agents.Options{Key: key, Settings: s, Learner: b.learner, DeliverTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := short.Deliver(t.Context(), grant("i-9", "c-1"), agents.Delivery{}); !errors.Is(err, agents.ErrNoAgent) {
		t.Error(err)
	}
	if len(short.Agents()) > 0 {
		t.Error("an agent that never was is known")
	}
}

// TestTurned: a shadow that prepares for what is not asked for any more is turned
// to something better, in the midst of it.
func TestTurned(t *testing.T) {
	s := settings(wire.Recipe{Kind: "task", Name: "*", Command: []string{"sleep", "100"}})
	l := learnerOf(t, s)
	now := time.Now()
	learned(l, 5, now, "old", "", "")
	b := open(t, "", s, l)
	b.run(t, spec("i-1"), nil)
	until(t, "it has a plan", func() bool { return b.agent("i-1").Steps == 1 })
	first := b.agent("i-1").Plan
	learned(l, 60, now.Add(time.Minute), "new", "", "")
	// Both are worth doing by now, the new one first.
	until(t, "it has another plan", func() bool { a := b.agent("i-1"); return a.Plan != first && a.Plan != "" })
}

// TestAtOnce: a service that starts with its instance says when it is ready and
// where, finds out that it is promoted, and is rid of a claim that is over. Its
// end is the instance's.
func TestAtOnce(t *testing.T) {
	s := settings()
	b := open(t, "", s, learnerOf(t, s))
	a := b.run(t, spec("i-1"), func(o *agent.Options) {
		o.ReadyLine = `^listening on (\S+)`
		o.Command = []string{"sh", "-c", `sleep 0.3; echo listening on http://here:1
			while ! test -e $SHADOWPOOL_PROMOTION; do sleep 0.01; done
			cat $SHADOWPOOL_PROMOTION $SHADOWPOOL_FILES/x $SHADOWPOOL_SECRETS/KEY
			while test -e $SHADOWPOOL_FILES/x || test -e $SHADOWPOOL_SECRETS/KEY || test -e $SHADOWPOOL_PROMOTION; do sleep 0.01; done
			echo rid of it; exit 7`}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if address, err := b.Await(ctx, "i-1"); err != nil || address != "http://here:1" {
		t.Fatalf("%q %v", address, err)
	}
	err := b.Deliver(t.Context(), grant("i-1", "c-1"), agents.Delivery{
		Environment: map[string]string{"CITY": "Kyoto"}, Secrets: map[string]string{"KEY": "hush"}, Files: map[string][]byte{"x": []byte("filed")},
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the service has what is for it", func() bool { return strings.Contains(a.out.String(), "filedhush") })
	if out := a.out.String(); !strings.Contains(out, `"CITY":"Kyoto"`) || !strings.Contains(out, `"claim":"c-1"`) {
		t.Errorf("%s", out)
	}
	b.Release("i-1", "c-1")
	<-a.ended
	if a.err == nil || errors.Is(a.err, agent.ErrOrphaned) || !strings.Contains(a.out.String(), "rid of it") || !strings.Contains(a.err.Error(), "exit status 7") {
		t.Errorf("%v %s", a.err, a.out)
	}
}

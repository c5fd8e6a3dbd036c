package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
)

var serverKills = flag.Int("server-kills", 3, "how often TestKilledAgain kills the server")

// killable is the pool of TestKilledAgain: instances that serve once, and such
// that serve again.
const killable = `fleet:
  isolation: none
  categories:
    - {name: once, lead_time: 20ms, limits: {max_instances: 20}}
    - {name: again, lead_time: 50ms, reuse: reusable, limits: {max_instances: 10}}
policy: {name: static, level: 3}
provisioner:
  process:
    state: STATE
  categories:
    - {name: again, warm_up: [/bin/sleep, "0.05"]}
`

// TestKilledAgain: a server that keeps what happens is killed again and again
// under load, and now and then told to stop. No claim that it has answered is lost or released twice, no
// instance is two claims', none dies before its claim is released, and when all
// is drained nothing is left.
func TestKilledAgain(t *testing.T) {
	t.Parallel()
	if help, _, _ := live(t, "serve", "--help"); !strings.Contains(help, "--store ") {
		t.Skip("a server keeps nothing: there is no --store")
	}
	dir := t.TempDir()
	state, file := filepath.Join(dir, "processes"), filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(killable, "STATE", state, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	endPool(t, state)
	arguments := []string{"--config", file, "--store", filepath.Join(dir, "store")}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	s := startServer(t, arguments...)
	l := &ledger{t: t, held: make(map[string]*holding), served: make(map[string]bool)}
	l.server.Store(&s.address)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 16 {
		clients.Go(func() { l.client(n, seed, stop) })
	}
	for range *serverKills {
		time.Sleep(time.Duration(random.Int64N(int64(500 * time.Millisecond))))
		if random.IntN(4) > 0 {
			s.end(t, syscall.SIGKILL)
		} else if status, log := s.end(t, syscall.SIGTERM); status != 0 {
			t.Errorf("end: %d %s", status, log)
		}
		l.alive()
		s = startServer(t, arguments...)
		l.server.Store(&s.address)
		l.listed()
		if t.Failed() {
			break
		}
	}
	close(stop)
	clients.Wait()
	if all := l.list(); len(all) > 0 {
		t.Errorf("all is released, and these claims are left: %+v", all)
	}
	drainAll(t, s)
	var processes map[int]string
	var records []os.DirEntry
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if records, err = os.ReadDir(filepath.Join(state, "instances")); err != nil {
			t.Fatal(err)
		}
		if processes = ofPool(t, state); len(processes)+len(records) == 0 {
			break
		}
	}
	if len(processes)+len(records) > 0 {
		t.Errorf("the pool is drained, and left are the processes %v and the records %v", processes, records)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("end: %d %s", status, log)
	}
	t.Logf("%d claims, %d requests sent again, %d releases whose answer was lost", l.claims.Load(), l.again.Load(), l.unsure.Load())
	if l.claims.Load() == 0 {
		t.Error("nothing was claimed")
	}
}

// drainAll drains a server until it has no instances.
func drainAll(t *testing.T, s *server) {
	t.Helper()
	if _, errs, status := live(t, "drain", "--wait", "--server", s.address); status != 0 {
		t.Fatal(errs)
	}
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		now, err := client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, p := range now.Pools {
			left += int(p.Warm + p.Launching + p.InUse)
		}
		if left == 0 && now.Draining {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a drained server has %d instances", left)
		}
	}
}

// A ledger is what clients know of their claims.
type ledger struct {
	t                     *testing.T
	server                atomic.Pointer[string]
	claims, again, unsure atomic.Int64

	mu     sync.Mutex
	held   map[string]*holding // by claim: answered, and its release not asked for
	served map[string]bool     // instances that serve once and have been handed out
}

type holding struct {
	instance string
	pid      int
}

// told is what a server says of a claim.
type told struct {
	Claim    string `json:"claim"`
	State    string `json:"state"`
	Instance string `json:"instance"`
	Address  string `json:"address"`
	PID      int    `json:"pid"`
}

// ask sends a request; status 0 is that no whole answer came.
func (l *ledger) ask(method, path string, body, answer any) (status int, problem string) {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			l.t.Error(err)
		}
	}
	request, err := http.NewRequest(method, *l.server.Load()+path, &content)
	if err != nil {
		l.t.Error(err)
		return 0, err.Error()
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	if response.StatusCode/100 == 2 && answer != nil {
		if err := json.Unmarshal(b, answer); err != nil {
			return 0, err.Error()
		}
	}
	return response.StatusCode, string(b)
}

// client claims and releases until it is told to stop, and then releases what
// it holds.
func (l *ledger) client(n int, seed uint64, stop <-chan struct{}) {
	random := rand.New(rand.NewPCG(seed, uint64(n)+1))
	for i := 0; !l.t.Failed(); i++ {
		select {
		case <-stop:
			return
		default:
		}
		category := [...]string{"once", "again"}[random.IntN(2)]
		c, ok := l.claim(map[string]any{
			"category": category, "tenant": "t", "key": fmt.Sprintf("%d-%d", n, i), "deadline_s": 60,
		})
		if !ok {
			return
		}
		l.take(category, c)
		time.Sleep(time.Duration(random.Int64N(int64(150 * time.Millisecond))))
		l.release(c, random.IntN(4) == 0)
	}
}

// patience is how long a client sends a request again and again.
const patience = 60 * time.Second

func (l *ledger) claim(request map[string]any) (c told, ok bool) {
	for deadline := time.Now().Add(patience); ; l.again.Add(1) {
		status, problem := l.ask(http.MethodPost, "/v1/claims", request, &c)
		switch {
		case status == http.StatusCreated:
			l.claims.Add(1)
			return c, true
		case (status == 0 || status == http.StatusServiceUnavailable) && time.Now().Before(deadline):
			time.Sleep(10 * time.Millisecond)
		default:
			l.t.Errorf("claim %v: %d %s", request["key"], status, problem)
			return c, false
		}
	}
}

// take enters a claim.
func (l *ledger) take(category string, c told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, h := range l.held {
		if h.instance == c.Instance || other == c.Claim {
			l.t.Errorf("claim %s of %s is answered while claim %s of %s is held", c.Claim, c.Instance, other, h.instance)
		}
	}
	if category == "once" {
		if l.served[c.Instance] {
			l.t.Errorf("%s is handed out again", c.Instance)
		}
		l.served[c.Instance] = true
	}
	l.held[c.Claim] = &holding{c.Instance, c.PID}
}

// release gives an instance back that has served well until then.
func (l *ledger) release(c told, twice bool) {
	var who struct{ Instance string }
	if answer, err := http.Get(c.Address); err != nil {
		l.t.Errorf("%s does not serve its claim: %v", c.Instance, err)
	} else {
		_ = json.NewDecoder(answer.Body).Decode(&who)
		answer.Body.Close()
		if who.Instance != c.Instance {
			l.t.Errorf("claim %s has %s, and it says that it is %s", c.Claim, c.Instance, who.Instance)
		}
	}
	l.mu.Lock()
	delete(l.held, c.Claim)
	l.mu.Unlock()
	sure := true // whether an earlier try may have been carried out
	for deadline := time.Now().Add(patience); ; {
		status, problem := l.ask(http.MethodDelete, "/v1/claims/"+c.Claim, nil, nil)
		switch {
		case status == http.StatusNoContent:
			if twice {
				l.gone(c)
			}
			return
		case status == http.StatusNotFound && !sure:
			l.unsure.Add(1)
			return
		case (status == 0 || status == http.StatusServiceUnavailable) && time.Now().Before(deadline):
			sure = sure && status != 0
			time.Sleep(10 * time.Millisecond)
		default:
			l.t.Errorf("release of %s: %d %s", c.Claim, status, problem)
			return
		}
	}
}

// gone checks that a claim that was released cannot be released again.
func (l *ledger) gone(c told) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		switch status, problem := l.ask(http.MethodDelete, "/v1/claims/"+c.Claim, nil, nil); status {
		case http.StatusNotFound:
			return
		case 0, http.StatusServiceUnavailable:
		default:
			l.t.Errorf("%s is released twice: %d %s", c.Claim, status, problem)
			return
		}
	}
}

// alive checks, when no server runs, that what is held is there.
func (l *ledger) alive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for claim, h := range l.held {
		if err := syscall.Kill(h.pid, 0); err != nil {
			l.t.Errorf("the server has ended, and %s, process %d, of claim %s is gone: %v", h.instance, h.pid, claim, err)
		}
	}
}

// list is what the server says of all claims.
func (l *ledger) list() []told {
	var page struct{ Claims []told }
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		switch status, problem := l.ask(http.MethodGet, "/v1/claims", nil, &page); status {
		case http.StatusOK:
			return page.Claims
		case 0, http.StatusServiceUnavailable:
		default:
			l.t.Errorf("list of claims: %d %s", status, problem)
			return nil
		}
	}
	l.t.Error("no list of claims")
	return nil
}

// listed checks that a server knows all that is held.
func (l *ledger) listed() {
	held := func() map[string]holding {
		l.mu.Lock()
		defer l.mu.Unlock()
		all := make(map[string]holding)
		for claim, h := range l.held {
			all[claim] = *h
		}
		return all
	}
	before, list, after := held(), l.list(), held()
	known, of := make(map[string]told), make(map[string]string)
	for _, c := range list {
		known[c.Claim] = c
		if other := of[c.Instance]; c.Instance != "" && other != "" {
			l.t.Errorf("%s is of the claims %s and %s", c.Instance, c.Claim, other)
		}
		of[c.Instance] = c.Claim
	}
	for claim, h := range before {
		if _, still := after[claim]; still && known[claim].Instance != h.instance {
			l.t.Errorf("claim %s holds %s, and a server that was started again says %+v", claim, h.instance, known[claim])
		}
	}
}

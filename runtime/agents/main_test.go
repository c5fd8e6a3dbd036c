package agents_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime"
	"shadowpool/runtime/agent"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

// The test program is what agents start beside themselves, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "confine" {
		syscall.Exit(agent.Confine(os.Args[2:], os.Stdin, os.Stdout)) // os.Exit waits a second under the race detector
	}
	os.Exit(m.Run())
}

var key = bytes.Repeat([]byte{7}, wire.KeyBytes)

// A bench is an office that real agents reach over HTTP.
type bench struct {
	*agents.Office
	learner *learn.Learner
	address string
	server  *http.Server
	cancel  context.CancelFunc
}

func settings(recipes ...wire.Recipe) wire.Settings {
	return wire.Settings{
		Recipes: recipes, DiskBytes: 64 << 20, User: "nobody", SecretsIn: wire.SecretsInFiles, OrphanS: 60, OrphanServingS: 60,
		Limits: wire.Limits{Seconds: 60, MemoryBytes: 256 << 20, Processes: 50},
	}
}

// learnerOf plans whatever the recipes can do.
func learnerOf(t *testing.T, s wire.Settings) *learn.Learner {
	t.Helper()
	l, err := learn.New(learn.Options{
		Budget: plan.Budget{Time: time.Minute, Bytes: s.DiskBytes},
		Has: func(kind plan.Kind, name string) (bool, time.Duration, bool) {
			r, ok := s.Find(kind, name)
			return ok && r.Private, time.Second, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// open starts a bench; at is where it listens, or empty.
func open(t *testing.T, at string, s wire.Settings, l *learn.Learner) *bench {
	t.Helper()
	if at == "" {
		at = "127.0.0.1:0"
	}
	o, err := agents.New(agents.Options{Key: key, Settings: s, Learner: l, Review: 50 * time.Millisecond, Logger: quiet(), DeliverTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Office: o, learner: l, address: listener.Addr().String(), server: &http.Server{Handler: o.Handler()}}
	o.Reached("http://"+b.address, quiet())
	ctx, cancel := context.WithCancel(t.Context())
	b.cancel = cancel
	go o.Run(ctx)
	go func() { _ = b.server.Serve(listener) }()
	t.Cleanup(b.close)
	return b
}

func (b *bench) close() {
	b.cancel()
	_ = b.server.Close()
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// A running agent.
type running struct {
	name  string
	dir   string // its state is below
	stop  context.CancelFunc
	ended chan struct{}
	err   error
	out   *output
}

// An output is written by several.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// run starts an agent of a new instance.
func (b *bench) run(t *testing.T, spec runtime.InstanceSpec, change func(*agent.Options)) *running {
	t.Helper()
	dir, err := os.MkdirTemp("", "shadowpool-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	e := b.Environment(spec)
	out := &output{}
	opt := agent.Options{
		Server: e["SHADOWPOOL_AGENT_URL"], Token: e["SHADOWPOOL_AGENT_TOKEN"], State: dir, StopGrace: time.Second, Out: out, Errs: out, Logger: quiet(),
	}
	if change != nil {
		change(&opt)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{name: spec.Name, dir: dir, stop: stop, ended: make(chan struct{}), out: out}
	go func() {
		defer close(r.ended)
		r.err = agent.Run(ctx, opt)
	}()
	t.Cleanup(func() { stop(); <-r.ended })
	return r
}

func spec(name string) runtime.InstanceSpec {
	return runtime.InstanceSpec{Name: name, Pool: "gpu", Category: "gpu"}
}

func (b *bench) ready(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := b.Await(ctx, name); err != nil {
		t.Fatalf("%s is not ready: %v", name, err)
	}
}

// agent is what the office knows of an instance's.
func (b *bench) agent(name string) agents.Agent {
	for _, a := range b.Agents() {
		if a.Instance == name {
			return a
		}
	}
	return agents.Agent{}
}

func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func grant(name, claim string) runtime.Grant {
	return runtime.Grant{Claim: claim, Category: "gpu", Instance: runtime.Instance{Name: name}}
}

// learned are requests of a task type that read a dataset.
func learned(l *learn.Learner, n int, at time.Time, task, tenant, dataset string) {
	for i := range n {
		l.Finish(learn.Finished{At: at.Add(time.Duration(i) * time.Second), Category: "gpu", TaskType: task, Tenant: tenant, Dataset: dataset, Duration: time.Minute})
	}
}

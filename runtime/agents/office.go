package agents

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

// Options are what an Office is made of.
type Options struct {
	// Key is what tokens are derived from: wire.KeyBytes random bytes at least,
	// the same for all servers of a pool and after a restart.
	Key      []byte
	URL      string // at which agents reach the server; empty: what Reached says
	CA       string // file of certificates that they trust beside their system's; may be empty
	Settings wire.Settings
	Learner  *learn.Learner
	// DeliverTimeout bounds Deliver; zero is 30 s.
	DeliverTimeout time.Duration
	// Review is how often the plans of shadows are looked over, if there is
	// something new; zero is 5 s.
	Review time.Duration
	Logger *slog.Logger // nil is slog.Default
}

// An Office directs the agents of a server. Its methods may be called by any
// goroutine.
type Office struct {
	opt    Options
	closed chan struct{} // when Run has returned

	in    sync.Mutex
	inbox []finished    // requests that are to be learned from
	news  chan struct{} // has something when there are some

	mu       sync.Mutex
	sessions map[string]*session // by instance
	owed     owed
}

// ErrNoAgent is an instance whose agent does not answer.
var ErrNoAgent = errors.New("the instance's agent does not answer")

// mostSessions bounds the agents that are known at one time.
const mostSessions = 200_000

// New makes an office. The error says what is impossible in the options.
func New(opt Options) (*Office, error) {
	if len(opt.Key) < wire.KeyBytes {
		return nil, fmt.Errorf("agents: the key has %d bytes, want %d at least", len(opt.Key), wire.KeyBytes)
	}
	if opt.Learner == nil {
		return nil, errors.New("agents: no learner")
	}
	if err := opt.Settings.Validate(); err != nil {
		return nil, fmt.Errorf("agents: %w", err)
	}
	if opt.DeliverTimeout == 0 {
		opt.DeliverTimeout = 30 * time.Second
	}
	if opt.Review == 0 {
		opt.Review = 5 * time.Second
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	return &Office{opt: opt, closed: make(chan struct{}), news: make(chan struct{}, 1), sessions: make(map[string]*session)}, nil
}

// Reached says where the server is reached, unless the options do, and to whom
// it logs. To be called before the first instance, if at all.
func (o *Office) Reached(url string, log *slog.Logger) {
	if o.opt.URL == "" {
		o.opt.URL = url
	}
	o.opt.Logger = log
}

// Snapshot is what was learned, for the store.
func (o *Office) Snapshot() (json.RawMessage, error) { return o.opt.Learner.Snapshot() }

// Restore goes on with what was learned before.
func (o *Office) Restore(data json.RawMessage) error { return o.opt.Learner.Restore(data) }

// Environment is what the agent of an instance needs to know, by name. It has
// the instance's token, so it is for the instance's own environment and nobody
// else's.
func (o *Office) Environment(spec runtime.InstanceSpec) map[string]string {
	e := map[string]string{
		"SHADOWPOOL_AGENT_URL": o.opt.URL,
		"SHADOWPOOL_AGENT_TOKEN": wire.Token(o.opt.Key, wire.Identity{
			Name: spec.Name, Pool: spec.Pool, Category: spec.Category, Zone: spec.Zone, Tenant: spec.Tenant,
		}),
	}
	if o.opt.CA != "" {
		e["SHADOWPOOL_AGENT_CA"] = o.opt.CA
	}
	return e
}

// Run learns, and looks the plans over, until ctx ends, and then lets go of the
// agents that wait for orders. To be called once.
func (o *Office) Run(ctx context.Context) {
	defer close(o.closed)
	defer o.study()
	ticker := time.NewTicker(o.opt.Review)
	defer ticker.Stop()
	for known := int64(0); ; {
		select {
		case <-o.news:
			o.study()
		case <-ticker.C:
			o.expire(time.Now())
			if now := o.opt.Learner.Requests(); now != known {
				known = now
				o.review()
			}
		case <-ctx.Done():
			return
		}
	}
}

// Await waits until the agent of an instance says that it is ready, and returns
// the address at which it says that the instance is reached, if it knows.
func (o *Office) Await(ctx context.Context, name string) (address string, err error) {
	err = o.until(ctx, name, func(s *session) (bool, error) {
		address = s.address
		return s.ready, nil
	})
	return address, err
}

// until waits until a session of an instance meets a condition, which is looked
// at whenever something of it changes.
func (o *Office) until(ctx context.Context, name string, met func(*session) (bool, error)) error {
	for {
		o.mu.Lock()
		s := o.session(name)
		done, err := met(s)
		changed := s.changed
		s.waiting++
		o.mu.Unlock()
		if !done && err == nil {
			select {
			case <-changed:
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		o.mu.Lock()
		s.waiting--
		if s.waiting == 0 && s.id == "" && o.sessions[name] == s {
			delete(o.sessions, name) // none ever came
		}
		o.mu.Unlock()
		if done || err != nil {
			return err
		}
	}
}

// session is that of an instance, whose agent may not have registered yet.
func (o *Office) session(name string) *session {
	s := o.sessions[name]
	if s == nil {
		s = &session{name: name, changed: make(chan struct{})}
		o.sessions[name] = s
	}
	return s
}

// Deliver promotes an instance: its agent stops the predictive workload, applies
// the configuration of the request and starts the service that waits for it. It
// returns when all that is done, or with an error when it could not be, or when
// the agent does not answer in time (ErrNoAgent). To deliver the same claim
// again is no error.
func (o *Office) Deliver(ctx context.Context, g runtime.Grant, d Delivery) error {
	if err := d.wire().Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.opt.DeliverTimeout, ErrNoAgent)
	defer cancel()
	ordered := ""
	return o.until(ctx, g.Instance.Name, func(s *session) (bool, error) {
		if s.id == "" {
			return false, nil
		}
		if ordered != s.id { // to the agent as it is now
			ordered = s.id
			if s.applied != g.Claim {
				s.promote(&wire.Promotion{Claim: g.Claim, Tenant: d.Tenant, TaskType: d.TaskType, Delivery: d.wire()})
				o.owed.expect(g.Claim)
			}
		}
		switch {
		case s.applied == g.Claim:
			return true, nil
		case s.failed == g.Claim:
			return false, fmt.Errorf("the configuration could not be applied: %s", s.why)
		}
		return false, nil
	})
}

// Release tells the agent of an instance that goes on that its claim is over.
func (o *Office) Release(name, claim string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sessions[name]; s != nil && s.id != "" {
		s.order(wire.Order{Kind: wire.OrderRelease, Claim: claim})
	}
}

// Stop tells the agent of an instance to end it.
func (o *Office) Stop(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sessions[name]; s != nil && s.id != "" {
		s.order(wire.Order{Kind: wire.OrderStop})
	}
}

// Forget drops what is known of an instance that is gone.
func (o *Office) Forget(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(name)
}

func (o *Office) forget(name string) {
	if s := o.sessions[name]; s != nil {
		s.id = ""
		s.change()
		delete(o.sessions, name)
	}
}

// An Agent is one that is known.
type Agent struct {
	Instance string    `json:"instance"`
	Pool     string    `json:"pool"`
	State    string    `json:"state"`
	Claim    string    `json:"claim,omitempty"`
	Plan     string    `json:"plan,omitempty"` // its hash, hex
	Steps    int       `json:"steps"`          // of it
	Done     []Done    `json:"done,omitempty"`
	Heard    time.Time `json:"heard"`
}

// A Done step is one that an agent has reported.
type Done struct {
	wire.Step
	Error string `json:"error,omitempty"`
}

// Agents are those that are known, by name ascending.
func (o *Office) Agents() []Agent {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Agent, 0, len(o.sessions))
	for _, s := range o.sessions {
		if s.id == "" {
			continue
		}
		a := Agent{Instance: s.name, Pool: s.identity.Pool, State: s.state(), Claim: s.claim, Steps: len(s.plan.Steps), Done: slices.Clone(s.done), Heard: s.heard}
		if len(s.plan.Steps) > 0 {
			h := s.plan.Hash()
			a.Plan = hex.EncodeToString(h[:])
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Agent) int { return strings.Compare(a.Instance, b.Instance) })
	return all
}

// silence is how long an agent may say nothing until it is forgotten. One that is
// there after all registers anew.
const silence = 2 * time.Minute

func (o *Office) expire(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, s := range o.sessions {
		if s.id != "" && s.waiting == 0 && now.Sub(s.heard) > silence {
			delete(o.sessions, name)
		}
	}
	o.learn(o.owed.overdue(now))
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

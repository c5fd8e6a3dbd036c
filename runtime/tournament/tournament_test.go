package tournament

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/sim"
)

// quick is a provisioner whose instances are names and take two seconds.
type quick struct {
	mu   sync.Mutex
	gone map[string]chan struct{}
}

func (q *quick) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	select {
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
		return runtime.Instance{}, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	gone := make(chan struct{})
	q.gone[spec.Name] = gone
	return runtime.Instance{Name: spec.Name, Gone: gone}, nil
}

func (q *quick) Stop(_ context.Context, name string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if gone := q.gone[name]; gone != nil {
		close(gone)
		delete(q.gone, name)
	}
	return nil
}

func (q *quick) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

func (q *quick) List(context.Context) ([]string, error) { return nil, nil }

// TestBesideAHost: beside a live host the reckoning of reality is the host's own, the
// live policy's world is like reality, though it knows the lead time only from what it
// saw, and every request is forgotten in the end, those that were withdrawn too.
func TestBesideAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}, {Name: "two", LeadTime: time.Second, Reusable: true}}}
		live := specs(t, "static:level=2")[0]
		held, err := New(Options{Fleet: fleet, Live: live, Contenders: specs(t, "static:level=9,keepalive:ttl=1m"), Block: time.Minute, Observation: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		host, err := runtime.New(runtime.Options{
			Policy: live, Fleet: fleet, Provisioner: &quick{gone: map[string]chan struct{}{}}, Observers: []runtime.Observer{held},
			Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- host.Run(ctx) }()
		time.Sleep(10 * time.Second)
		for i := range 300 {
			patience := time.Hour
			if i%7 > 4 {
				patience = 300 * time.Millisecond // too short, if nothing is warm
			}
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				g, err := host.Claim(ctx, runtime.Request{Category: []string{"one", "two"}[i%2]})
				if err != nil {
					return
				}
				time.Sleep(time.Duration(i%7+1) * 1100 * time.Millisecond)
				if err := host.Release(t.Context(), g.Claim); err != nil {
					t.Error(err)
				}
			}()
			if time.Sleep(50 * time.Millisecond); i%7 == 6 { // crowds
				time.Sleep(8 * time.Second)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s := held.Status()
		of, err := host.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Broken != "" || s.Unknown > 0 || s.Dropped > 0 || len(held.requests) > 0 {
			t.Errorf("%+v, %d requests are kept", s, len(held.requests))
		}
		r := s.Real
		if r.Requests != of.Requests || r.Hits != of.Hits || r.Misses != of.Misses || r.Withdrawn != of.Withdrawn || r.Launches != of.Launches || math.Abs(r.WaitMeanS-of.WaitMeanS) > 1e-9 {
			t.Errorf("reckoned %+v of %+v", r, of)
		}
		if r.Withdrawn == 0 || r.Requests < 200 || r.Hits == r.Requests {
			t.Errorf("too little has happened: %+v", r)
		}
		model := s.Contenders[0]
		if !model.Live || math.Abs(model.HitRate-r.HitRate) > 0.02 || math.Abs(model.WasteS/r.WasteS-1) > 0.02 || math.Abs(model.WaitMeanS-r.WaitMeanS) > 0.02 {
			t.Errorf("modelled %+v, really %+v", model.Figures, r)
		}
		if s.LateS > 0 || s.Until.Before(time.Now().Add(-10*time.Second)) { // nothing has happened for a minute
			t.Errorf("until %v at %v, %v s behind", s.Until, time.Now(), s.LateS)
		}
		if n := s.Contenders[1]; n.Policy != "none" || !n.Baseline || n.Hits != 0 || n.SavedWaitS < 100 || n.SavedUSD > 0 {
			t.Errorf("%+v", n)
		}
		if more := s.Contenders[2]; more.HitRate <= model.HitRate || more.WasteS <= model.WasteS || more.SavedUSD <= 0 {
			t.Errorf("nine: %+v", more)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		held.Close()
		if !held.Status().Over {
			t.Error("it goes on without a host")
		}
	})
}

// TestFallsBehind: a loop that is faster than the tournament does not wait for it.
// What is left out is said, observations with holes do not count, and afterwards it goes
// on as if nothing had been.
func TestFallsBehind(t *testing.T) {
	src, fleet := day(t, policy.NoIsolation, policy.Late, sim.Constant(2*time.Minute))
	live := specs(t, "static:level=5")[0]
	all := happened(t, src, fleet, live)
	held, err := New(Options{
		Fleet: fleet.PolicyConfig(), Live: live, Contenders: specs(t, candidates), Buffer: 8, Block: time.Hour, Observation: time.Hour,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	hole := func(i int) bool { return i/1000%5 == 2 }
	for i := range all {
		if hole(i) {
			held.mu.Lock() // as if it computed
		}
		held.Observe(&all[i].Entry)
		for !hole(i) && len(held.notes) > 0 {
			time.Sleep(time.Microsecond)
		}
		if hole(i) && !hole(i+1) {
			for range 20 {
				held.Observe(&all[i].Entry)
			}
		}
		if hole(i) {
			held.mu.Unlock()
		}
	}
	held.Close()
	s := held.Status()
	if s.Broken != "" || s.Dropped == 0 || held.torn == 0 || s.Real != nil {
		t.Errorf("%+v", s)
	}
	if s.Lost == 0 || s.Observations == 0 || s.Lost+s.Observations != 24 {
		t.Errorf("%d observations count, %d do not", s.Observations, s.Lost)
	}
	if len(held.requests) > 0 {
		t.Errorf("%d requests are kept", len(held.requests))
	}
}

// TestForced: a world does not wait for ever for what is not known. The live pool never
// serves anyone, others do.
func TestForced(t *testing.T) {
	fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
	held, err := New(Options{Fleet: fleet, Live: specs(t, "static:level=1")[0], Contenders: specs(t, "static:level=5")})
	if err != nil {
		t.Fatal(err)
	}
	held.most = 100
	pool := policy.PoolID(0)
	for i := range int64(10_000) {
		id := policy.RequestID(i)
		held.Observe(&runtime.Entry{T: hour + i*int64(time.Second), Event: "arrive", Request: &id, Pool: &pool})
	}
	held.Close()
	if s := held.Status(); s.Broken != "" || s.LateS > 200 || s.Contenders[2].Requests < 9000 || len(held.inputs) > 300 {
		t.Errorf("%d inputs, %+v", len(held.inputs), s)
	}
}

// A contender that panics ends the tournament, not the server.
func TestBroken(t *testing.T) {
	fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
	held, err := New(Options{Fleet: fleet, Live: specs(t, "static:level=1")[0], Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	id, pool := policy.RequestID(1), policy.PoolID(7) // which there is not
	held.Observe(&runtime.Entry{T: 1, Event: "start"})
	held.Observe(&runtime.Entry{T: 2, Event: "arrive", Request: &id, Pool: &pool})
	held.Observe(&runtime.Entry{T: 3, Event: "timer"})
	held.Close()
	if s := held.Status(); s.Broken == "" {
		t.Errorf("%+v", s)
	}
}

func TestOptions(t *testing.T) {
	one := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
	for want, change := range map[string]func(*Options){
		"takes part twice":     func(o *Options) { o.Contenders = specs(t, "static:level=1") },
		"whole number":         func(o *Options) { o.Block, o.Observation = time.Hour, 90*time.Minute },
		"a minute":             func(o *Options) { o.Block = time.Second },
		"alpha":                func(o *Options) { o.Alpha = 1 },
		"too few":              func(o *Options) { o.Least = 1 },
		"margin":               func(o *Options) { o.Margin = Margin{0.1, time.Second} },
		"no policy":            func(o *Options) { o.Contenders = specs(t, "clairvoyance") },
		"worlds know nothing":  func(o *Options) { o.Fleet.Categories[0].Stages = make([]policy.Stage, 1) },
		"the fleet has no cat": func(o *Options) { o.Fleet.Categories = nil },
	} {
		o := Options{Fleet: policy.Config{Categories: append([]policy.Category(nil), one.Categories...)}, Live: specs(t, "static:level=1")[0]}
		change(&o)
		held, err := New(o)
		if err == nil {
			held.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) && want != "no policy" {
			t.Errorf("%s: %v", want, err)
		}
	}
}

var errRefused = errors.New("refused")

// BenchmarkObserve is what an event costs the loop.
func BenchmarkObserve(b *testing.B) {
	src, fleet := day(b, policy.NoIsolation, policy.Late, sim.Constant(2*time.Minute))
	live := specs(b, "static:level=5")[0]
	all := happened(b, src, fleet, live)
	held, err := New(Options{Fleet: fleet.PolicyConfig(), Live: live, Buffer: 1 << 22})
	if err != nil {
		b.Fatal(err)
	}
	held.mu.Lock() // nothing is carried out meanwhile
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		held.Observe(&all[i%len(all)].Entry)
	}
	b.StopTimer()
	held.broken = "enough"
	held.mu.Unlock()
	held.Close()
}

// BenchmarkContender is what a request costs the goroutine for each contender.
func BenchmarkContender(b *testing.B) {
	src, fleet := day(b, policy.NoIsolation, policy.Late, sim.Constant(2*time.Minute))
	live := specs(b, "static:level=5")[0]
	all := happened(b, src, fleet, live)
	for _, name := range []string{"static:level=9", "adaptive:hit_rate=0.9"} {
		b.Run(name, func(b *testing.B) {
			took := map[int]time.Duration{}
			for b.Loop() {
				for _, n := range []int{1, 9} {
					var list []policy.Spec
					for i := range n {
						list = append(list, specs(b, name)[0].With("level", fmt.Sprint(9+i)))
						if strings.HasPrefix(name, "adaptive") {
							list[i] = specs(b, fmt.Sprintf("adaptive:hit_rate=0.9%d", i))[0]
						}
					}
					held := hold(b, Options{Fleet: fleet.PolicyConfig(), Live: live, Contenders: list}, all)
					took[n] += held.busy
				}
			}
			b.ReportMetric(float64(took[9]-took[1])/8/float64(b.N)/float64(src.Len()), "ns/request")
		})
	}
}

package dashboard

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// holding is a view of a pool that holds the same always.
type holding struct{}

func (holding) Stock(policy.PoolID) policy.Stock   { return policy.Stock{Warm: 3, Launching: 1} }
func (holding) LevelOf(policy.PoolID) policy.Level { return policy.Hold(5) }

// life is what the loop tells of a request that hits: an arrival with its
// assignment and the launch of another, that becoming warm, the release, and
// the end.
func life() []*runtime.Entry {
	id, pool := policy.RequestID(1), policy.PoolID(0)
	decided := func(a policy.Action, why policy.Reason, request policy.RequestID, instance policy.InstanceID) runtime.Decision {
		return runtime.Decision{Record: policy.Record{Time: 1, Action: a, Reason: why, Request: request, Instance: instance}}
	}
	return []*runtime.Entry{
		{T: 1, Event: "arrive", Request: &id, Pool: &pool, Actions: []runtime.Decision{decided(policy.Assigned, policy.WasWarm, 1, 1), decided(policy.Launched, policy.ForLevel, -1, 2)}},
		{T: 2, Event: "warm", Instance: "2-0"},
		{T: 3, Event: "release", Instance: "1-0", Actions: []runtime.Decision{decided(policy.Ended, policy.SingleUse, -1, 1)}},
	}
}

// TestObserveDoesNotAllocate: the loop pays for counting with time only.
func TestObserveDoesNotAllocate(t *testing.T) {
	b := New(1)
	b.View(holding{})
	entries := life()
	if n := testing.AllocsPerRun(1000, func() {
		for _, e := range entries {
			b.Observe(e)
		}
	}); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// TestTallyIsBounded: there is an end to what a tally holds.
func TestTallyIsBounded(t *testing.T) {
	b := New(1)
	for i := range mostGroups + 10 {
		b.Observe(&runtime.Entry{Event: "timer", Actions: []runtime.Decision{{Record: policy.Record{Action: policy.Ended, Pool: policy.PoolID(i)}}}})
	}
	if n := len(b.take().groups); n != mostGroups {
		t.Errorf("%d groups", n)
	}
}

// BenchmarkObserve is what the loop pays for each event of a request that hits
// in one of so many pools, while nobody looks.
func BenchmarkObserve(b *testing.B) {
	for _, pools := range []int{1, 100} {
		b.Run(fmt.Sprintf("pools=%d", pools), func(b *testing.B) {
			board := New(pools)
			board.View(holding{})
			var all []*runtime.Entry
			for i := range pools {
				for _, e := range life() {
					if e.Pool != nil {
						*e.Pool = policy.PoolID(i)
					}
					for j := range e.Actions {
						e.Actions[j].Pool = policy.PoolID(i)
					}
					all = append(all, e)
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				board.Observe(all[i%len(all)])
			}
		})
	}
}

// BenchmarkClaim is a claim and its release, observed or not: the loop, without
// HTTP and without what instances cost.
func BenchmarkClaim(b *testing.B) {
	for _, observed := range []bool{false, true} {
		b.Run(fmt.Sprintf("observed=%v", observed), func(b *testing.B) {
			options := runtime.Options{
				Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "100"}}}, Provisioner: &names{gone: map[string]chan struct{}{}},
				Fleet:  policy.Config{Categories: []policy.Category{{Name: "one", Reusable: true, MaxInstances: 100}}},
				Logger: slog.New(slog.DiscardHandler),
			}
			board := New(1)
			if observed {
				options.Observers = []runtime.Observer{board}
			}
			host, err := runtime.New(options)
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- host.Run(ctx) }()
			if observed {
				go board.Run(context.Background(), host)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					g, err := host.Claim(ctx, runtime.Request{Tenant: "acme"})
					if err == nil {
						err = host.Release(ctx, g.Claim)
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
			stop()
			if err := <-ended; err != nil {
				b.Error(err)
			}
		})
	}
}

// BenchmarkLook is what a second costs outside the loop: the figures of so many
// pools, with all of the latest minutes.
func BenchmarkLook(b *testing.B) {
	for _, pools := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("pools=%d", pools), func(b *testing.B) {
			board := New(pools)
			status := runtime.Status{Pools: make([]runtime.PoolStatus, pools), UptimeS: 1000}
			at := time.Unix(1e9, 0)
			look := func() {
				for _, e := range life() {
					board.Observe(e)
				}
				at = at.Add(time.Second)
				board.enter(at, status)
			}
			for range 300 {
				look()
			}
			for b.Loop() {
				look()
			}
		})
	}
}

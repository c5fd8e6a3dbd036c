package runtime_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// metered are instances of which it is known what they use.
type metered struct {
	*memory
	// tell is what an instance uses that was made at an instant.
	tell func(made time.Time) runtime.Usage
	// each is what a look takes.
	each func(context.Context) error

	mu   sync.Mutex
	made map[string]time.Time
}

func (m *metered) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	made := time.Now()
	i, err := m.memory.Start(ctx, spec)
	if err != nil {
		return i, err
	}
	m.mu.Lock()
	m.made[spec.Name] = made
	m.mu.Unlock()
	i.Launch, i.WarmUp = time.Since(made)/4, time.Since(made)*3/4
	i.CPU = func() time.Duration { return m.tell(made).CPU }
	return i, nil
}

func (m *metered) Usage(ctx context.Context) (map[string]runtime.Usage, error) {
	all := map[string]runtime.Usage{}
	names, _ := m.List(ctx)
	m.mu.Lock()
	for _, name := range names {
		if made, ok := m.made[name]; ok {
			all[name] = m.tell(made)
		}
	}
	m.mu.Unlock()
	if m.each != nil {
		if err := m.each(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// with makes a bench's instances metered.
func with(tell func(made time.Time) runtime.Usage, each func(context.Context) error) func(*runtime.Options) {
	return func(o *runtime.Options) {
		o.Provisioner = &metered{memory: o.Provisioner.(*memory), tell: tell, each: each, made: map[string]time.Time{}}
	}
}

// aging uses a fifth of a processor, and a byte more each second.
func aging(made time.Time) runtime.Usage {
	age := time.Since(made)
	return runtime.Usage{
		CPU: age / 5, Memory: 1000 + int64(age/time.Second), Cached: 300, Read: runtime.Unknown, Written: 7,
	}
}

func TestUsage(t *testing.T) {
	onBench(t, "static:level=2", with(aging, nil), func(t *testing.T, b *bench) {
		time.Sleep(16 * time.Second)
		s := b.status(t)
		want := &runtime.ShadowUsage{
			At: s.Started.Add(15 * time.Second), Count: 2, MemoryMeanBytes: new(int64(1015)), MemoryMaxBytes: new(int64(1015)),
			CachedMeanBytes: new(int64(300)), WrittenMeanBytes: new(int64(7)),
		}
		if d := cmp.Diff(want, s.Pools[0].Shadows); d != "" {
			t.Errorf("after one look: %s", d)
		}
		g, err := b.claim(t, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second) // the second look: one serves, one is younger
		p := b.status(t).Pools[0]
		want.At, want.MemoryMeanBytes, want.MemoryMaxBytes = s.Started.Add(30*time.Second), new(int64(1022)), new(int64(1030))
		want.CPUShare = new(0.2) // of the older, which was there at the first look
		if d := cmp.Diff(want, p.Shadows); d != "" {
			t.Errorf("after two looks: %s", d)
		}
		wantBytes := &runtime.StateBytes{Launching: new(int64(0)), Idle: new(int64(1030 + 1014)), Serving: new(int64(1030))}
		if d := cmp.Diff(wantBytes, p.MemoryBytes); d != "" {
			t.Errorf("by state: %s", d)
		}
		// Idle ones had 1015 bytes, then 1022; the one that served 1030.
		if got, want := *p.MemoryShare, (1015+1022)/2./1030; got != want {
			t.Errorf("the share of memory is %v, want %v", got, want)
		}
		if got, want := *p.CPUS, (30+30+14)/5.; got != want {
			t.Errorf("all have used %v s, want %v", got, want)
		}
		if d := cmp.Diff(&runtime.Spans{Count: 3, MedianS: 0.25, P99S: 0.25}, p.Launch); d != "" {
			t.Errorf("launch: %s", d)
		}
		if d := cmp.Diff(&runtime.Spans{Count: 3, MedianS: 0.75, P99S: 0.75}, p.WarmUp); d != "" {
			t.Errorf("warm-up: %s", d)
		}
		if err := b.Release(t.Context(), g.Claim); err != nil {
			t.Fatal(err)
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		p = b.status(t).Pools[0]
		if p.Ended != 3 || p.Unclaimed != 2 {
			t.Errorf("%d have ended, %d of them unclaimed", p.Ended, p.Unclaimed)
		}
		// The older one was made at the start, the other when the claim came.
		if got, want := *p.UnclaimedCPUS, (31+15)/5.; got != want {
			t.Errorf("those that no one claimed have used %v s, want %v", got, want)
		}
	})
}

// TestUsageOfLost: an instance that died unclaimed was warmed in vain, too.
func TestUsageOfLost(t *testing.T) {
	onBench(t, "static:level=1", with(aging, nil), func(t *testing.T, b *bench) {
		time.Sleep(5 * time.Second)
		all, _ := b.memory.List(t.Context())
		_ = b.memory.Stop(t.Context(), all[0])
		time.Sleep(time.Millisecond)
		if p := b.status(t).Pools[0]; p.Ended != 1 || p.Unclaimed != 1 || p.UnclaimedCPUS == nil || *p.UnclaimedCPUS != 1 {
			t.Errorf("%+v", p)
		}
	})
}

// TestUsageMeetsClaim: what is seen of an instance that is claimed meanwhile
// says nothing of instances that serve.
func TestUsageMeetsClaim(t *testing.T) {
	slow := func(ctx context.Context) error {
		select {
		case <-time.After(2 * time.Second):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	onBench(t, "static:level=2", with(aging, slow), func(t *testing.T, b *bench) {
		time.Sleep(16 * time.Second) // a look has begun
		if _, err := b.claim(t, time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		p := b.status(t).Pools[0]
		if p.MemoryBytes == nil || *p.MemoryBytes.Serving != 1015 || *p.MemoryBytes.Idle != 1015 {
			t.Errorf("by state: %+v", p.MemoryBytes)
		}
		if p.Shadows == nil || p.Shadows.Count != 1 || p.MemoryShare != nil {
			t.Errorf("one was claimed while it was looked at, and the share is %v, %+v", p.MemoryShare, p.Shadows)
		}
	})
}

// TestUsageUnknown: what cannot be told is not zero.
func TestUsageUnknown(t *testing.T) {
	nothing := func(time.Time) runtime.Usage {
		return runtime.Usage{CPU: runtime.Unknown, Memory: runtime.Unknown, Cached: runtime.Unknown, Read: runtime.Unknown, Written: runtime.Unknown}
	}
	for name, change := range map[string]func(*runtime.Options){"no meter": nil, "nothing told": with(nothing, nil)} {
		t.Run(name, func(t *testing.T) {
			onBench(t, "static:level=1", change, func(t *testing.T, b *bench) {
				time.Sleep(40 * time.Second)
				if _, err := b.claim(t, time.Second); err != nil {
					t.Fatal(err)
				}
				time.Sleep(40 * time.Second)
				all, _ := b.memory.List(t.Context())
				for _, name := range all {
					_ = b.memory.Stop(t.Context(), name)
				}
				time.Sleep(time.Millisecond)
				p := b.status(t).Pools[0]
				if p.Ended != 2 || p.Unclaimed != 1 {
					t.Errorf("%d have ended, %d of them unclaimed", p.Ended, p.Unclaimed)
				}
				if p.CPUS != nil || p.UnclaimedCPUS != nil || p.MemoryShare != nil {
					t.Errorf("nothing is known, and they use %+v", p)
				}
				if u := p.Shadows; u != nil && *u != (runtime.ShadowUsage{At: u.At, Count: 1}) {
					t.Errorf("nothing is known, and shadows use %+v", u)
				}
				if m := p.MemoryBytes; m != nil && (m.Idle != nil || m.Serving != nil) {
					t.Errorf("nothing is known, and they hold %+v", m)
				}
			})
		})
	}
}

// TestLookFails: it is told, the pool goes on, and the next look is taken.
func TestLookFails(t *testing.T) {
	looks := 0
	each := func(ctx context.Context) error {
		switch looks++; looks {
		case 1:
			return errors.New("no /proc")
		case 2: // as long as it may
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	}
	onBench(t, "static:level=1", with(aging, each), func(t *testing.T, b *bench) {
		time.Sleep(16 * time.Second)
		if s := b.status(t); s.UsageError != "no /proc" || s.UsageAt != nil || s.Pools[0].Shadows != nil {
			t.Errorf("%+v", s)
		}
		time.Sleep(15 * time.Second)
		if g, err := b.claim(t, time.Second); err != nil || g.Outcome != policy.Hit {
			t.Errorf("while a look hung: %+v, %v", g, err)
		}
		time.Sleep(5 * time.Second)
		if s := b.status(t); s.UsageError != context.DeadlineExceeded.Error() {
			t.Errorf("%+v", s)
		}
		time.Sleep(15 * time.Second)
		if s := b.status(t); s.UsageError != "" || s.UsageAt == nil || !s.UsageAt.Equal(s.Started.Add(45*time.Second)) || s.Pools[0].Shadows == nil {
			t.Errorf("%+v", s)
		}
	})
}

package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// second is the lead time of these tests' instances.
const second = time.Second

// A bench is a host on a clock that jumps, with what it records.
type bench struct {
	*runtime.Host
	memory *memory
	events bytes.Buffer
	stop   context.CancelFunc
	ended  chan error
}

// onBench runs a test against a host. At its end the host must stop, leave no
// instance, and have a log that verifies.
func onBench(t *testing.T, list string, change func(*runtime.Options), test func(*testing.T, *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{memory: newMemory(second), ended: make(chan error, 1)}
		opt := runtime.Options{
			Policy: spec(t, list), Provisioner: b.memory, StopTimeout: 10 * second,
			Fleet:     policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: second}}},
			Recording: runtime.Recording{Events: &b.events},
			Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		}
		if change != nil {
			change(&opt)
		}
		host, err := runtime.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		b.Host = host
		ctx, stop := context.WithCancel(t.Context())
		b.stop = stop
		go func() { b.ended <- host.Run(ctx) }()
		synctest.Wait()
		test(t, b)
		stop()
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		if left, _ := b.memory.List(t.Context()); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if _, err := runtime.Verify(&b.events); err != nil {
			t.Error(err)
		}
	})
}

func (b *bench) claim(t *testing.T, within time.Duration) (runtime.Grant, error) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return b.Claim(ctx, runtime.Request{Category: "one"})
}

func (b *bench) status(t *testing.T) runtime.Status {
	t.Helper()
	s, err := b.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHitAndWait(t *testing.T) {
	onBench(t, "static:level=1", nil, func(t *testing.T, b *bench) {
		time.Sleep(second / 2)
		first, err := b.claim(t, 5*second) // ordered before it came
		if err != nil || first.Outcome != policy.PartialHit || first.Wait.Round(time.Microsecond) != second/2 {
			t.Errorf("first: %+v, %v", first, err)
		}
		second, err := b.claim(t, 5*second) // by the launch that the first one caused
		if err != nil || second.Outcome != policy.PartialHit {
			t.Errorf("second: %+v, %v", second, err)
		}
		time.Sleep(2 * time.Second)
		third, err := b.claim(t, time.Second)
		if err != nil || third.Outcome != policy.Hit || third.Wait != 0 || third.Instance.Address == "" {
			t.Errorf("third: %+v, %v", third, err)
		}
		for _, g := range []runtime.Grant{first, second, third} {
			if err := b.Release(t.Context(), g.Claim); err != nil {
				t.Error(err)
			}
			if err := b.Release(t.Context(), g.Claim); !errors.Is(err, runtime.ErrNoClaim) {
				t.Errorf("released twice: %v", err)
			}
		}
		if s := b.status(t); s.Hits != 1 || s.PartialHits != 2 || s.Requests != 3 || s.Terminations != 3 || s.Pools[0].InUse != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestDeadline: a request that is not served in time leaves nothing.
func TestDeadline(t *testing.T) {
	onBench(t, "none", nil, func(t *testing.T, b *bench) {
		if _, err := b.claim(t, second/2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want that the deadline passed", err)
		}
		if s := b.status(t); s.Withdrawn != 1 || s.Pools[0].Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWarmth: who requires a warm instance is refused without one, who wants
// none waits for its own; the log says so and verifies.
func TestWarmth(t *testing.T) {
	onBench(t, "static:level=1", nil, func(t *testing.T, b *bench) {
		ask := func(w policy.Warmth) (runtime.Grant, error) {
			return b.Claim(t.Context(), runtime.Request{Category: "one", Warm: w})
		}
		if _, err := ask(policy.RequireWarm); !errors.Is(err, runtime.ErrNotWarm) {
			t.Errorf("%v, want that nothing is warm", err)
		}
		time.Sleep(2 * second)
		own, err := ask(policy.NeverWarm)
		if err != nil || own.Reason != policy.OwnLaunch || own.Wait.Round(time.Microsecond) != second {
			t.Errorf("%+v, %v", own, err)
		}
		warm, err := ask(policy.RequireWarm)
		if err != nil || warm.Outcome != policy.Hit || warm.Instance.Name == own.Instance.Name {
			t.Errorf("%+v, %v", warm, err)
		}
		for _, g := range []runtime.Grant{own, warm} {
			if err := b.Release(t.Context(), g.Claim); err != nil {
				t.Error(err)
			}
		}
		if s := b.status(t); s.Refused != 1 || s.Requests != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestMaximumAge: instances are replaced before they are too old, and the log
// knows their lifecycle.
func TestMaximumAge(t *testing.T) {
	age := func(o *runtime.Options) {
		o.Fleet.Categories[0].Lifecycle = policy.Lifecycle{MaxAge: 5 * time.Minute, MinRemaining: time.Minute, Stale: policy.ForbidStale}
	}
	onBench(t, "static:level=3", age, func(t *testing.T, b *bench) {
		time.Sleep(2 * second)
		for range 60 {
			if s := b.status(t); s.Pools[0].Warm < 3 {
				t.Errorf("%+v", s)
			}
			time.Sleep(time.Minute)
		}
		if s := b.status(t); s.Launches < 3*13 || s.Launches != s.Terminations+int64(s.Pools[0].Warm+s.Pools[0].Launching) {
			t.Errorf("%+v", s)
		}
	})
}

// TestGrantMeetsCancel: whichever comes first, no instance stays in use.
func TestGrantMeetsCancel(t *testing.T) {
	onBench(t, "static:level=1", nil, func(t *testing.T, b *bench) {
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(second, cancel)
			g, err := b.Claim(ctx, runtime.Request{Category: "one"})
			if err == nil {
				err = b.Release(t.Context(), g.Claim)
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			cancel()
			synctest.Wait()
			if s := b.status(t); s.Pools[0].InUse+s.Pools[0].Waiting != 0 {
				t.Fatalf("%+v", s)
			}
			time.Sleep(second / 3)
		}
	})
}

func TestRefusals(t *testing.T) {
	byTenant := func(o *runtime.Options) {
		o.Fleet.Isolation = policy.ByTenant
		o.Fleet.Categories = append(o.Fleet.Categories, policy.Category{Name: "two"})
		o.Limits = runtime.Limits{Waiting: 2, Names: 3, NameBytes: 10}
	}
	onBench(t, "none", byTenant, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 2 {
			go b.Claim(ctx, runtime.Request{Category: "one", Tenant: fmt.Sprint(i)})
		}
		synctest.Wait()
		for _, tt := range []struct {
			request runtime.Request
			want    string
		}{
			{runtime.Request{Category: "three", Tenant: "t"}, "known are one, two"},
			{runtime.Request{Tenant: "t"}, "known are one, two"},
			{runtime.Request{Category: "one"}, "must name its tenant"},
			{runtime.Request{Category: "one", Tenant: "01234567890"}, "at most 10"},
			{runtime.Request{Category: "one", Tenant: "t"}, runtime.ErrFull.Error()},
		} {
			if _, err := b.Claim(ctx, tt.request); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v: %v, want %q", tt.request, err, tt.want)
			}
		}
		cancel()
		synctest.Wait()
		// "0" and "1" have numbers, and one more was to be had.
		for tenant, known := range map[string]bool{"0": true, "new": true} {
			_, err := b.Claim(expired(t), runtime.Request{Category: "one", Tenant: tenant})
			if got := errors.Is(err, context.DeadlineExceeded); got != known {
				t.Errorf("tenant %s: %v", tenant, err)
			}
		}
		var bad *runtime.BadRequest
		if _, err := b.Claim(t.Context(), runtime.Request{Category: "one", Tenant: "newer"}); !errors.As(err, &bad) || bad.Field != "tenant" {
			t.Errorf("a tenant too many: %v", err)
		}
		if err := b.Release(t.Context(), "deadbeef-0"); !errors.Is(err, runtime.ErrNoClaim) {
			t.Errorf("another server's claim: %v", err)
		}
	})
}

// expired ends soon, and long before an instance can be warm.
func expired(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestFailedLaunches(t *testing.T) {
	tick := func(o *runtime.Options) { o.Fleet.Tick = 100 * time.Millisecond }
	onBench(t, "static:level=2", tick, func(t *testing.T, b *bench) {
		b.memory.breakCategory("one", true)
		first, err := b.claim(t, 5*second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * second)
		b.memory.mu.Lock()
		starts := b.memory.starts
		b.memory.mu.Unlock()
		if s := b.status(t); s.FailedLaunches < 2 || s.FailedLaunches > 12 || int64(starts) != s.Launches {
			t.Errorf("%d launches in 10 s failed of %d: it does not back off, or gives up", s.FailedLaunches, starts)
		}
		b.memory.breakCategory("one", false)
		time.Sleep(10 * second)
		if s := b.status(t); s.Pools[0].Warm != 2 {
			t.Errorf("not recovered: %+v", s)
		}
		if err := b.Release(t.Context(), first.Claim); err != nil {
			t.Error(err)
		}
	})
}

func TestLost(t *testing.T) {
	onBench(t, "static:level=1", nil, func(t *testing.T, b *bench) {
		g, err := b.claim(t, 5*second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * second)
		all, _ := b.memory.List(t.Context())
		for _, name := range all { // one serves, one is idle
			_ = b.memory.Stop(t.Context(), name)
		}
		synctest.Wait()
		if s := b.status(t); s.Lost != 2 || s.Pools[0].InUse != 0 || s.Pools[0].Launching != 1 {
			t.Errorf("%+v", s)
		}
		if err := b.Release(t.Context(), g.Claim); !errors.Is(err, runtime.ErrNoClaim) {
			t.Errorf("released what was lost: %v", err)
		}
	})
}

func TestStop(t *testing.T) {
	onBench(t, "static:level=1", nil, func(t *testing.T, b *bench) {
		g, err := b.claim(t, 5*second)
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() {
			w, err := b.claim(t, 5*second)
			if err == nil {
				err = b.Release(t.Context(), w.Claim)
			}
			waited <- err
		}()
		synctest.Wait()
		b.stop()
		synctest.Wait()
		if _, err := b.claim(t, second); !errors.Is(err, runtime.ErrDraining) {
			t.Errorf("claimed while draining: %v", err)
		}
		if err := <-waited; err != nil {
			t.Errorf("it waited before the stop: %v", err)
		}
		select {
		case <-b.Done():
			t.Error("stopped although a claim is held")
		default:
		}
		if err := b.Release(t.Context(), g.Claim); err != nil {
			t.Error(err)
		}
		<-b.Done()
		if _, err := b.Status(t.Context()); !errors.Is(err, runtime.ErrStopped) {
			t.Errorf("status after the end: %v", err)
		}
	})
}

// TestStopAtOnce: claims that are never released do not keep a host, and
// after Hurry not even for its time-out.
func TestStopAtOnce(t *testing.T) {
	for _, hurry := range []bool{false, true} {
		onBench(t, "none", nil, func(t *testing.T, b *bench) {
			if _, err := b.claim(t, 5*second); err != nil {
				t.Fatal(err)
			}
			waits := make(chan error, 1)
			b.memory.lead = time.Hour
			go func() {
				_, err := b.claim(t, time.Hour)
				waits <- err
			}()
			synctest.Wait()
			began := time.Now()
			b.stop()
			synctest.Wait()
			if hurry {
				b.Hurry()
			}
			<-b.Done()
			if err := <-waits; !errors.Is(err, runtime.ErrStopped) {
				t.Errorf("the one who waits is told %v", err)
			}
			if took := time.Since(began); hurry && took > 0 || !hurry && took != 10*second {
				t.Errorf("hurry %v: stopping took %v", hurry, took)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	onBench(t, "static:level=3", nil, func(t *testing.T, b *bench) {
		time.Sleep(2 * second)
		for range 2 { // twice is once
			if err := b.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := b.status(t); !s.Draining || s.Pools[0].Warm != 0 || s.Terminations != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRecordingFails: serving goes on, and the error is told.
func TestRecordingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, err := runtime.New(runtime.Options{
			Policy: spec(t, "static:level=1"), Provisioner: newMemory(second),
			Fleet:     policy.Config{Categories: []policy.Category{{Name: "one"}}},
			Recording: runtime.Recording{LeadTimes: &failAfter{2, &bytes.Buffer{}}},
			Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- host.Run(ctx) }()
		for range 3 {
			g, err := host.Claim(ctx, runtime.Request{})
			if err != nil {
				t.Fatal(err)
			}
			if err := host.Release(ctx, g.Claim); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := host.Status(ctx); err != nil || !strings.Contains(s.RecordingError, "disk is full") {
			t.Errorf("status says %q, %v", s.RecordingError, err)
		}
		stop()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("run ends with %v", err)
		}
	})
}

// failAfter lets some writes through.
type failAfter struct {
	left int
	to   *bytes.Buffer
}

func (f *failAfter) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("the disk is full")
	}
	return f.to.Write(b)
}

func TestOptions(t *testing.T) {
	good := func() runtime.Options {
		return runtime.Options{
			Policy: policy.Spec{Name: "none"}, Provisioner: newMemory(0),
			Fleet: policy.Config{Categories: []policy.Category{{Name: "a"}, {Name: "b"}}},
		}
	}
	for want, change := range map[string]func(*runtime.Options){
		"no provisioner":     func(o *runtime.Options) { o.Provisioner = nil },
		"limit is negative":  func(o *runtime.Options) { o.Limits.Waiting = -1 },
		"usage interval":     func(o *runtime.Options) { o.UsageInterval = 99 * time.Millisecond },
		"there is no policy": func(o *runtime.Options) { o.Policy.Name = "oracle" },
		"adapt time": func(o *runtime.Options) {
			o.Fleet.Categories[0].Compatible = []policy.Compatible{{Pool: 1, Adapt: second}}
		},
		"spot or stopped": func(o *runtime.Options) {
			o.Fleet.Categories[1].Spot = &policy.SpotTerms{}
		},
		"\"a\" has spot or stopped": func(o *runtime.Options) {
			o.Fleet.Categories[0].Stopped = &policy.StoppedTerms{}
		},
		"no category":          func(o *runtime.Options) { o.Fleet.Categories = nil },
		"1 places for 2 pools": func(o *runtime.Options) { o.Places = []config.Place{{Category: "a"}} },
	} {
		o := good()
		change(&o)
		if _, err := runtime.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := runtime.New(good()); err != nil {
		t.Error(err)
	}
}

// TestLearnsLeadTimes: what launches really take reaches the policy, which
// holds more where that is longer than configured. One that knew only of the
// orders would hold much of either, for launches that seem to take for ever.
func TestLearnsLeadTimes(t *testing.T) {
	level := func(real time.Duration) (level int32) {
		onBench(t, "adaptive:hit_rate=0.9", nil, func(t *testing.T, b *bench) {
			b.memory.lead = real
			for range 400 {
				g, err := b.claim(t, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				if err := b.Release(t.Context(), g.Claim); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * second)
			}
			level = b.status(t).Pools[0].Level
		})
		return level
	}
	if asConfigured, longer := level(second), level(40*second); asConfigured > 2 || longer < 2*asConfigured {
		t.Errorf("it holds %d where launches take 40 s, and %d where they take the configured second", longer, asConfigured)
	}
}

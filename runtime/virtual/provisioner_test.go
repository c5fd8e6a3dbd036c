package virtual_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/provisionertest"
	"shadowpool/runtime/virtual"
)

func TestConformance(t *testing.T) {
	provisionertest.Run(t, func(*testing.T) provisionertest.Fixture {
		p := virtual.New(func(spec runtime.InstanceSpec) (time.Duration, error) {
			switch spec.Category {
			case "slow":
				return 200 * time.Millisecond, nil
			case "broken":
				return time.Millisecond, fmt.Errorf("the image is not there")
			case "full":
				return time.Millisecond, fmt.Errorf("zone a: %w", runtime.ErrNoCapacity)
			}
			return 5 * time.Millisecond, nil
		})
		f := provisionertest.Fixture{
			Category: "x", Broken: "broken", Slow: "slow", SlowTakes: 200 * time.Millisecond,
			Refused: map[string]error{"full": runtime.ErrNoCapacity},
			Kill:    func(i runtime.Instance) error { return p.Stop(context.Background(), i.Name) },
			Restart: func() (runtime.Provisioner, error) {
				p = p.Restart()
				return p, nil
			},
			Left: func() ([]string, error) { return p.List(context.Background()) },
		}
		f.Provisioner = p
		return f
	})
}

// TestDrawn: lead times depend on seed and name, not on the order of launches.
func TestDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draw := func(r *rand.Rand) time.Duration { return time.Second + time.Duration(r.Int64N(1e9)) }
		lead := func(seed uint64, names ...string) []time.Duration {
			p := virtual.New(virtual.Drawn(seed, draw))
			var all []time.Duration
			for _, n := range names {
				began := time.Now()
				i, err := p.Start(t.Context(), runtime.InstanceSpec{Name: n})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != i.Launch || took < time.Second || took >= 2*time.Second {
					t.Errorf("%s took %v, and says %v", n, took, i.Launch)
				}
				all = append(all, i.Launch)
			}
			return all
		}
		a, b, other := lead(1, "a", "b"), lead(1, "b", "a"), lead(2, "a", "b")
		if a[0] != b[1] || a[1] != b[0] {
			t.Errorf("%v, and in another order %v", a, b)
		}
		if a[0] == a[1] || a[0] == other[0] {
			t.Errorf("%v, and of another seed %v", a, other)
		}
	})
}

// BenchmarkStart is a launch and an end, beside 10,000 others.
func BenchmarkStart(b *testing.B) {
	p := virtual.New(virtual.Constant(0))
	for n := range 10_000 {
		if _, err := p.Start(b.Context(), runtime.InstanceSpec{Name: fmt.Sprint("idle-", n)}); err != nil {
			b.Fatal(err)
		}
	}
	var number atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(b *testing.PB) {
		for b.Next() {
			name := fmt.Sprint("x-", number.Add(1))
			if _, err := p.Start(context.Background(), runtime.InstanceSpec{Name: name}); err != nil {
				panic(err)
			}
			_ = p.Stop(context.Background(), name)
		}
	})
}

package policy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Services of 10 s have a mean residual of 5 s. Of 4 in use the releases are
// expected after 5/4, then 5/3, 5/2 and 5 s more: 1.25, 2.92, 5.42 and 10.42 s,
// three of them within a lead time of 6 s, so that of 5 waiting 2 launch.
func TestCidreByHand(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", LeadTime: 6 * time.Second, Reusable: true}, {Name: "b", LeadTime: 6 * time.Second}}}
	c := buildSizer(t, "cidre", config)
	if l := c.Arrive(0, Request{}, Stock{InUse: 4, Waiting: 1}); l.Stock != 0 {
		t.Errorf("before any release %+v", l)
	}
	for p := range PoolID(2) {
		for range 3 {
			c.(*Cidre).Release(0, p, int64(10*time.Second), Stock{})
		}
	}
	for inUse, want := range []int32{0, -1, -1, -2, -3, -3} {
		if l := c.Arrive(0, Request{}, Stock{InUse: int32(inUse), Waiting: 5}); l.Stock != want {
			t.Errorf("%d in use: level %d, want %d", inUse, l.Stock, want)
		}
	}
	if l := c.Arrive(0, Request{Pool: 1}, Stock{InUse: 4, Waiting: 5}); l.Stock != 0 {
		t.Errorf("single-use instances: %+v", l)
	}
}

// What is learned is the mean residual service at a random instant.
func TestCidreLearnsResidualService(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	c := buildSizer(t, "cidre", Config{Categories: []Category{{Name: "a", LeadTime: time.Second, Reusable: true}}}).(*Cidre)
	const n = 3000
	var ends [n]float64 // of services one after the other, s
	end := 0.0
	for i := range ends {
		span := rng.ExpFloat64() * (10 + 20*float64(i%2))
		end += span
		ends[i] = end
		c.Release(0, 0, int64(span*1e9), Stock{})
	}
	sum, from := 0.0, ends[n-1000] // the rest is forgotten by then
	for range 20000 {
		at := from + rng.Float64()*(end-from)
		i, _ := slices.BinarySearch(ends[:], at)
		sum += ends[i] - at
	}
	p := c.Pools[0]
	if got, want := p.Squared/(2*p.Served), sum/20000; math.Abs(got-want) > 0.15*want {
		t.Errorf("mean residual %.2f s, sampled %.2f s", got, want)
	}
}

// A request that comes while another is nearly served waits for the release;
// where services are long it launches.
func TestCidreWaitsForReleases(t *testing.T) {
	for _, c := range []struct {
		served   time.Duration
		launches int
	}{{10 * time.Second, 1}, {1000 * time.Second, 2}} {
		v := newVisitor(t, "cidre:ttl=1h", 30*time.Second, 1)
		for range 5 {
			v.visit(v.now+1, 0, c.served)
		}
		v.ctrl.Arrive(v.now, Request{ID: -1})
		v.ctrl.Arrive(v.now, Request{ID: -2})
		if v.launch != c.launches {
			t.Errorf("services of %v: %d launches, want %d", c.served, v.launch, c.launches)
		}
	}
}

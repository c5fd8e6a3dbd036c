package profile

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func took(stage, key ID, s float64) *Observation {
	return &Observation{Duration: -1, Stages: []StageTime{{Stage: stage, Key: key, Took: time.Duration(s * 1e9)}}}
}

// Keys whose means are normal, and times that are normal around them: the
// estimate is near the best there is, which knows both variances, and better
// than the key's mean and the stage's mean (James and Stein 1961).
func TestLatencyShrinks(t *testing.T) {
	for _, c := range []struct {
		name            string
		within, between float64
	}{{"keys differ", 2, 6}, {"as much", 4, 4}, {"keys hardly differ", 6, 1}, {"keys are the same", 5, 0}} {
		var own, stage, best, got float64
		for seed := range uint64(10) {
			rng := rand.New(rand.NewPCG(seed, 9))
			h := newHistory(t)
			const keys = 200
			var means [keys + 1]float64
			for k := range means {
				means[k] = 40 + c.between*rng.NormFloat64()
			}
			var sum, n [keys + 1]float64
			zipf := rand.NewZipf(rng, 1.3, 4, keys-1)
			for range 1500 {
				k := 1 + zipf.Uint64()
				x := means[k] + c.within*rng.NormFloat64()
				sum[k] += x
				n[k]++
				h.Observe(took(1, ID(k), x))
			}
			for k := 1; k <= keys; k++ {
				l, ok := h.Latency(1, ID(k))
				if !ok {
					t.Fatal("unknown")
				}
				ideal := 40.0
				if n[k] > 0 {
					near(t, "times of a key", l.Requests, n[k])
					w := n[k] / (n[k] + c.within*c.within/max(c.between*c.between, 1e-12))
					ideal += w * (sum[k]/n[k] - 40)
					own += (sum[k]/n[k] - means[k]) * (sum[k]/n[k] - means[k])
				} else {
					own += (l.Stage - means[k]) * (l.Stage - means[k])
				}
				stage += (l.Stage - means[k]) * (l.Stage - means[k])
				best += (ideal - means[k]) * (ideal - means[k])
				got += (l.Seconds - means[k]) * (l.Seconds - means[k])
			}
		}
		t.Logf("%s: squared errors: key's mean %.0f, stage's %.0f, best %.0f, ours %.0f", c.name, own, stage, best, got)
		if got > 0.9*own && own > 1.2*best || got > 1.02*stage+300 || got > 1.35*best+300 {
			t.Errorf("%s: squared errors: key's mean %.0f, stage's %.0f, best %.0f, ours %.0f", c.name, own, stage, best, got)
		}
	}
}

// The estimate of few times, worked out from its definition.
func TestLatencyByDefinition(t *testing.T) {
	times := []struct {
		key ID
		s   float64
	}{{1, 10}, {2, 21}, {1, 12}, {3, 33}, {2, 20}, {2, 23}, {3, 30}, {1, 11}}
	h := newHistory(t)
	var mean, squares, within, repeats float64
	sums, counts := map[ID]float64{}, map[ID]float64{}
	for _, x := range times {
		h.Observe(took(1, x.key, x.s))
		mean += x.s / float64(len(times))
		if n := counts[x.key]; n > 0 {
			within += (x.s - sums[x.key]/n) * (x.s - (sums[x.key]+x.s)/(n+1))
			repeats++
		}
		sums[x.key] += x.s
		counts[x.key]++
	}
	for _, x := range times {
		squares += (x.s - mean) * (x.s - mean)
	}
	within = (within + prior*squares/float64(len(times))) / (repeats + prior)
	for key := ID(1); key <= 3; key++ {
		across, changes := 0.0, 0.0
		for i := 1; i < len(times); i++ {
			a, b := times[i-1], times[i]
			if a.key != b.key && a.key != key && b.key != key {
				across += (a.s - b.s) * (a.s - b.s) / 2
				changes++
			}
		}
		between := max(across-changes*within, 0) / (changes + prior)
		ratio := min(within/between, mostPrior)
		n := counts[key]
		want := mean + n/(n+ratio)*(sums[key]/n-mean)
		l, _ := h.Latency(1, key)
		near(t, "latency", l.Seconds, want)
	}
}

// One slow time does not make a key slow; many do. A key that was not seen is
// as the others; a stage that was not seen is unknown.
func TestLatencyOfFew(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	h := newHistory(t)
	for i := range 2000 {
		h.Observe(took(1, ID(1+i%20), 10+2*rng.NormFloat64()))
	}
	h.Observe(took(1, 50, 300))
	if l, _ := h.Latency(1, 50); l.Seconds > 30 || math.Abs(l.Requests-1) > 1e-9 {
		t.Errorf("after one time of 300 s: %+v", l)
	}
	for range 2000 {
		h.Observe(took(1, 50, 300+5*rng.NormFloat64()))
		h.Observe(took(1, 3, 10))
	}
	if l, _ := h.Latency(1, 50); math.Abs(l.Seconds-300) > 5 {
		t.Errorf("after 2000 times of 300 s: %+v", l)
	}
	for _, key := range []ID{0, 99} {
		if l, ok := h.Latency(1, key); !ok || l.Seconds != l.Stage || l.Requests != 0 {
			t.Errorf("key %d: %+v, %v", key, l, ok)
		}
	}
	if _, ok := h.Latency(2, 50); ok {
		t.Error("a stage that was never seen is known")
	}
	// The first time of all is all that is known.
	h = newHistory(t)
	h.Observe(took(1, 1, 7))
	if l, ok := h.Latency(1, 1); !ok || l.Seconds != 7 {
		t.Errorf("%+v, %v", l, ok)
	}
}

// The components of variance are unbiased, by many small samples with equal
// weights, less the prior of four: within as drawn, between as drawn.
func TestVarianceComponents(t *testing.T) {
	var within, repeats, across, changes float64
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 3))
		h := newHistory(t)
		var means [5]float64
		for k := range means {
			means[k] = 100 + 3*rng.NormFloat64()
		}
		for range 12 {
			k := rng.IntN(len(means))
			h.Observe(took(1, ID(k+1), means[k]+2*rng.NormFloat64()))
		}
		g := h.Stages.Rows[0]
		within += g.Within
		repeats += g.Repeats
		across += g.Across
		changes += g.Changes
	}
	if got := within / repeats; math.Abs(got/4-1) > 0.05 {
		t.Errorf("within keys %.2f, want 4", got)
	}
	if got := across / changes; math.Abs(got/13-1) > 0.05 {
		t.Errorf("across keys %.2f, want 4 + 9", got)
	}
}

// Needs name the stages with their times; a pair's own count more.
func TestStageNeeds(t *testing.T) {
	h := newHistory(t)
	observe := func(n int, tenant ID, s float64) {
		for range n {
			o := took(1, 0, s)
			o.TaskType, o.Tenant = 1, tenant
			h.Observe(o)
		}
	}
	observe(4, 1, 10)
	observe(12, 2, 30)
	n := h.Needs(1, 1)
	if len(n.Stages) != 1 {
		t.Fatalf("%+v", n.Stages)
	}
	// All and the task type: 25. The pair: 4 of 10 and 4 of 25.
	near(t, "seconds", n.Stages[0].Seconds, 17.5)
	near(t, "seconds", h.Needs(1, 2).Stages[0].Seconds, (12*30+4*25)/16.)
	// Zeros are times too.
	h = newHistory(t)
	observe(3, 1, 0)
	observe(1, 1, 8)
	near(t, "seconds", h.Needs(1, 1).Stages[0].Seconds, 2)
}

package profile

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The mix by hand: a request of two datasets asks for two targets, one of none
// for the image alone. Of 9 requests 5 ask for the first: the longest memory
// expects 5/10 with one unknown request, the others join it as four requests.
func TestMix(t *testing.T) {
	h := newHistory(t)
	for range 5 {
		h.Observe(&Observation{TaskType: 1, Image: 2, Tenant: 7, Datasets: []Use{{Dataset: 3}, {Dataset: 4, Private: true}, {Dataset: 3}}})
	}
	for range 4 {
		h.Observe(&Observation{TaskType: 1, Image: 2})
	}
	targets := []Target{{Image: 2, TaskType: 1, Dataset: 3}, {Image: 2, TaskType: 1, Dataset: 4, Tenant: 7}, {Image: 2, TaskType: 1}}
	weights := h.Targets.weights()
	near(t, "weights in sum", weights[0]+weights[1]+weights[2], 1)
	mix := h.Mix(10)
	if len(mix) != len(targets) {
		t.Fatalf("%+v", mix)
	}
	for i, n := range []float64{5, 5, 4} {
		if mix[i].Target != targets[i] {
			t.Errorf("%d: %+v, want %+v", i, mix[i].Target, targets[i])
		}
		first := n / 10
		second := (n + 4*first) / 13
		third := (n + 4*second) / 13
		near(t, "share", mix[i].Share, weights[0]*first+weights[1]*second+weights[2]*third)
	}
	if got := h.Mix(1); len(got) != 1 || got[0] != mix[0] {
		t.Errorf("%+v", got)
	}
}

// The scores by hand: the logarithms of what was expected, halved every 200
// targets.
func TestMemoriesAreJudged(t *testing.T) {
	h := newHistory(t)
	h.Observe(&Observation{Image: 1})
	h.Observe(&Observation{Image: 1})
	first := math.Log(leastTarget)
	for i, share := range []float64{1. / 2, (1 + 4./2) / 5, (1 + 4*3./5) / 5} {
		near(t, "score", h.Targets.Memories[i].Score, first*math.Exp2(-1./200)+math.Log(share))
	}
}

// What is new for hours is expected, though the half-life is of days; where
// nothing changes, the longest memory counts, and shares are as they are.
func TestMixFollows(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	h := newHistory(t)
	at := int64(0)
	draw := func(n int, image func() ID) {
		for range n {
			at += int64(20 * time.Minute)
			h.Observe(&Observation{At: at, Image: image()})
		}
	}
	steady := func() ID { return 1 + ID(min(rng.ExpFloat64()*8, 60)) }
	draw(5000, steady)
	if w := h.Targets.weights(); w[0] < 0.9 {
		t.Errorf("nothing changes, but the weights of the memories are %v", w)
	}
	for _, e := range h.Mix(10) {
		n := float64(e.Target.Image)
		if want := math.Exp(-(n-1)/8) - math.Exp(-n/8); math.Abs(e.Share-want) > 0.035 {
			t.Errorf("image %g: share %.3f, want %.3f", n, e.Share, want)
		}
	}
	draw(40, func() ID { return 99 })
	if mix := h.Mix(1); mix[0].Target.Image != 99 || mix[0].Share < 0.5 {
		t.Errorf("after 40 requests for a new image: %+v", mix)
	}
}

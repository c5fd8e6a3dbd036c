package policy

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/forecast"
)

const second = int64(time.Second)

// awaited is a pool of adaptive with a lead time of two minutes, and what it is
// told of.
func awaited(t *testing.T) *visitor {
	t.Helper()
	return newVisitorOf(t, "adaptive:hit_rate=0.95", Config{Categories: []Category{{Name: "a", LeadTime: 2 * time.Minute}}})
}

func (v *visitor) announce(at Time, h Hint) bool {
	v.pass(at)
	return v.ctrl.Announce(at, h)
}

// A request that was announced early enough finds an instance that has become
// warm at its very instant, on no tick, and leaves nothing behind.
func TestHintIsMetToTheInstant(t *testing.T) {
	v := awaited(t)
	at := 1003*second + 7
	v.announce(100*second, Hint{ID: 1, Count: 1, From: at, To: at, Probability: 1})
	v.pass(at - 120*second)
	if v.launch != 0 {
		t.Fatalf("%d launches sooner than a lead time ahead", v.launch)
	}
	v.pass(at - 120*second + 1)
	if v.launch != 1 || v.dues[0] != at {
		t.Fatalf("%d launches, warm at %v, want one at %d", v.launch, v.dues, at)
	}
	v.pass(at)
	v.ctrl.Arrive(at, Request{ID: 1, Hint: 1})
	if len(v.busy) != 1 {
		t.Fatal("it waits")
	}
	v.pass(at + 3600*second)
	if v.launch != 1 || v.idle != 0 {
		t.Errorf("%d launches, %v idle", v.launch, time.Duration(v.idle))
	}
}

// An instance for a request that does not come is ended with its window.
func TestHintNotComeCostsItsWindow(t *testing.T) {
	v := awaited(t)
	v.announce(0, Hint{ID: 1, Count: 1, From: 1000 * second, To: 1060*second + 1, Probability: 1})
	v.pass(1060*second + 1)
	if v.launch != 1 || v.ends != 0 {
		t.Fatalf("%d launches and %d ends within the window", v.launch, v.ends)
	}
	v.pass(1060*second + 2)
	if v.ends != 1 || v.idle > 60*second+1 {
		t.Errorf("%d ends, idle for %v", v.ends, time.Duration(v.idle))
	}
	if trust := v.ctrl.sizer.(*Adaptive).Hints.Trust.All; trust != (record{Claimed: 1}) {
		t.Errorf("the record is %+v", trust)
	}
}

// With notice of less than the lead time, a request waits for the rest of it.
func TestLateHintSavesItsNotice(t *testing.T) {
	v := awaited(t)
	at := 1000 * second
	v.announce(at-50*second, Hint{ID: 1, Count: 1, From: at, To: at, Probability: 1})
	if v.launch != 1 {
		t.Fatalf("%d launches at the announcement", v.launch)
	}
	v.pass(at)
	v.ctrl.Arrive(at, Request{ID: 1, Hint: 1})
	v.pass(at + 70*second - 1)
	if len(v.busy) != 0 {
		t.Fatal("served before the launch can be warm")
	}
	v.pass(at + 70*second)
	if len(v.busy) != 1 || v.launch != 1 {
		t.Errorf("%d served, %d launches", len(v.busy), v.launch)
	}
}

// Hints that never come true cost some launches, until they are no longer
// believed; one good source beside them is.
func TestFalseHintsAreDiscounted(t *testing.T) {
	v := awaited(t)
	late := 0
	for i := range int64(400) {
		at := (i + 1) * 600 * second
		before := v.launch
		v.announce(at-300*second, Hint{ID: HintID(i + 1), Count: 1, From: at, To: at + 60*second, Probability: 1, Source: 1})
		v.pass(at + 100*second)
		if i >= 200 {
			late += v.launch - before
		}
	}
	if v.launch < 1 || v.launch > 40 || late != 0 {
		t.Errorf("%d launches for 400 false hints, %d for the second half", v.launch, late)
	}
	good := 0
	for i := range int64(60) {
		at := (i + 500) * 600 * second
		v.announce(at-300*second, Hint{ID: 1, Count: 1, From: at, To: at, Probability: 1, Source: 2})
		v.pass(at)
		if v.visitHinted(at, 1) {
			good++
		}
	}
	if good < 40 {
		t.Errorf("of a good source's 60 requests %d hit", good)
	}
}

// visitHinted serves a request of a hint, and says whether it found an instance.
func (v *visitor) visitHinted(t Time, h HintID) bool {
	v.pass(t)
	v.ctrl.Arrive(t, Request{ID: RequestID(t), Hint: h})
	hit := len(v.busy) > 0
	for len(v.busy) == 0 {
		v.pass(v.now + second)
	}
	v.ctrl.Release(v.now, v.busy[0])
	v.busy = v.busy[:0]
	return hit
}

// A hint that is taken back in time launches nothing and counts for nothing;
// what it has launched is surplus.
func TestWithdrawnHints(t *testing.T) {
	v := awaited(t)
	h := Hint{ID: 1, Count: 2, From: 1000 * second, To: 1000 * second, Probability: 1}
	v.announce(0, h)
	v.pass(800 * second)
	if !v.ctrl.Withdraw(800*second, 1) || v.ctrl.Withdraw(800*second, 1) {
		t.Error("a hint is withdrawn once")
	}
	v.pass(900 * second)
	if v.launch != 0 {
		t.Errorf("%d launches", v.launch)
	}
	v.announce(900*second, h)
	v.pass(910 * second)
	v.ctrl.Withdraw(910*second, 1)
	v.pass(1100 * second)
	if v.launch != 2 || v.ends != 2 {
		t.Errorf("%d launches, %d ends", v.launch, v.ends)
	}
	if trust := v.ctrl.sizer.(*Adaptive).Hints.Trust.All; trust != (record{}) {
		t.Errorf("the record is %+v", trust)
	}
}

// Hints that are of no use are not taken, and policies that make no use of them
// take none.
func TestHintsNotTaken(t *testing.T) {
	v := awaited(t)
	if v.announce(100*second, Hint{ID: 1, Count: 1, From: 50 * second, To: 99 * second, Probability: 1}) {
		t.Error("a hint whose window is over is taken")
	}
	h := Hint{ID: 1, Count: 1, From: 200 * second, To: 300 * second, Probability: 1}
	if !v.announce(100*second, h) || v.announce(100*second, h) {
		t.Error("an id is used twice, or never")
	}
	static := newVisitor(t, "static:level=1", time.Minute, 1)
	if static.announce(0, h) || static.ctrl.Withdraw(0, 1) {
		t.Error("static takes hints")
	}
	for why, h := range map[string]Hint{
		"id other than 0": {}, "category 1 of 1": {ID: 1, Pool: 1}, "announces 0": {ID: 1},
		"ends before": {ID: 1, Count: 1, From: 2, To: 1}, "probability 0": {ID: 1, Count: 1},
		"probability NaN": {ID: 1, Count: 1, Probability: math.NaN()},
	} {
		if err := h.Check(1); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%+v: %v, want %q", h, err, why)
		}
	}
}

// Memory is bounded, whatever is announced and withdrawn.
func TestHintsAreBounded(t *testing.T) {
	v := awaited(t)
	h := Hint{Count: 1, From: 1e6 * second, To: 1e6 * second, Probability: 1}
	for range mostHints {
		h.ID++
		if !v.announce(0, h) {
			t.Fatalf("hint %d is refused", h.ID)
		}
	}
	book := &v.ctrl.sizer.(*Adaptive).Hints
	for range 3 * mostHints {
		h.ID++
		if v.announce(0, h) {
			t.Fatal("more hints than there may be")
		}
		v.ctrl.Withdraw(0, h.ID-mostHints)
		if !v.announce(0, h) {
			t.Fatal("the place of a hint that was withdrawn is not free")
		}
	}
	if len(book.Rows) != mostHints || len(book.find) != mostHints || len(book.Looks) > 2*mostHints+64 {
		t.Errorf("%d rows, %d names, %d looks for %d hints", len(book.Rows), len(book.find), len(book.Looks), mostHints)
	}
	trust := trust{}
	for id := range uint32(2 * mostSources) {
		trust.settle(id+1, 1, 0)
	}
	if len(trust.Sources) != mostSources {
		t.Errorf("%d sources are told apart", len(trust.Sources))
	}
}

// A window of ten minutes at lead times of one and three minutes, by hand: after
// two of its minutes, three of the remaining eight lie within three, one within
// one; half of the sum is the part ahead.
func TestHintOdds(t *testing.T) {
	h := Hint{From: 600 * second, To: 1200 * second, Probability: 0.8}
	got := h.odds(720*second, []int64{60 * second, 180 * second}, 0, 0.5)
	if want := 0.4 * 0.2 / (1 - 0.4*0.2); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %g, want %g", got, want)
	}
	exact := Hint{From: 600 * second, To: 600 * second, Probability: 1}
	for at, want := range map[int64]float64{479: 0, 480: 0.8, 600: 0.8, 601: 0} {
		if got := exact.odds(at*second, []int64{120 * second}, 0, 0.8); math.Abs(got-want) > 1e-12 {
			t.Errorf("at %d s: %g, want %g", at, got, want)
		}
	}
}

// The sum of few is exact, by enumeration; that of many has the mean and
// variance of its parts.
func TestAnnouncedDemand(t *testing.T) {
	var d announced
	odds := []float64{0.5, 0.9, 0.1}
	for _, q := range odds {
		d.add(q, 1)
	}
	d.add(1, 2) // certain
	d.add(0, 9)
	base := []float64{0.25, 0.75}
	want := make([]float64, 7)
	for subset := range 16 {
		p, n := base[subset>>3], subset>>3+2
		for i, q := range odds {
			if subset>>i&1 == 1 {
				p, n = p*q, n+1
			} else {
				p *= 1 - q
			}
		}
		want[n] += p
	}
	if got := d.convolve([]float64{0.25, 0.75}); !cmp.Equal(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })) {
		t.Errorf("got %v, want %v", got, want)
	}

	d.reset()
	d.add(0.9, 300)
	d.add(0.5, 50)
	u := forecast.NegBinomial{Mean: 20, Dispersion: 0.1}
	p := d.convolve(d.widen(u).Probabilities(nil, maxCount))
	mean, square := 0.0, 0.0
	for k, q := range p {
		mean += float64(k) * q
		square += float64(k) * float64(k) * q
	}
	wantMean, wantVariance := 20+270+25.0, 20+0.1*400+27+12.5
	if v := square - mean*mean; math.Abs(mean-wantMean) > 0.5 || math.Abs(v-wantVariance) > 0.01*wantVariance {
		t.Errorf("mean %g, variance %g; want %g, %g", mean, v, wantMean, wantVariance)
	}
}

// What comes of hints by source: as good as all others where nothing is known,
// as good as it was where much is.
func TestTrust(t *testing.T) {
	var b trust
	if got := b.of(3); got != priorCame {
		t.Errorf("at first %g", got)
	}
	for range 1000 {
		b.settle(1, 1, 1)
		b.settle(2, 0.5, 0)
	}
	for id, want := range map[uint32]float64{1: 0.985, 2: 0.03, 3: 0.66} {
		if got := b.of(id); math.Abs(got-want) > 0.02 {
			t.Errorf("source %d: %g, want %g", id, got, want)
		}
	}
	for range 500 { // it has changed
		b.settle(1, 1, 0)
	}
	if got := b.of(1); got > 0.15 {
		t.Errorf("still trusted: %g", got)
	}
}

// herald announces, withdraws and lets come at random, by three numbers.
func (c *cloud) herald(op, arg, wait byte) {
	t := c.now + int64(wait)*second/4
	c.advance(t, ClassArrival)
	p := PoolID(int(arg) % len(c.config.Categories))
	switch id := HintID(1 + arg%8); op % 4 {
	case 0, 1:
		from := t + int64(wait^arg)*second
		h := Hint{ID: id, Pool: p, Count: 1 + int32(op>>2)%3, From: from, To: from + int64(op)*second/4, Probability: float64(1+arg%4) / 4, Source: uint32(op) % 3, Target: dataset(uint32(arg) % 4)}
		c.note("hint %+v: %v", h, c.ctrl.Announce(t, h))
	case 2:
		r := Request{ID: c.nextID, Pool: p, Hint: id}
		c.nextID++
		c.waiting[r.ID] = r
		c.note("arrival of %d in %d by hint %d", r.ID, p, id)
		c.ctrl.Arrive(t, r)
	case 3:
		c.note("withdrawn %d: %v", id, c.ctrl.Withdraw(t, id))
	}
	c.check()
}

// Conservation, whatever is announced in whatever order; and a controller that
// restores a snapshot with hints goes on as the one that made it.
func TestMachineWithHints(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 21))
		config := variant(uint16(byte(rng.Uint32()) &^ 64))
		a := newCloud(t, "adaptive:hit_rate=0.9", config)
		step := func(c *cloud, tape [4]byte) {
			if tape[3]%2 == 0 {
				c.herald(tape[0], tape[1], tape[2])
			} else {
				c.do(tape[0]%16, tape[1], tape[2])
			}
		}
		random := func() (tape [4]byte) {
			for i := range tape {
				tape[i] = byte(rng.Uint32())
			}
			return tape
		}
		for range 200 {
			step(a, random())
		}
		data, err := a.ctrl.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		b := a.restored(t, "adaptive:hit_rate=0.9", config, data)
		if was, is := a.ctrl.sizer.(Stateful).State().(*Adaptive).Hints.Outstanding, b.ctrl.nextLook; was > 0 && is == Never {
			t.Errorf("%d hints are outstanding, and none is looked at after the restore", was)
		}
		a.trail, b.trail = nil, nil
		for range 200 {
			tape := random()
			step(a, tape)
			step(b, tape)
		}
		if diff := cmp.Diff(a.trail, b.trail); diff != "" {
			t.Fatalf("seed %d: after the snapshot the actions differ:\n%s", seed, diff)
		}
		a.settle()
	}
}

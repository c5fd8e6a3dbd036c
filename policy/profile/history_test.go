package profile

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
)

const day = int64(24 * time.Hour)

func newHistory(t testing.TB) *History {
	t.Helper()
	h, err := New(DefaultHalfLife, DefaultPairs)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		halfLife time.Duration
		pairs    int
	}{{0, 1}, {time.Second, 1}, {-time.Hour, 1}, {400 * 24 * time.Hour, 1}, {time.Hour, 0}, {time.Hour, 1 << 30}} {
		if h, err := New(c.halfLife, c.pairs); err == nil || h != nil {
			t.Errorf("%v, %d: accepted", c.halfLife, c.pairs)
		}
	}
}

// Nothing is known of an empty history, and asking it is no mistake.
func TestEmpty(t *testing.T) {
	h := newHistory(t)
	if n := h.Needs(1, 2); !reflect.DeepEqual(n, Needs{}) {
		t.Errorf("%+v", n)
	}
	if _, ok := h.Latency(1, 1); ok || len(h.Mix(5)) > 0 || len(h.Next(5)) > 0 || h.Requests() != 0 {
		t.Error("something is known")
	}
	h.Observe(&Observation{At: 5, Duration: -1})
	if n := h.Needs(1, 2); n.Duration != 0 || len(n.Images) > 0 {
		t.Errorf("%+v", n)
	}
}

// By hand. 6 requests of task type 1: 2 of tenant 1 with image 10, 4 of tenant
// 2 with image 20; 10 of task type 2 with image 20. The prior of all is one
// request that needs nothing known, the others' four of the level above.
func TestNeedsFallBack(t *testing.T) {
	h := newHistory(t)
	observe := func(n int, taskType, tenant, image ID, d time.Duration) {
		for range n {
			h.Observe(&Observation{TaskType: taskType, Tenant: tenant, Image: image, Duration: d})
		}
	}
	observe(2, 1, 1, 10, 10*time.Second)
	observe(4, 1, 2, 20, 40*time.Second)
	observe(10, 2, 2, 20, 100*time.Second)
	all10, all20 := 2./17, 14./17
	type10, type20 := (2+4*all10)/10, (4+4*all20)/10
	allTime := (20. + 160 + 1000) / 16
	typeTime := (180 + 4*allTime) / 10
	for _, c := range []struct {
		name             string
		taskType, tenant ID
		known            float64
		ten, twenty      float64
		duration         float64
	}{
		{"a pair", 1, 1, 2, (2 + 4*type10) / 6, 4 * type20 / 6, (20 + 4*typeTime) / 6},
		{"an unknown tenant", 1, 9, 0, type10, type20, typeTime},
		{"any tenant", 1, 0, 6, type10, type20, typeTime},
		{"an unknown task type", 9, 1, 0, all10, all20, allTime},
		{"anything", 0, 0, 16, all10, all20, allTime},
	} {
		n := h.Needs(c.taskType, c.tenant)
		near(t, c.name+": requests", n.Requests, c.known)
		near(t, c.name+": duration", n.Duration, c.duration)
		if len(n.Images) != 2 {
			t.Fatalf("%s: %+v", c.name, n.Images)
		}
		for _, i := range n.Images {
			near(t, c.name, i.Share, map[ID]float64{10: c.ten, 20: c.twenty}[i.ID])
		}
		if n.Images[0].Share < n.Images[1].Share {
			t.Errorf("%s: the least likely first", c.name)
		}
	}
	next := h.Next(2)
	if len(next) != 2 || next[0].Kind != (Kind{2, 2}) || next[1].Kind != (Kind{1, 2}) {
		t.Fatalf("%+v", next)
	}
	near(t, "share of a kind", next[0].Share, 10./17)
}

// Half of the weight is that of the last half-life, so that a change of image
// is followed: after d half-lives of a steady stream the new one has a share of
// 1 - 2^-d.
func TestFollowsChange(t *testing.T) {
	h := newHistory(t)
	at, step := int64(0), day/200
	run := func(image ID, days int64) {
		for end := at + days*day; at < end; at += step {
			h.Observe(&Observation{At: at, TaskType: 1, Tenant: 1, Image: image, Duration: time.Duration(image) * time.Second})
		}
	}
	run(1, 100)
	for d, want := range []float64{0, 0.5, 0.75, 0.875} {
		if d > 0 {
			run(2, 7)
		}
		n := h.Needs(1, 1)
		got := 0.0
		for _, i := range n.Images {
			if i.ID == 2 {
				got = i.Share
			}
		}
		if math.Abs(got-want) > 0.01 {
			t.Errorf("after %d half-lives: share %.3f, want %.3f", d, got, want)
		}
		if want := 1 + want; math.Abs(n.Duration-want) > 0.01 {
			t.Errorf("after %d half-lives: duration %.3f, want %.3f", d, n.Duration, want)
		}
	}
}

// A history that was stored goes on as the one that was not, to the last bit.
func TestSnapshot(t *testing.T) {
	h, err := New(time.Minute, 50)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(8, 200, 20_000)
	for range 10_000 {
		h.Observe(l.next())
	}
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(time.Minute, 50)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		o := l.next()
		h.Observe(o)
		r.Observe(o)
	}
	want, _ := json.Marshal(h)
	got, _ := json.Marshal(r)
	if string(got) != string(want) {
		t.Error("the restored history went another way")
	}
	if !reflect.DeepEqual(h.Mix(20), r.Mix(20)) || !reflect.DeepEqual(h.Needs(3, 4), r.Needs(3, 4)) {
		t.Error("the restored history expects something else")
	}
	if h.Decay.Landmark < int64(epoch*time.Minute) {
		t.Error("weights were never scaled, so that is not tested")
	}
}

// After a silence that nothing outlives, what was known is faint, not wrong.
func TestLongSilence(t *testing.T) {
	h, err := New(time.Minute, 10)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(3, 20, 100)
	for range 1000 {
		h.Observe(l.next())
	}
	before, _ := h.Latency(1, 1)
	h.Observe(&Observation{At: l.o.At + 300*day, TaskType: 1, Tenant: 1, Image: 900, Duration: time.Second})
	after, ok := h.Latency(1, 1)
	if !ok || after.Seconds != before.Stage || after.Requests != 0 {
		t.Errorf("%+v, before %+v", after, before)
	}
	near(t, "requests", h.Requests(), 1)
	n := h.Needs(1, 1)
	if len(n.Images) != 1 || n.Images[0].ID != 900 || n.Duration != 1 || len(n.Datasets)+len(n.Stages) > 0 {
		t.Errorf("%+v", n)
	}
	for range 1000 {
		h.Observe(l.next())
	}
	if _, err := json.Marshal(h); err != nil { // which knows no NaN
		t.Error(err)
	}
	for _, e := range h.Mix(100) {
		if !(e.Share >= 0 && e.Share <= 1) {
			t.Errorf("%+v", e)
		}
	}
}

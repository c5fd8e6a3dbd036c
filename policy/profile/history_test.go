package profile

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"
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

// A pair that reads more datasets than its profile has counters for is expected
// to read each as often as others do, which its counts do not contradict; one
// that does not, as it has.
func TestCountsLeaveOpen(t *testing.T) {
	h := newHistory(t)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 8000 {
		// One in 20 reads dataset 1, the others one of a thousand.
		set := ID(1)
		if rng.IntN(20) > 0 {
			set = ID(2 + rng.IntN(1000))
		}
		h.Observe(&Observation{TaskType: 1, Tenant: 1, Datasets: []Use{{Dataset: set}}})
		h.Observe(&Observation{TaskType: 1, Tenant: 2, Datasets: []Use{{Dataset: 2000 + ID(i%2)}}})
	}
	share := func(tenant, set ID) float64 {
		for _, d := range h.Needs(1, tenant).Datasets {
			if d.ID == set {
				return d.Share
			}
		}
		return 0
	}
	if got := share(1, 1); got < 0.02 || got > 0.05 {
		t.Errorf("a pair of many datasets reads one, of which 2.5 %% of all read, to %.4f", got)
	}
	if got := share(2, 1); got > 0.001 {
		t.Errorf("a pair of two datasets reads a third to %.4f", got)
	}
	if got := share(2, 2000); math.Abs(got-0.5) > 0.001 {
		t.Errorf("a pair of two datasets reads one to %.4f", got)
	}
}

// What of a dataset is read: the mean, and how likely each part; for a pair
// that reads less than others, less.
func TestDatasetParts(t *testing.T) {
	h := newHistory(t)
	read := func(n int, tenant ID, share float64, bytes int64) {
		for range n {
			h.Observe(&Observation{TaskType: 1, Tenant: tenant, Datasets: []Use{{Dataset: 5, Share: share, Bytes: bytes}}})
		}
	}
	read(1, 1, math.NaN(), 100)
	read(30, 1, 0.1, 100)
	read(30, 1, 1, 100)
	read(1, 1, 1.5, -1)
	n := h.Needs(0, 0)
	if len(n.Datasets) != 1 {
		t.Fatalf("%+v", n.Datasets)
	}
	d := n.Datasets[0]
	near(t, "share of requests", d.Share, 62./63)
	near(t, "mean read", d.Read, 0.55)
	if d.Bytes != 100 || d.Owner != 0 || len(d.Parts) != 2 {
		t.Fatalf("%+v", d)
	}
	for i, want := range []Part{{0.1, 0.5}, {1, 0.5}} {
		near(t, "part", d.Parts[i].Read, want.Read)
		near(t, "how likely", d.Parts[i].Share, want.Share)
	}
	read(300, 2, 0.01, 100)
	d = h.Needs(1, 2).Datasets[0]
	if d.Read > 0.03 {
		t.Errorf("a tenant that reads 1 %% is expected to read %g", d.Read)
	}
	sum := 0.0
	for i, p := range d.Parts {
		if p.Read <= 0 || p.Read > 1 || i > 0 && p.Read <= d.Parts[i-1].Read {
			t.Errorf("parts %+v", d.Parts)
		}
		sum += p.Share
	}
	near(t, "parts in sum", sum, 1)
	// Nothing known of what is read: the whole.
	h.Observe(&Observation{TaskType: 3, Datasets: []Use{{Dataset: 6}}})
	for _, d := range h.Needs(3, 0).Datasets {
		if d.ID == 6 && (d.Read != 1 || len(d.Parts) != 1 || d.Bytes != 0) {
			t.Errorf("%+v", d)
		}
	}
}

// What only one tenant may read is named for that tenant alone, whoever else
// asks and however much it is read; in the mix it carries the tenant.
func TestPrivateDatasets(t *testing.T) {
	h := newHistory(t)
	for range 50 {
		h.Observe(&Observation{TaskType: 1, Tenant: 1, Datasets: []Use{{Dataset: 5, Private: true}, {Dataset: 6}}})
		h.Observe(&Observation{TaskType: 1, Tenant: 2, Datasets: []Use{{Dataset: 6}}})
		h.Observe(&Observation{TaskType: 1, Datasets: []Use{{Dataset: 8, Private: true}}}) // whose?
		h.Observe(&Observation{TaskType: 1, Tenant: 3, Datasets: []Use{{Dataset: 9}}})
	}
	h.Observe(&Observation{TaskType: 1, Tenant: 3, Datasets: []Use{{Dataset: 9, Private: true}}}) // no longer everyone's
	// Two tenants say that it is theirs alone: it is the last one's.
	for range 10 {
		h.Observe(&Observation{TaskType: 1, Tenant: 4, Datasets: []Use{{Dataset: 10, Private: true}}})
	}
	h.Observe(&Observation{TaskType: 1, Tenant: 5, Datasets: []Use{{Dataset: 10, Private: true}}})
	for _, d := range h.Needs(1, 4).Datasets {
		if d.ID == 10 {
			t.Errorf("tenant 4 is told of %+v", d)
		}
	}
	// One that was opened is everyone's.
	h.Observe(&Observation{TaskType: 1, Tenant: 6, Datasets: []Use{{Dataset: 11, Private: true}}})
	for range 20 {
		h.Observe(&Observation{TaskType: 1, Datasets: []Use{{Dataset: 11}}})
	}
	if !slices.ContainsFunc(h.Needs(0, 0).Datasets, func(d DatasetNeed) bool { return d.ID == 11 && d.Owner == 0 }) {
		t.Error("a dataset that was opened is not named")
	}
	// Floods of others push datasets out of what is known of them.
	for i := range ID(20_000) {
		h.Observe(&Observation{TaskType: 2, Datasets: []Use{{Dataset: 100 + i}}})
		if i%3 == 0 {
			h.Observe(&Observation{TaskType: 1, Tenant: 3, Datasets: []Use{{Dataset: 9, Private: true}}})
		}
	}
	for _, k := range []Kind{{0, 0}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 9}, {9, 1}} {
		for _, d := range h.Needs(k.TaskType, k.Tenant).Datasets {
			owner := map[ID]ID{5: 1, 9: 3}[d.ID]
			if d.Owner != owner || owner != 0 && owner != k.Tenant || d.ID == 8 {
				t.Errorf("%+v is told of dataset %d, owner %d", k, d.ID, d.Owner)
			}
		}
	}
	found := false
	for _, d := range h.Needs(1, 1).Datasets {
		found = found || d.ID == 5 && d.Share > 0.8
	}
	if !found {
		t.Errorf("the owner's own dataset is not among %+v", h.Needs(1, 1).Datasets)
	}
	for _, e := range h.Mix(mostTargets) {
		if e.Target.Dataset == 5 && e.Target.Tenant != 1 || e.Target.Dataset == 8 {
			t.Errorf("%+v", e)
		}
	}
}

// load draws requests of many kinds: Zipf distributed pairs and datasets, of
// which there are datasets.
type load struct {
	rng         *rand.Rand
	pairs, sets *rand.Zipf
	o           Observation
}

func newLoad(seed, pairs, datasets uint64) *load {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &load{
		rng: rng, pairs: rand.NewZipf(rng, 1.05, 10, pairs-1), sets: rand.NewZipf(rng, 1.05, 10, datasets-1),
		o: Observation{Dependencies: make([]ID, 4), Datasets: make([]Use, 2), Stages: make([]StageTime, 4)},
	}
}

func (l *load) next() *Observation {
	o := &l.o
	o.At += int64(l.rng.IntN(int(2 * time.Second)))
	pair := ID(l.pairs.Uint64())
	o.TaskType, o.Tenant = 1+pair%40, 1+pair
	o.Image = 1 + pair%60
	for i := range o.Dependencies {
		o.Dependencies[i] = 1 + pair%10 + ID(10*i)
	}
	for i := range o.Datasets {
		o.Datasets[i] = Use{Dataset: 1 + ID(l.sets.Uint64()), Share: l.rng.Float64(), Bytes: 1e9, Private: i == 1 && pair%5 == 0}
	}
	for i := range o.Stages {
		key := o.Image
		if i == 3 {
			key = o.Datasets[0].Dataset
		}
		o.Stages[i] = StageTime{Stage: ID(1 + i), Key: key, Took: time.Duration(l.rng.IntN(1e10))}
	}
	o.Duration = time.Duration(l.rng.IntN(1e12))
	return o
}

// bytes is what slices and arrays of v take, with what they point to.
func bytesOf(v reflect.Value) uintptr {
	sum := uintptr(0)
	switch v.Kind() {
	case reflect.Slice:
		sum = uintptr(v.Cap()) * v.Type().Elem().Size()
		fallthrough
	case reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Slice || k == reflect.Array {
			for i := range v.Len() {
				sum += bytesOf(v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			sum += bytesOf(v.Field(i))
		}
	}
	return sum
}

// The memory that the package's documentation states.
func TestBytes(t *testing.T) {
	perKind := unsafe.Sizeof(Profile{}) + unsafe.Sizeof(Row{}) + 4 + 4*4
	full := func(l limits) uintptr {
		return perKind + uintptr(l.images+l.dependencies+l.datasets+l.own+l.stages)*unsafe.Sizeof(Counter{})
	}
	if got := full(ofPair); got > 1300 {
		t.Errorf("a pair takes up to %d bytes", got)
	}
	if got := perKind + (1+4+2+4)*unsafe.Sizeof(Counter{}); got > 500 {
		t.Errorf("a usual pair takes %d bytes", got)
	}
	if got := full(ofType); got > 4100 {
		t.Errorf("a task type takes up to %d bytes", got)
	}
	if testing.Short() {
		t.Skip("the rest takes a while")
	}
	const pairs = 1000
	h, err := New(DefaultHalfLife, pairs)
	if err != nil {
		t.Fatal(err)
	}
	o := Observation{Dependencies: make([]ID, 1), Datasets: make([]Use, 1), Stages: make([]StageTime, 1)}
	for i := range ID(1_000_000) { // every dataset once
		o.At += int64(time.Second)
		o.TaskType, o.Tenant, o.Image = 1+i%40, 1+i, 1+i
		o.Dependencies[0] = i + 1
		o.Datasets[0] = Use{Dataset: i + 1, Share: 1}
		o.Stages[0] = StageTime{Stage: 1 + i%100, Key: i + 1, Took: 1}
		h.Observe(&o)
	}
	types := bytesOf(reflect.ValueOf(h.Types))
	kinds := bytesOf(reflect.ValueOf(h.Pairs))
	rest := bytesOf(reflect.ValueOf(*h)) - types - kinds
	t.Logf("%d pairs: %d bytes each; 40 task types: %d each; the rest: %d", pairs, kinds/pairs, types/40, rest)
	if rest > 2_100_000 {
		t.Errorf("what is known of 10^6 datasets takes %d bytes", rest)
	}
	if len(h.Datasets.Rows) != mostDatasets || len(h.Pairs.Rows) != pairs || len(h.Stages.Rows) != mostStages || len(h.Stages.Times) != mostKeys {
		t.Error("not full, so nothing is tested")
	}
}

// Of many pairs those with the most requests keep their profile, and a pair
// that takes over another's knows nothing of it.
func TestPairsAreBounded(t *testing.T) {
	h, err := New(DefaultHalfLife, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ID(20_000) {
		tenant := 1 + i%50
		if i%2 == 1 {
			tenant = 1000 + i
		}
		h.Observe(&Observation{At: int64(i) * 1e9, TaskType: 1, Tenant: tenant, Image: tenant, Datasets: []Use{{Dataset: tenant, Private: true}}})
	}
	if len(h.Pairs.Rows) != 100 {
		t.Fatalf("%d profiles", len(h.Pairs.Rows))
	}
	kept := 0
	for row, r := range h.Pairs.Kinds.Rows {
		p := h.Pairs.Rows[row]
		if len(p.Images) != 1 || p.Images[0].ID != r.Key[1] || len(p.Own) != 1 || p.Own[0].ID != r.Key[1] {
			t.Fatalf("the profile of %v has %+v", r.Key, p)
		}
		if r.Key[1] <= 50 {
			kept++
		}
	}
	// i%50 is even where i is: 25 tenants have half of the requests, 2 % each,
	// which is above 1 of 100.
	if kept != 25 {
		t.Errorf("%d of 25 frequent pairs have a profile", kept)
	}
}

// Whoever takes over a counter takes nothing over of what was known with it.
func TestTakenOver(t *testing.T) {
	h := newHistory(t)
	for i := range ID(3 * mostKeys) {
		stage, key := ID(2), 10+i
		if i%(mostKeys+50) == 0 {
			stage, key = 1, 1+i/mostKeys // in a flood of the other stage's
		}
		took := time.Duration(key) * time.Second
		h.Observe(&Observation{
			Datasets: []Use{{Dataset: 1 + i, Share: 0.5, Bytes: int64(i%2) * int64(i)}},
			Stages:   []StageTime{{stage, key, took}},
		})
		if stage == 2 && i%997 > 0 {
			continue
		}
		for row, r := range h.Stages.Keys.Rows {
			k := &h.Stages.Times[row]
			if k.Weight != 1 || k.Mean != float64(r.Key[1]) || k.Changes > 2 {
				t.Fatalf("%v: %+v", r.Key, k)
			}
		}
	}
	for row, r := range h.Datasets.Names.Rows {
		d, i := &h.Datasets.Rows[row], int64(r.Key[0]-1)
		if _, weight := d.used(); weight != 1 || d.Bytes != i%2*i {
			t.Fatalf("dataset %d: %+v", i+1, d)
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

func TestNoAllocation(t *testing.T) {
	h, err := New(time.Hour, 1000)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(9, 5000, 1e6)
	for range 200_000 {
		h.Observe(l.next())
	}
	if n := testing.AllocsPerRun(20_000, func() { h.Observe(l.next()) }); n > 0 {
		t.Errorf("%v allocations an observation", n)
	}
}

// BenchmarkObserve learns from requests of 10^5 pairs and 10^6 datasets: with
// four dependencies, two datasets and four stages each, and with one dataset.
func BenchmarkObserve(b *testing.B) {
	for _, short := range []bool{false, true} {
		name := "all"
		if short {
			name = "one dataset"
		}
		b.Run(name, func(b *testing.B) {
			h := newHistory(b)
			l := newLoad(1, 2e5, 1e6)
			var some [1 << 14]Observation
			for i := range 1_000_000 {
				o := *l.next()
				if short {
					o.Dependencies, o.Datasets, o.Stages = nil, o.Datasets[:1], nil
				}
				h.Observe(&o)
				if i < len(some) {
					o.Dependencies = append([]ID(nil), o.Dependencies...)
					o.Datasets = append([]Use(nil), o.Datasets...)
					o.Stages = append([]StageTime(nil), o.Stages...)
					some[i] = o
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				o := &some[i%len(some)]
				o.At = l.o.At + int64(i)*1e6
				h.Observe(o)
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "observations/s")
		})
	}
}

// BenchmarkNeeds asks what a request needs, of a full history.
func BenchmarkNeeds(b *testing.B) {
	h := newHistory(b)
	l := newLoad(1, 2e5, 1e6)
	for range 300_000 {
		h.Observe(l.next())
	}
	i := ID(0)
	for b.Loop() {
		h.Needs(1+i%40, 1+i%500)
		i++
	}
}

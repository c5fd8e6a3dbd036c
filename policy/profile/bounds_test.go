package profile

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

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

// bytesOf is what slices and arrays of v take, with what they point to.
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

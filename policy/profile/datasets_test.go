package profile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

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

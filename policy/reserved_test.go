package policy

import (
	"strings"
	"testing"
	"time"
)

// reservedFleet is a category whose stages load a dataset in 20 s and a tenant's
// own data in 10 s, and a pool of it that is reserved for tenant 7.
func reservedFleet() Config {
	stages := []Stage{
		{Name: "model", Of: OfDataset, Takes: 20 * time.Second},
		{Name: "private", Of: OfTenant, Takes: 10 * time.Second},
	}
	own := PoolID(1)
	return Config{Isolation: ByTenant, Categories: []Category{
		{Name: "all", LeadTime: time.Minute, Reusable: true, Stages: stages},
		{Name: "own", LeadTime: time.Minute, Reusable: true, Stages: stages, ReservedFor: 7, Compatible: []Compatible{{Pool: 0, To: &own}}},
	}}
}

// What is free for all is prepared for what tenants share, what is reserved for
// its tenant's own as well, and for nobody else's.
func TestReservedIsPreparedForItsTenant(t *testing.T) {
	mine := Target{Dataset: 1, Tenant: 7}
	c, host := prepared(t, reservedFleet(), &aimed{level: 1, next: []Target{mine}})
	shared, own := host.launched[0], host.launched[1]
	if host.prepared[shared] != dataset(1) || host.prepared[own] != mine {
		t.Fatalf("prepared for %+v and %+v", host.prepared[shared], host.prepared[own])
	}
	c.Warm(60, own)
	c.Prepared(90, own)
	c.Arrive(91, Request{ID: 1, Pool: 1, Tenant: 7, Dataset: 1})
	if a := host.assigned; a.Instance != own || a.Outcome != Hit || a.Missing != 0 {
		t.Fatalf("tenant 7 got %+v", a)
	}
	// It comes back to the pool's stock, and serves again.
	c.Release(92, own)
	if s := c.Stock(1); s.Warm != 1 || c.pools[1].Tied != 0 || c.pools[1].Warm != 1 {
		t.Errorf("after its release %+v, %d of it tied", s, c.pools[1].Tied)
	}

	_, host = prepared(t, reservedFleet(), &aimed{level: 1, next: []Target{{Dataset: 1, Tenant: 8}}})
	if got := host.prepared[host.launched[1]]; got != dataset(1) {
		t.Errorf("what is reserved for tenant 7 is prepared for %+v", got)
	}
}

// Who finds nothing in the pool that is reserved for it takes what is free for all
// as it is, with what that is prepared for; the others never take what is reserved.
func TestReservedBorrowsFromAll(t *testing.T) {
	c, host := prepared(t, reservedFleet(), &aimed{level: 1, next: []Target{dataset(1)}})
	shared, own := host.launched[0], host.launched[1]
	c.Warm(60, shared)
	c.Warm(60, own)
	c.Prepared(80, shared)
	c.Arrive(81, Request{ID: 1, Pool: 1, Tenant: 7, Dataset: 2}) // its own comes first, however well the other is prepared
	if a := host.assigned; a.Instance != own {
		t.Fatalf("tenant 7 got %+v", a)
	}
	c.Arrive(82, Request{ID: 2, Pool: 1, Tenant: 7, Dataset: 1})
	if a := host.assigned; a.Instance != shared || a.Reason != WasCompatible || a.Outcome != PartialHit || a.Missing != 2 || a.Delay != 0 {
		t.Fatalf("tenant 7 got %+v: it lacks its own data only", a)
	}
	if all, own := c.Stock(0), c.Stock(1); all != (Stock{Launching: 1}) || own != (Stock{InUse: 2, Launching: 1}) {
		t.Errorf("%+v for all, %+v reserved", all, own)
	}
	c.Release(83, shared)
	c.Release(84, own)
	if s := c.Stock(1); s.Warm != 2 {
		t.Errorf("reserved after the releases: %+v", s)
	}
	c.Arrive(85, Request{ID: 3, Tenant: 8})
	if a := host.assigned; a.Request == 3 {
		t.Errorf("tenant 8 got %+v, which is reserved", a)
	}
	c.Arrive(86, Request{ID: 4, Pool: 1, Tenant: 7, Dataset: 1})
	if a := host.assigned; a.Instance != shared || a.Outcome != Hit {
		t.Errorf("tenant 7 got %+v", a)
	}
}

// Where the stages that are reserved for a tenant are others, nothing is left of
// what an instance is prepared for.
func TestReservedWithOtherStages(t *testing.T) {
	config := reservedFleet()
	config.Categories[0].Stages = config.Categories[0].Stages[:1]
	c, host := prepared(t, config, &aimed{level: 1, next: []Target{dataset(1)}})
	c.Warm(60, host.launched[0])
	c.Prepared(80, host.launched[0])
	c.Arrive(81, Request{ID: 1, Pool: 1, Tenant: 7, Dataset: 1})
	if a := host.assigned; a.Instance != host.launched[0] || a.Missing != 3 {
		t.Errorf("%+v", a)
	}
}

// Adaptive learns what a tenant needs of its own where that is reserved.
func TestAdaptiveAimsAtTenantsOwn(t *testing.T) {
	config := reservedFleet()
	sizer, err := Build(Spec{Name: "adaptive"}, Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	host := &bench{prepared: map[InstanceID]Target{}}
	c, err := New(config, sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	for i := range 40 {
		at := Time(i) * 60e9
		fire(c, at)
		c.Arrive(at, Request{ID: RequestID(2 * i), Tenant: 8, Dataset: 1})
		c.Arrive(at, Request{ID: RequestID(2*i + 1), Pool: 1, Tenant: 7, Dataset: 1})
	}
	seen := map[Target]int{}
	for _, to := range host.prepared {
		seen[to]++
	}
	if seen[Target{Dataset: 1, Tenant: 7}] == 0 || seen[dataset(1)] == 0 || len(seen) != 2 {
		t.Errorf("prepared for %v", seen)
	}
}

func TestReservedInSnapshots(t *testing.T) {
	c, host := prepared(t, reservedFleet(), &aimed{level: 1, next: []Target{{Dataset: 1, Tenant: 7}}})
	c.Warm(60, host.launched[1])
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(reservedFleet(), &aimed{level: 1}, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	again.Prepared(90, host.launched[1])
	if again.Held(1, Target{Dataset: 1, Tenant: 7}) != 1 {
		t.Error("what it is prepared for is lost")
	}
	other := reservedFleet()
	other.Categories[1].ReservedFor = 6
	stranger, err := New(other, &aimed{level: 1}, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Restore(data); err == nil {
		t.Error("another tenant's snapshot is restored")
	}
	if err := c.Configure(91, other, &aimed{level: 1}); err == nil {
		t.Error("what is reserved for a tenant becomes another's")
	}
}

func TestImpossibleReserved(t *testing.T) {
	first, below := PoolID(0), PoolID(1)
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"not isolated":           {func(c *Config) { c.Isolation = NoIsolation }, "not isolated"},
		"serves all":             {func(c *Config) { c.Categories[0].Compatible = []Compatible{{Pool: 1}} }, "is reserved for tenant 7"},
		"comes to all":           {func(c *Config) { c.Categories[1].Compatible = []Compatible{{Pool: 3, Adapt: 1, To: &first}} }, "become those of"},
		"goes to another":        {func(c *Config) { c.Categories[2].Compatible = []Compatible{{Pool: 0, To: &below}} }, "reserved for tenant 7"},
		"from reserved as it is": {func(c *Config) { c.Categories[1].Compatible = []Compatible{{Pool: 3, To: &below}} }, "in no time"},
		"a layer of all":         {func(c *Config) { c.Categories[1].Below = &first }, "the layer below it"},
	} {
		config := reservedFleet()
		config.Categories = append(config.Categories, Category{Name: "another", ReservedFor: 8}, Category{Name: "second", ReservedFor: 7})
		if err := config.Check(); err != nil {
			t.Fatal(err)
		}
		c.change(&config)
		if err := config.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	defer func() {
		if p := recover(); p == nil {
			t.Error("a request of tenant 8 is taken where tenant 7's are served")
		}
	}()
	c, _ := prepared(t, reservedFleet(), &aimed{level: 0})
	c.Arrive(1, Request{ID: 1, Pool: 1, Tenant: 8})
}

// The layers below what is reserved are reserved too.
func TestReservedLayers(t *testing.T) {
	categories := []Category{{Name: "all", LeadTime: time.Minute}, {Name: "own", LeadTime: time.Minute, ReservedFor: 7}}
	bare := []Layer{{Name: "bare", Adapt: time.Second, Memory: 0.5}}
	if _, err := AddLayers(categories, [][]Layer{bare, bare}); err == nil {
		t.Error("a layer is shared with what is reserved")
	}
	own := []Layer{{Name: "bare of 7", Adapt: time.Second, Memory: 0.5}}
	all, err := AddLayers(categories, [][]Layer{bare, own})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Config{Isolation: ByTenant, Categories: all}).Check(); err != nil || all[2].ReservedFor != 0 || all[3].ReservedFor != 7 {
		t.Errorf("%v: %+v", err, all[2:])
	}
}

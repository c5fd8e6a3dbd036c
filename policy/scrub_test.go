package policy

import (
	"testing"
	"time"
)

// scrubbing is a pool of one instance, which has served tenant 1 and is idle.
func scrubbing(t *testing.T, scrub time.Duration) (*Controller, *bench) {
	t.Helper()
	config := stagedFleet(true)
	config.Isolation = ByTenant
	config.Categories[0].Scrub, config.Categories[0].MaxInstances = scrub, 1
	host := &bench{prepared: map[InstanceID]Target{}}
	c, err := New(config, NewKeepAlive(time.Hour), host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	c.Arrive(0, Request{ID: 1, Tenant: 1, Dataset: 7})
	c.Warm(60e9, host.launched[0])
	c.Release(70e9, host.launched[0])
	return c, host
}

func TestScrubbedForAnotherTenant(t *testing.T) {
	c, host := scrubbing(t, 10*time.Second)
	mine := host.launched[0]
	c.Arrive(80e9, Request{ID: 2, Tenant: 2, Dataset: 7})
	a := host.assigned
	if a.Request != 2 || a.Instance != mine || a.Outcome != PartialHit || a.Reason != WasScrubbed || a.Delay != 10e9 || a.Missing != 1 {
		t.Fatalf("tenant 2 got %+v: it is to be scrubbed, and nothing is left of the dataset", a)
	}
	// A third tenant waits, and is given it at its release.
	c.Arrive(85e9, Request{ID: 3, Tenant: 3})
	c.Release(95e9, mine)
	if a = host.assigned; a.Request != 3 || a.Reason != WasScrubbed || a.Delay != 10e9 {
		t.Fatalf("tenant 3 got %+v", a)
	}
	// Its own tenant needs no scrubbing.
	c.Release(100e9, mine)
	c.Arrive(101e9, Request{ID: 4, Tenant: 3})
	if a = host.assigned; a.Request != 4 || a.Outcome != Hit || a.Delay != 0 {
		t.Errorf("tenant 3 got %+v", a)
	}
}

func TestScrubbedOnlyWhereItPaysAndIsAllowed(t *testing.T) {
	for name, scrub := range map[string]time.Duration{"never": 0, "as long as a launch": time.Minute} {
		c, host := scrubbing(t, scrub)
		c.Arrive(80e9, Request{ID: 2, Tenant: 2})
		if host.assigned.Request == 2 && host.assigned.Instance == host.launched[0] {
			t.Errorf("%s: tenant 2 got %+v", name, host.assigned)
		}
	}
	c, host := scrubbing(t, 10*time.Second)
	c.Arrive(80e9, Request{ID: 2, Tenant: 2, Warm: RequireWarm})
	if host.assigned.Request == 2 {
		t.Errorf("who requires a warm instance got %+v", host.assigned)
	}
	if err := (Config{Categories: []Category{{Name: "a", Scrub: -1}}}).Check(); err == nil {
		t.Error("a negative scrub time is accepted")
	}
}

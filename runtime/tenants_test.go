package runtime_test

import (
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// One instance is warm for globex, one for acme, and one for all others.
const reservedFile = `
fleet:
  categories: [{name: gpu, lead_time: 1s, reuse: reusable, tenants: [globex, acme]}]
policy: {name: static, level: 1}
`

func reserved(t *testing.T) func(*runtime.Options) {
	t.Helper()
	file, err := config.Parse("pool.yaml", []byte(reservedFile))
	if err != nil {
		t.Fatal(err)
	}
	return func(o *runtime.Options) {
		o.Fleet, o.Places = file.PolicyConfig(), config.PlacesOf(file.Fleet.Pools())
	}
}

// A tenant is served by what is reserved for it, then by what is free for all, which
// is its own from then on; others wait for a launch beside that.
func TestTenants(t *testing.T) {
	onBench(t, "static:level=1", reserved(t), func(t *testing.T, b *bench) {
		time.Sleep(3 * second / 2)
		claims := map[string][]runtime.Grant{}
		claim := func(tenant string, want policy.Outcome, why policy.Reason) {
			t.Helper()
			g, err := b.Claim(t.Context(), runtime.Request{Category: "gpu", Tenant: tenant})
			if err != nil {
				t.Fatal(err)
			}
			if g.Outcome != want || g.Reason != why {
				t.Errorf("%s gets %+v, want a %v because of %v", tenant, g, want, why)
			}
			claims[tenant] = append(claims[tenant], g)
		}
		inUse := func(want ...int32) { // for all, for globex, for acme
			t.Helper()
			for i, p := range b.status(t).Pools {
				if p.InUse != want[i] {
					t.Errorf("%s has %d in use, want %d", p.Category, p.InUse, want[i])
				}
			}
		}
		claim("acme", policy.Hit, policy.WasWarm)
		inUse(0, 0, 1)
		claim("acme", policy.Hit, policy.WasCompatible)
		inUse(0, 0, 2)
		time.Sleep(second / 4)
		claim("initech", policy.PartialHit, policy.BecameWarm)
		inUse(1, 0, 2)
		time.Sleep(second / 4) // what was launched for acme meanwhile is warm before these are
		for _, g := range claims["acme"] {
			if err := b.Release(t.Context(), g.Claim); err != nil {
				t.Fatal(err)
			}
		}
		claim("acme", policy.Hit, policy.WasWarm)
		claim("acme", policy.Hit, policy.WasWarm)
		claim("globex", policy.Hit, policy.WasWarm)
		inUse(1, 1, 2)
		for i, want := range []int{1, 0} { // the one used last goes first
			if got := claims["acme"][2+i].Instance.Name; got != claims["acme"][want].Instance.Name {
				t.Errorf("acme gets %s again, want %s", got, claims["acme"][want].Instance.Name)
			}
		}
		for _, g := range []runtime.Grant{claims["acme"][3], claims["acme"][2]} {
			if err := b.Release(t.Context(), g.Claim); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * second) // a tick ends what is beyond acme's level, and what it took first
		for i, want := range []int64{0, 0, 2} {
			if p := b.status(t).Pools[i]; p.Ended != want {
				t.Errorf("of %s %d have ended, want %d", p.Category, p.Ended, want)
			}
		}
	})
}

// The host numbers tenants itself, those first for whom something is reserved.
func TestReservedOptions(t *testing.T) {
	for want, change := range map[string]func(*runtime.Options){
		"more tenants have something reserved than the 1": func(o *runtime.Options) { o.Limits.Names = 1 },
		"reserved for tenant 0, its place for":            func(o *runtime.Options) { o.Fleet.Categories[2].ReservedFor = 0 },
		"reserved for tenant 1, its place for \"\"":       func(o *runtime.Options) { o.Places[1].Tenant = "" },
	} {
		o := runtime.Options{Policy: spec(t, "static:level=1"), Provisioner: newMemory(second)}
		reserved(t)(&o)
		if _, err := runtime.New(o); err != nil {
			t.Fatal(err)
		}
		change(&o)
		if _, err := runtime.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

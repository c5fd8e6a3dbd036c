package plan

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A shadow that has done some steps goes on with what is left: no step again,
// datasets from where they are, and what the steps spared counts as done.
func TestRegenerate(t *testing.T) {
	done := []Step{
		{Kind: Image, Name: "img", Takes: 20 * second},
		{Kind: Prefetch, Name: "small", Fraction: 0.05, Takes: 5 * second},
		{Kind: Prefetch, Name: "small", Fraction: 0.01}, // out of order
		{Kind: Cache, Name: "what nobody needs any more"},
	}
	p, err := Regenerate(usual(), Budget{9 * second, 1e6}, "", done)
	if err != nil {
		t.Fatal(err)
	}
	// 5 s for small from 0.05 to 0.1, and the library has no room: the rest is
	// large's.
	if got := names(p.Steps); got != "small:0.1 large:0.013" || p.Steps[0].Takes != 5*second {
		t.Errorf("%q, %+v", got, p.Steps)
	}
	all, err := Regenerate(usual(), plenty, "", done)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(all.Steps); got != "lib small:0.1 large:0.2 small:1 tmp probe" {
		t.Errorf("%q", got)
	}
	if got := names(all.Remaining(all.Steps[:2])); got != "large:0.2 small:1 tmp probe" {
		t.Errorf("%q", got)
	}
}

// What is done without what it needs saves nothing.
func TestSavingNeedsAll(t *testing.T) {
	lib, img := Step{Kind: Dependencies, Name: "lib"}, Step{Kind: Image, Name: "img"}
	for _, c := range []struct {
		done []Step
		want float64
	}{{[]Step{lib}, 0}, {[]Step{lib, img}, 20}, {[]Step{img, {Kind: Task, Name: "probe"}}, 16}} {
		if got := mustSave(t, usual(), "", c.done); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%q saves %v, want %v", names(c.done), got, c.want)
		}
	}
}

func TestBetter(t *testing.T) {
	items := usual()
	old := mustGenerate(t, items, plenty, "")
	better := func(items []Item, done []Step, old, other Plan, margin float64) bool {
		t.Helper()
		b, err := Better(items, done, old, other, margin)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if better(items, nil, old, old, 0) || better(items, old.Steps[:3], old, old, 0) {
		t.Error("a plan is better than itself")
	}
	// Requests have turned to another dataset.
	items[3].Share, items[2].Share = 0, 0
	items = append(items, Item{Kind: Prefetch, Name: "new", Share: 0.5, Saves: 100 * second, Takes: 100 * second, Needs: []int{0}})
	done := old.Steps[:2]
	other, err := Regenerate(items, Budget{120 * second, 1e6}, "", done)
	if err != nil {
		t.Fatal(err)
	}
	if !better(items, done, old, other, 0.1) || better(items, done, other, old, 0.1) {
		t.Errorf("%q instead of %q", names(other.Steps), names(old.Steps))
	}
	// 2.9 s remain of old, 52.4 of the other: 18 times as much.
	if !better(items, done, old, other, 17) || better(items, done, old, other, 17.1) {
		t.Error("the margin does not count as a share of what is saved")
	}
	// What has been done counts for neither.
	if better(items, other.Steps, old, Plan{}, 0) {
		t.Error("a plan of nothing is better")
	}
	// Once begun for a tenant, always the tenant's.
	mine := Plan{Tenant: "acme", Steps: old.Steps}
	fresh := mustGenerate(t, items, plenty, "")
	if better(items, done, mine, other, 0) || !better(items, nil, mine, fresh, 0) {
		t.Error("the shadow of a tenant became anyone's")
	}
	forMe := other
	forMe.Tenant = "acme"
	if !better(items, done, mine, forMe, 0) || !better(items, done, old, forMe, 0) {
		t.Error("a shadow cannot become a tenant's")
	}
}

// Going on in two halves saves what going on at once does, as far as steps are
// whole, and no plan repeats what was done.
func TestRegenerateAddsUp(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 13))
		items := randomItems(rng, 1+rng.IntN(15), true)
		first := mustGenerate(t, items, randomBudget(rng), "")
		have := randomBudget(rng)
		next, err := Regenerate(items, have, "", first.Steps)
		if err != nil {
			t.Fatal(err)
		}
		if next.Takes() > have.Time || next.Bytes() > have.Bytes {
			t.Fatalf("seed %d: %v, %d bytes, of %+v", seed, next.Takes(), next.Bytes(), have)
		}
		if len(next.Remaining(first.Steps)) != len(next.Steps) {
			t.Fatalf("seed %d: %q after %q", seed, names(next.Steps), names(first.Steps))
		}
		all := append(append([]Step{}, first.Steps...), next.Steps...)
		sum := mustSave(t, items, "", all)
		if sum < mustSave(t, items, "", first.Steps)-1e-9 {
			t.Fatalf("seed %d: going on saves less", seed)
		}
		rest, err := Regenerate(items, Budget{time.Duration(math.MaxInt64), math.MaxInt64}, "", all)
		if err != nil {
			t.Fatal(err)
		}
		whole := mustSave(t, items, "", mustGenerate(t, items, Budget{time.Duration(math.MaxInt64), math.MaxInt64}, "").Steps)
		if got := mustSave(t, items, "", append(all, rest.Steps...)); math.Abs(got-whole) > 1e-6 {
			t.Fatalf("seed %d: in three parts %v, at once %v", seed, got, whole)
		}
	}
}

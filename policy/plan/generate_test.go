package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const second = time.Second

var plenty = Budget{time.Hour, 1 << 40}

func mustGenerate(t testing.TB, items []Item, have Budget, tenant string) Plan {
	t.Helper()
	p, err := Generate(items, have, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustSave(t testing.TB, items []Item, tenant string, done []Step) float64 {
	t.Helper()
	s, err := Saving(items, tenant, done)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names are the steps in a word each.
func names(steps []Step) string {
	var all []string
	for _, s := range steps {
		w := s.Name
		if s.Kind == Prefetch {
			w = fmt.Sprintf("%s:%g", s.Name, s.Fraction)
		}
		all = append(all, w)
	}
	return strings.Join(all, " ")
}

// usual is an image for two data sets, a library, a cache and a synthetic task.
// Half of the requests that read small read a tenth of it, half all of it.
func usual() []Item {
	return []Item{
		{Kind: Image, Name: "img", Share: 0.8, Saves: 20 * second, Takes: 20 * second, Bytes: 100},
		{Kind: Dependencies, Name: "lib", Share: 0.4, Saves: 10 * second, Takes: 10 * second, Bytes: 10, Needs: []int{0}},
		{Kind: Prefetch, Name: "small", Share: 0.5, Saves: 100 * second, Takes: 100 * second, Bytes: 1000, Parts: []Part{{0.1, 0.5}, {1, 0.5}}, Needs: []int{0}},
		{Kind: Prefetch, Name: "large", Share: 0.3, Saves: 300 * second, Takes: 300 * second, Bytes: 3000, Parts: []Part{{0.2, 1}}, Needs: []int{0}},
		{Kind: Cache, Name: "tmp", Share: 0.1, Saves: 5 * second, Takes: 50 * second, Needs: []int{0}},
		{Kind: Task, Name: "probe", Share: 0.8, Saves: 3 * second, Takes: 5 * second, Needs: []int{0, 1}},
	}
}

// By hand. Savings per second: the image 0.8; a tenth of small 0.5 and the rest
// 0.25; large 0.3 up to a fifth; the library 0.4; the cache 0.01; the task 0.48,
// with the library (2.4 + 4)/15 = 0.43.
func TestGenerateByHand(t *testing.T) {
	for _, c := range []struct {
		have Budget
		want string
		save float64
	}{
		{Budget{19 * second, 1e6}, "", 0}, // all need the image
		{Budget{20 * second, 1e6}, "img", 16},
		{Budget{25 * second, 1e6}, "img small:0.05", 18.5},
		{Budget{30 * second, 1e6}, "img small:0.1", 21},
		{Budget{45 * second, 1e6}, "img lib small:0.1 probe", 16 + 4 + 5 + 2.4},
		{Budget{105 * second, 1e6}, "img lib small:0.1 large:0.2 probe", 16 + 4 + 5 + 18 + 2.4},
		{Budget{195 * second, 1e6}, "img lib small:0.1 large:0.2 small:1 probe", 16 + 4 + 5 + 18 + 22.5 + 2.4},
		{Budget{time.Hour, 1e6}, "img lib small:0.1 large:0.2 small:1 tmp probe", 16 + 4 + 5 + 18 + 22.5 + 2.4 + 0.5},
		{Budget{time.Hour, 99}, "", 0},
		{Budget{time.Hour, 210}, "img lib small:0.1 tmp probe", 16 + 4 + 5 + 2.4 + 0.5},
		{Budget{time.Hour, 160}, "img lib small:0.05 tmp probe", 16 + 4 + 2.5 + 2.4 + 0.5},
		{Budget{-1, 1e6}, "", 0},
	} {
		p := mustGenerate(t, usual(), c.have, "")
		if got := names(p.Steps); got != c.want {
			t.Errorf("%+v: %q, want %q", c.have, got, c.want)
		}
		if got := mustSave(t, usual(), "", p.Steps); math.Abs(got-c.save) > 1e-9 {
			t.Errorf("%+v: saves %v, want %v", c.have, got, c.save)
		}
	}
}

// What a fraction saves is the expectation of min(fraction, read), piecewise
// linear and concave.
func TestFractionIsConcave(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		it := Item{Kind: Prefetch, Name: "d", Share: rng.Float64(), Saves: 1000 * second, Takes: 10 * second}
		left := 1.0
		for left > 0 {
			s := min(left, 0.1+rng.Float64())
			it.Parts = append(it.Parts, Part{Read: rng.Float64() + 1e-9, Share: s})
			left -= s
			if left < 1e-9 {
				break
			}
		}
		last, slope := 0.0, math.Inf(1)
		for f := 1; f <= wholeDataset; f++ {
			want := 0.0
			for _, p := range it.Parts {
				want += p.Share * min(float64(f)/1000, p.Read)
			}
			want *= it.Share * 1000
			got := mustSave(t, []Item{it}, "", []Step{{Kind: Prefetch, Name: "d", Fraction: float64(f) / 1000}})
			if math.Abs(got-want) > 1e-9*(1+want) {
				t.Fatalf("%+v: %d thousandths save %v, want %v", it, f, got, want)
			}
			if s := got - last; s < -1e-9 || s > slope+1e-9 {
				t.Fatalf("%+v: not concave at %d", it, f)
			} else {
				last, slope = got, s
			}
		}
	}
}

// What only a tenant may have is in the plan of that tenant alone, and so is
// what cannot be done without it.
func TestPrivateItems(t *testing.T) {
	items := usual()
	items[2].Tenant = "acme"
	items = append(items, Item{Kind: Task, Name: "on small", Share: 1, Saves: 100 * second, Takes: second, Needs: []int{2}})
	for tenant, want := range map[string]bool{"": false, "acme": true, "other": false} {
		p := mustGenerate(t, items, plenty, tenant)
		got := strings.Contains(names(p.Steps), "small")
		if got != want || strings.Contains(names(p.Steps), "on small") != want || p.Tenant != tenant {
			t.Errorf("for %q: %q", tenant, names(p.Steps))
		}
		if s := mustSave(t, items, tenant, []Step{{Kind: Image, Name: "img"}, {Kind: Prefetch, Name: "small", Fraction: 1}}); want != (s > 30) {
			t.Errorf("for %q it saves %v", tenant, s)
		}
	}
}

// randomItems may need each other; divisible says whether there are datasets
// of which parts are read.
func randomItems(rng *rand.Rand, n int, divisible bool) []Item {
	items := make([]Item, n)
	for i := range items {
		it := Item{
			Kind: Kind(i * len(kinds) / n), Name: fmt.Sprint("i", i), Share: rng.Float64(),
			Saves: time.Duration(rng.Int64N(int64(100 * second))), Takes: time.Duration(rng.Int64N(int64(60 * second))), Bytes: rng.Int64N(1000),
		}
		if it.Kind == Prefetch && !divisible {
			it.Kind = Cache
		}
		if it.Kind == Prefetch {
			a := 0.01 + 0.8*rng.Float64()
			it.Parts = []Part{{a, 0.5}, {min(1, a+0.3*rng.Float64()), 0.5}}
		}
		for j := range i {
			if items[j].Kind.rank() <= it.Kind.rank() && rng.IntN(n) == 0 {
				it.Needs = append(it.Needs, j)
			}
		}
		if rng.IntN(5) == 0 {
			it.Saves = 0
		}
		items[i] = it
	}
	return items
}

func randomBudget(rng *rand.Rand) Budget {
	return Budget{time.Duration(rng.Int64N(int64(200 * second))), rng.Int64N(3000)}
}

// complete says what is missing of what the steps need, by the items.
func complete(items []Item, p Plan) error {
	for at, s := range p.Steps {
		i := slices.IndexFunc(items, func(it Item) bool { return it.Kind == s.Kind && it.Name == s.Name })
		for _, n := range items[i].Needs {
			o := &items[n]
			if !slices.ContainsFunc(p.Steps[:at], func(b Step) bool {
				return b.Kind == o.Kind && b.Name == o.Name && (o.Kind != Prefetch || b.Fraction >= float64(o.most())/wholeDataset)
			}) {
				return fmt.Errorf("step %d, %s, needs %s", at, s.Name, o.Name)
			}
		}
	}
	return nil
}

// Every plan is valid, within time and disk, complete, the same every time and
// for the same items in another order, and saves no less than nothing.
func TestPlansKeepTheirBounds(t *testing.T) {
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		items := randomItems(rng, 1+rng.IntN(25), true)
		have := randomBudget(rng)
		p := mustGenerate(t, items, have, "")
		if err := p.Validate(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if p.Takes() > max(have.Time, 0) || p.Bytes() > have.Bytes {
			t.Fatalf("seed %d: %v, %d bytes, of %+v", seed, p.Takes(), p.Bytes(), have)
		}
		if err := complete(items, p); err != nil {
			t.Fatalf("seed %d: %v in %q", seed, err, names(p.Steps))
		}
		takes, bytes := map[string]time.Duration{}, map[string]int64{}
		for _, s := range p.Steps {
			takes[s.Name] += s.Takes
			bytes[s.Name] += s.Bytes
			if s.Kind == Prefetch { // all steps up to a fraction take what it takes
				i := slices.IndexFunc(items, func(it Item) bool { return it.Name == s.Name })
				if d, b := items[i].cost(thousandths(s.Fraction)); takes[s.Name] != d || bytes[s.Name] != b {
					t.Fatalf("seed %d: %s takes %v and %d up to %v, not %v and %d", seed, s.Name, takes[s.Name], bytes[s.Name], s.Fraction, d, b)
				}
			}
		}
		if again := mustGenerate(t, items, have, ""); again.Hash() != p.Hash() {
			t.Fatalf("seed %d: %q, then %q", seed, names(p.Steps), names(again.Steps))
		}
		perm := rng.Perm(len(items)) // old places, by new
		shuffled := make([]Item, len(items))
		for to, from := range perm {
			shuffled[to] = items[from]
			shuffled[to].Needs = nil
			for _, n := range items[from].Needs {
				shuffled[to].Needs = append(shuffled[to].Needs, slices.Index(perm, n))
			}
		}
		if other := mustGenerate(t, shuffled, have, ""); !other.Equal(p) {
			t.Fatalf("seed %d: %q, in another order %q", seed, names(p.Steps), names(other.Steps))
		}
	}
}

// bestOf is the most that any closed set of indivisible items within the budget
// saves, by trying all.
func bestOf(items []Item, have Budget) float64 {
	best := 0.0
	for set := range 1 << len(items) {
		takes, bytes, saves, closed := time.Duration(0), int64(0), 0.0, true
		for i, it := range items {
			if set>>i&1 == 0 {
				continue
			}
			takes, bytes, saves = takes+it.Takes, bytes+it.Bytes, saves+it.Share*it.Saves.Seconds()
			for _, n := range it.Needs {
				closed = closed && set>>n&1 == 1
			}
		}
		if closed && takes <= have.Time && bytes <= have.Bytes {
			best = max(best, saves)
		}
	}
	return best
}

func TestNearTheBest(t *testing.T) {
	least, sum, n := 1.0, 0.0, 0
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 11))
		items := randomItems(rng, 2+rng.IntN(9), false)
		have := randomBudget(rng)
		best := bestOf(items, have)
		got := mustSave(t, items, "", mustGenerate(t, items, have, "").Steps)
		if got > best+1e-9 {
			t.Fatalf("seed %d: saves %v, the best there is %v", seed, got, best)
		}
		if best > 0 {
			least = min(least, got/best)
			sum += got / best
			n++
		}
	}
	t.Logf("of the best: %.3f at least, %.4f on average of %d", least, sum/float64(n), n)
	if least < 0.85 || sum/float64(n) < 0.99 {
		t.Errorf("of the best: %.3f at least, %.4f on average", least, sum/float64(n))
	}
}

// What needs a dataset is not done with a part of it, though it took no time.
func TestPartIsNotEnough(t *testing.T) {
	items := []Item{
		{Kind: Prefetch, Name: "d", Share: 1, Saves: 100 * second, Takes: 100 * second},
		{Kind: Task, Name: "probe", Share: 1, Saves: 50 * second, Needs: []int{0}},
	}
	for _, c := range []struct {
		have Budget
		want string
	}{{Budget{50 * second, 0}, "d:0.5"}, {Budget{100 * second, 0}, "d:1 probe"}, {Budget{500 * time.Millisecond, 0}, ""}} {
		if got := names(mustGenerate(t, items, c.have, "").Steps); got != c.want {
			t.Errorf("%+v: %q, want %q", c.have, got, c.want)
		}
	}
}

// Fractions are thousandths, rounded up, and so is what they cost.
func TestThousandths(t *testing.T) {
	for share, want := range map[float64]int{0.1: 100, float64(float32(0.1)): 100, 0.1234: 124, 0.12300001: 123, 1e-9: 1, 1: 1000, 0.9999: 1000} {
		if got := thousandths(share); got != want {
			t.Errorf("%v is %d thousandths, want %d", share, got, want)
		}
	}
	it := Item{Takes: 1001, Bytes: 1}
	if d, b := it.cost(1); d != 2 || b != 1 {
		t.Errorf("a thousandth costs %d ns and %d bytes", d, b)
	}
	if d, b := it.cost(wholeDataset); d != 1001 || b != 1 {
		t.Errorf("all costs %d ns and %d bytes", d, b)
	}
}

// A plan is never worse than the best single thing with what it needs, which
// the greedy by ratio alone can be, by any factor.
func TestBestSingle(t *testing.T) {
	items := []Item{
		{Kind: Cache, Name: "dense", Share: 1, Saves: 2 * second, Takes: second},
		{Kind: Cache, Name: "big", Share: 1, Saves: 100 * second, Takes: 100 * second},
	}
	if p := mustGenerate(t, items, Budget{100 * second, 0}, ""); names(p.Steps) != "big" {
		t.Errorf("%q", names(p.Steps))
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct {
		change func([]Item) []Item
		want   string
	}{
		{func(i []Item) []Item { i[0].Name = ""; return i }, `item 0 (image ""): name: want a name`},
		{func(i []Item) []Item { i[0].Kind = 99; return i }, "item 0 (kind 99"},
		{func(i []Item) []Item { i[1].Share = 1.1; return i }, "item 1 (dependencies \"lib\"): 1.1 is no share"},
		{func(i []Item) []Item { i[1].Share = math.NaN(); return i }, "no share"},
		{func(i []Item) []Item { i[1].Takes = -1; return i }, "seconds"},
		{func(i []Item) []Item { i[1].Saves = -1; return i }, "it saves -1ns"},
		{func(i []Item) []Item { i[1].Bytes = -1; return i }, "bytes"},
		{func(i []Item) []Item { i[1].Tenant = " "; return i }, "tenant: want a name"},
		{func(i []Item) []Item { i[1].Parts = []Part{{1, 1}}; return i }, "only datasets have parts"},
		{func(i []Item) []Item { i[2].Parts = []Part{{0, 1}}; return i }, "is no share"},
		{func(i []Item) []Item { i[2].Parts = []Part{{1, 0.5}}; return i }, "add up to 0.5"},
		{func(i []Item) []Item { i[2].Parts = make([]Part, 65); return i }, "65 parts"},
		{func(i []Item) []Item { i[1].Needs = []int{6}; return i }, "it needs item 6 of 6"},
		{func(i []Item) []Item { i[1].Needs = []int{-1}; return i }, "it needs item -1"},
		{func(i []Item) []Item { i[1].Needs = []int{5}; return i }, "it needs item 5 (task), which is of a kind that comes later"},
		{func(i []Item) []Item { i[2].Needs = []int{3}; i[3].Needs = []int{2}; return i }, "needs itself by way of others"},
		{func(i []Item) []Item { i[2].Needs = []int{2}; return i }, "needs itself by way of others"},
		{func(i []Item) []Item { i[3].Name = "small"; return i }, `item 3 (prefetch "small") is item 2 again`},
		{func([]Item) []Item { return make([]Item, MaxItems+1) }, "1025 items"},
	} {
		items := c.change(usual())
		_, e1 := Generate(items, plenty, "")
		_, e2 := Saving(items, "", nil)
		_, e3 := Better(items, nil, Plan{}, Plan{}, 0)
		for _, err := range []error{e1, e2, e3} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		}
	}
	if _, err := Generate(usual(), plenty, "\n"); err == nil {
		t.Error("a tenant without a name")
	}
	if _, err := Better(usual(), nil, Plan{}, Plan{}, math.NaN()); err == nil {
		t.Error("a margin that is no number")
	}
}

// A plan has as many steps as it may, whatever there is to do.
func TestMostSteps(t *testing.T) {
	var items []Item
	for i := range 400 {
		items = append(items, Item{Kind: Cache, Name: fmt.Sprint(i), Share: 0.5, Saves: second, Takes: second})
	}
	p := mustGenerate(t, items, plenty, "")
	if len(p.Steps) != MaxSteps || p.Validate() != nil {
		t.Errorf("%d steps", len(p.Steps))
	}
}

// BenchmarkGenerate plans from many items, with parts and needs.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{10, 100, MaxItems} {
		items := randomItems(rand.New(rand.NewPCG(1, 1)), n, true)
		b.Run(fmt.Sprint("items=", n), func(b *testing.B) {
			for b.Loop() {
				mustGenerate(b, items, Budget{20 * time.Minute, 1 << 30}, "")
			}
		})
	}
}

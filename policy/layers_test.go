package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func pools(p ...PoolID) []*PoolID {
	out := make([]*PoolID, len(p))
	for i := range p {
		out[i] = &p[i]
	}
	return out
}

func TestAddLayers(t *testing.T) {
	minute := time.Minute
	categories := []Category{{Name: "a", LeadTime: 10 * minute}, {Name: "b", LeadTime: 5 * minute}, {Name: "c"}}
	got, err := AddLayers(categories, [][]Layer{
		{{"bare", 8 * minute, 0.2}, {"language", 3 * minute, 0.5}}, {{"bare", 4 * minute, 0.2}}, nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	below := pools(4, 3, 3)
	want := []Category{
		{Name: "a", LeadTime: 10 * minute, Below: below[0], Compatible: []Compatible{{Pool: 4, Adapt: 3 * minute}, {Pool: 3, Adapt: 8 * minute}}},
		{Name: "b", LeadTime: 5 * minute, Below: below[1], Compatible: []Compatible{{Pool: 3, Adapt: 4 * minute}}},
		{Name: "c"},
		{Name: "bare", LeadTime: 2 * minute, Reusable: true, Memory: 0.2},
		{Name: "language", LeadTime: 7 * minute, Reusable: true, Memory: 0.5, Below: below[2]},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for want, layers := range map[string][][]Layer{
		"has no name":                           {{{"", minute, 0.2}}},
		"below 1 and above":                     {{{"bare", 2 * minute, 0.5}, {"language", minute, 0.2}}},
		"less than the layer below":             {{{"bare", minute, 0.2}, {"language", minute, 0.5}}},
		"layers that are shared are alike":      {{{"bare", minute, 0.2}}, {{"bare", minute, 0.3}}},
		"another layer below it than where":     {{{"bare", 2 * minute, 0.2}, {"x", minute, 0.5}}, {{"x", minute, 0.5}}},
		"more than 0":                           {{{"bare", 0, 0.2}}},
		`category "b": layer "bare" takes 1 of`: {nil, {{"bare", minute, 1}}},
	} {
		if _, err := AddLayers(categories, layers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", layers, err, want)
		}
	}
	loop := pools(1, 0)
	config := Config{Categories: []Category{{Name: "a", Below: loop[0]}, {Name: "b", Below: loop[1]}}}
	if _, err := New(config, None{}, &quiet{}); err == nil || !strings.Contains(err.Error(), "below itself") {
		t.Errorf("pools below each other: %v", err)
	}
}

// twoOfLanguage is a fleet of two categories that share their layers: of a lead
// time of 100 s the first 20 s make a bare instance, the next 40 s the
// language, and the last 40 s the category.
func twoOfLanguage(t testing.TB) Config {
	t.Helper()
	layers := []Layer{{"bare", 80 * time.Second, 0.2}, {"language", 40 * time.Second, 0.5}}
	categories, err := AddLayers([]Category{
		{Name: "a", LeadTime: 100 * time.Second, Reusable: true}, {Name: "b", LeadTime: 100 * time.Second, Reusable: true},
	}, [][]Layer{layers, layers})
	if err != nil {
		t.Fatal(err)
	}
	return Config{Categories: categories}
}

// At a price of 1 an instance is kept whole for 40 s / 0.5 = 80 s, with its
// language for 40 s / 0.3 = 133.3 s more, and bare for 20 s / 0.2 = 100 s more.
func TestLayeredByHand(t *testing.T) {
	v := newVisitorOf(t, "layered:price=1", twoOfLanguage(t))
	v.visit(1, 0, time.Second)
	released := v.now
	held := func() [4]int32 {
		var n [4]int32
		for p := range n {
			n[p] = v.ctrl.Stock(PoolID(p)).Warm
		}
		return n
	}
	const bare, language = 2, 3
	for _, c := range []struct {
		seconds float64
		pool    int
	}{{79.9, 0}, {80.1, language}, {213.2, language}, {213.4, bare}, {313.2, bare}, {313.4, -1}} {
		v.pass(released + int64(c.seconds*1e9))
		var want [4]int32
		if c.pool >= 0 {
			want[c.pool] = 1
		}
		if got := held(); got != want {
			t.Errorf("%.1f s after the release %v, want %v", c.seconds, got, want)
		}
	}
	if v.ends != 1 {
		t.Errorf("%d instances were ended", v.ends)
	}
	// A request of the other category takes the language and 40 s, without a
	// launch; under a policy that knows no layers nothing is there.
	for _, c := range []struct {
		spec     string
		delay    time.Duration
		launches int
	}{{"layered:price=1", 40 * time.Second, 1}, {"keepalive:ttl=80s", 0, 2}, {"static:level=0", 0, 2}} {
		v := newVisitorOf(t, c.spec, twoOfLanguage(t))
		v.visit(1, 0, time.Second)
		v.visit(v.now+int64(100*time.Second), 1, time.Second)
		if v.delay != int64(c.delay) || v.launch != c.launches {
			t.Errorf("%s: it took %v and %d launches in all", c.spec, time.Duration(v.delay), v.launch)
		}
		if s := v.ctrl.Stock(1); c.delay > 0 && s.Warm != 1 {
			t.Errorf("%s: the instance is not its new category's: %+v", c.spec, s)
		}
	}
}

// Six requests, 10 s apart, tell a rate of 5 in 50 s: four fifths of the
// requests come within 10 s x ln 5 = 16.09 s, in the category and its layers.
func TestLayeredFollowsTheRate(t *testing.T) {
	l := buildSizer(t, "layered:quantile=0.8", twoOfLanguage(t))
	l.Start(0, 0)
	var got Level
	for n := range int64(6) {
		got = l.Arrive(n*10e9, Request{Pool: PoolID(n % 2)}, Stock{})
	}
	if got != l.Start(0, 1) {
		t.Errorf("after 3 requests of the category %+v", got)
	}
	if got := l.(LayerSizer).Demoted(50e9, 3, Stock{}); got.Keep/1e6 != 16094 {
		t.Errorf("after 6 requests the shared layer is kept for %v", time.Duration(got.Keep))
	}
}

// Static holds nothing in layers.
func TestLayersStayEmptyUnderOthers(t *testing.T) {
	v := newVisitorOf(t, "static:level=2", twoOfLanguage(t))
	v.pass(int64(time.Hour))
	for p := range PoolID(4) {
		want := int32(2)
		if p > 1 {
			want = 0
		}
		if s := v.ctrl.Stock(p); s.Warm != want {
			t.Errorf("pool %d: %+v, want %d", p, s, want)
		}
	}
}

package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/experiments/search"
	"shadowpool/experiments/space"
	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// A contest is a trace and a policy's ranges on which search is held against
// a grid of a thousand points. It takes the environment's TUNE_GRIDS, a folder
// that keeps the grids' runs, and the public traces beside the project.
type contest struct {
	trace, start, timezone string
	policy, fleet          string // ranges
	reusable, pooled       bool
	target                 Target
}

const (
	adaptiveRanges = "miss_price=log:1..1000/50"
	tickBinding    = "tick=log:5s..60s/10,binding=late|early"
)

func contests() []contest {
	var all []contest
	for _, t := range []struct {
		file, start, timezone string
		targets               [3]float64
	}{
		{"genai.csv.gz", "2024-11-15T16:57:50", "Asia/Shanghai", [3]float64{0.95, 0.9, 0.85}},
		{"nasa_ipsc.csv.gz", "1993-10-01T00:00:03", "America/Los_Angeles", [3]float64{0.95, 0.9, 0.85}},
		{"unilu_gaia.csv.gz", "2014-05-22T10:57:59", "Europe/Luxembourg", [3]float64{0.9, 0.7, 0.55}},
	} {
		all = append(all,
			contest{t.file, t.start, t.timezone, "adaptive:" + adaptiveRanges, tickBinding, false, true, Target{"hit_rate", t.targets[0]}},
			contest{t.file, t.start, t.timezone, "hybrid-histogram:range=log:2m..24h/50", tickBinding, true, false, Target{"hit_rate", t.targets[1]}},
			contest{t.file, t.start, t.timezone, "layered:price=log:10..3000/25,quantile=log:0.5..0.99999/20", "binding=late|early", true, false, Target{"hit_rate", t.targets[2]}})
	}
	return all
}

func (c *contest) name() string {
	policy, _, _ := strings.Cut(c.policy, ":")
	return strings.TrimSuffix(c.trace, ".csv.gz") + "-" + policy
}

// entry reads the ranges.
func (c *contest) entry(t *testing.T) Entry {
	t.Helper()
	specs, err := policy.ParseSpecs(c.policy)
	if err != nil {
		t.Fatal(err)
	}
	family, err := policy.Find(specs[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	ranges := func(all []policy.Setting, params []policy.Param) (dims []space.Dimension) {
		for _, s := range all {
			for _, p := range params {
				if p.Name == s.Key {
					d, err := space.Parse(s.Key, s.Value, p.Kind)
					if err != nil {
						t.Fatal(err)
					}
					dims = append(dims, d)
				}
			}
		}
		return dims
	}
	keys, err := policy.ParseSpecs("fleet:" + c.fleet)
	if err != nil {
		t.Fatal(err)
	}
	return Entry{policy.Spec{Name: family.Name}, ranges(specs[0].Params, family.Params), ranges(keys[0].Params, FleetKeys)}
}

// proving is the contest's ground: the first half of the trace, measured from a
// quarter on.
func (c *contest) proving(t *testing.T) (*proving, Span) {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "traces", c.trace)
	src, err := trace.Load(path, trace.Options{Start: c.start, Timezone: c.timezone})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the public traces are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := sim.FleetOf(src, sim.Category{Category: policy.Category{Reusable: c.reusable}, Lead: sim.Constant(2 * time.Minute), Price: 1}, c.pooled)
	if err != nil {
		t.Fatal(err)
	}
	if fleet.Location, err = time.LoadLocation(c.timezone); err != nil {
		t.Fatal(err)
	}
	sum := src.Summary()
	return &proving{src: src, fleet: fleet, options: sim.Options{Seed: 1}}, Span{sum.First + (sum.Last-sum.First)/4, sum.First + (sum.Last-sum.First)/2}
}

// A gridPoint is what one setting of a grid did.
type gridPoint struct {
	Setting    string
	Hits, P99S float64
	WasteS     float64
}

// grid runs all points, or reads what an earlier run kept.
func (c *contest) grid(t *testing.T, dir string) []gridPoint {
	t.Helper()
	path := filepath.Join(dir, c.name()+".json")
	var points []gridPoint
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &points); err != nil {
			t.Fatal(err)
		}
		return points
	}
	p, span := c.proving(t)
	e := c.entry(t)
	settings := []Setting{{Spec: e.Spec}}
	for _, d := range e.Ranges {
		var more []Setting
		for _, s := range settings {
			for _, v := range d.Grid() {
				more = append(more, Setting{Spec: s.Spec.With(d.Name, v)})
			}
		}
		settings = more
	}
	for _, d := range e.Fleet {
		var more []Setting
		for _, s := range settings {
			for _, v := range d.Grid() {
				more = append(more, Setting{s.Spec, append(s.Fleet[:len(s.Fleet):len(s.Fleet)], policy.Setting{Key: d.Name, Value: v})})
			}
		}
		settings = more
	}
	var heats []heat
	for _, s := range settings {
		heats = append(heats, heat{s, span, 1})
	}
	since := time.Now()
	results, err := p.runAll(context.Background(), heats)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		points = append(points, gridPoint{settings[i].String(), r.HitRate, r.WaitS.P99, r.InstanceS.Waste})
	}
	text, err := json.Marshal(points)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s: %d points in %v\n", c.name(), len(points), time.Since(since))
	return points
}

func TestGrids(t *testing.T) {
	dir := os.Getenv("TUNE_GRIDS")
	if dir == "" {
		t.Skip("TUNE_GRIDS names no folder")
	}
	for _, c := range contests() {
		c.grid(t, dir)
	}
}

// best is the least waste of a grid's points that reach the target.
func (c *contest) best(points []gridPoint) (gridPoint, bool) {
	var best gridPoint
	found := false
	for _, p := range points {
		if p.Hits >= c.target.Value && (!found || p.WasteS < best.WasteS) {
			best, found = p, true
		}
	}
	return best, found
}

// TestHeldTo measures search and random search at a twentieth of a grid's
// requests, with ten seeds each.
func TestHeldTo(t *testing.T) {
	dir := os.Getenv("TUNE_GRIDS")
	if dir == "" {
		t.Skip("TUNE_GRIDS names no folder")
	}
	const budget, seeds = 50, 10
	for _, c := range contests() {
		if !strings.Contains(c.name(), os.Getenv("TUNE_ONLY")) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, c.name()+".json")); err != nil {
			fmt.Printf("%s: no grid yet\n", c.name())
			continue
		}
		grid := c.grid(t, dir)
		best, ok := c.best(grid)
		if !ok {
			t.Errorf("%s: no point of the grid reaches %s", c.name(), c.target.String())
			continue
		}
		e := c.entry(t)
		p, span := c.proving(t)
		var tuned, random, spent []float64
		for seed := range uint64(seeds) {
			h := hunt{ground: p, entries: []Entry{e}, span: span, measure: c.target, cost: "waste"}
			res, err := h.run(context.Background(), search.Options{Needs: []float64{c.target.graded(c.target.Value)}, Budget: budget, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			tuned = append(tuned, h.over(res, c.target, best.WasteS))
			spent = append(spent, res.Spent)
			r := rand.New(rand.NewPCG(seed, 99))
			h = hunt{ground: p, entries: []Entry{e}, span: span, measure: c.target, cost: "waste"}
			var points []search.Point
			for range budget {
				at := make([]float64, len(e.dimensions()))
				for i := range at {
					at[i] = r.Float64()
				}
				points = append(points, search.Point{At: at, Fidelity: 1})
			}
			if _, err := h.evaluate(context.Background(), points); err != nil {
				t.Fatal(err)
			}
			random = append(random, h.least(c.target)/best.WasteS)
		}
		fmt.Printf("%-28s grid's best %s: %.0f h, %s; over it: tune %.4f (%.4f to %.4f), random %.4f (%.4f to %.4f); spent %.1f runs\n",
			c.name(), c.target.String(), best.WasteS/3600, best.Setting,
			middle(tuned), slices.Min(tuned), slices.Max(tuned), middle(random), slices.Min(random), slices.Max(random), slices.Max(spent))
		fmt.Printf("   tune %.4f\n", tuned)
		if middle(tuned) > 1.02 {
			t.Errorf("%s: %.4f of the grid's best", c.name(), middle(tuned))
		}
		if middle(tuned) >= middle(random) {
			t.Errorf("%s: %.4f is not ahead of random search's %.4f", c.name(), middle(tuned), middle(random))
		}
	}
}

func (h *hunt) over(res *search.Result, target Target, waste float64) float64 {
	i := res.Cheapest(target.graded(target.Value))
	if i < 0 {
		return math.Inf(1)
	}
	return h.results[i].InstanceS.Waste / waste
}

func (h *hunt) least(target Target) float64 {
	least := math.Inf(1)
	for _, r := range h.results {
		if target.reachedBy(r) {
			least = min(least, r.InstanceS.Waste)
		}
	}
	return least
}

func middle(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

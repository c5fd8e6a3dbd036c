package experiments

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/sim"
)

// smallStudy is of two grounds of a small trace.
func smallStudy(t *testing.T, policies string) *Study {
	t.Helper()
	tr := small(t)
	s := &Study{
		Specs: specsOf(t, policies), Of: "ewma", Targets: []float64{0.8, 0.9}, Points: FewestPoints, Resamples: 200, Seed: 1,
		Cache: filepath.Join(t.TempDir(), "runs"),
	}
	for _, pooled := range []bool{true, false} {
		s.Grounds = append(s.Grounds, Ground{
			Trace: "small", LeadTime: "random", Grouping: map[bool]string{true: "pooled", false: "by category"}[pooled],
			Source: tr, Fleet: fleetOf(t, tr, false, pooled),
			Options: Options{Seed: 1, MeasureFrom: tr.Arrival[0] + int64(25*time.Hour), Version: "v"},
		})
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func runStudy(t *testing.T, s *Study) *Findings {
	t.Helper()
	f, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestStudyHoldsTogether(t *testing.T) {
	s := smallStudy(t, "static,ewma,static-rolling,schedule,keepalive,static-by-category,hindsight-rate,oracle")
	f := runStudy(t, s)
	if len(f.Cells) != 4 {
		t.Fatalf("%d cells, want 2 grounds at 2 targets", len(f.Cells))
	}
	for _, c := range f.Cells {
		static := c.standing("static")
		for _, st := range c.Standings {
			if st.Policy != "oracle" && st.Evaluations != s.Points {
				t.Errorf("%s: %s got %d evaluations", c.name(), st.Policy, st.Evaluations)
			}
			if st.Reached && st.BestHitRate < c.Target {
				t.Errorf("%s: %s reaches the target with %v at best", c.name(), st.Policy, st.BestHitRate)
			}
			if st.ToStatic != nil && math.Abs(*st.ToStatic*static.WasteS-st.WasteS) > 1e-6*static.WasteS {
				t.Errorf("%s: %s is %v of static", c.name(), st.Policy, *st.ToStatic)
			}
			if known := st.Against != nil; known == (st.Policy == "ewma" || st.Policy == "oracle") {
				t.Errorf("%s: %s is held against: %v", c.name(), st.Policy, known)
			}
			if v := st.Against; v != nil && v.Ratio != nil && st.Reached && math.Abs(*v.Ratio-c.standing("ewma").WasteS/st.WasteS) > 1e-9 {
				t.Errorf("%s: %s: the days say %v, the match %v", c.name(), st.Policy, *v.Ratio, c.standing("ewma").WasteS/st.WasteS)
			}
		}
		best := c.standing("static-by-category")
		if (best != nil) != (c.Grouping == "by category") {
			t.Errorf("%s: static-by-category stands there: %v", c.name(), best)
		}
		if best != nil && best.WasteS > 1.02*static.WasteS {
			t.Errorf("%s: a level for each category wastes %v, one level for all %v", c.name(), best.WasteS, static.WasteS)
		}
	}
	skipped := map[string]int{}
	for _, k := range f.Skipped {
		skipped[k.Policy]++
	}
	if diff := cmp.Diff(map[string]int{"keepalive": 2, "static-by-category": 1}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	for _, c := range f.Calibrated {
		if c.Episodes == 0 || c.LongestEpisodes <= 0 || c.LongestEpisodes > 1 {
			t.Errorf("episodes: %+v", c)
		}
		if c.Days != 1 || c.Requests == 0 || c.Misses == 0 || c.WorstDay != 1 || c.WorstTenth != 1 {
			t.Errorf("calibrated on less than a day: %+v", c)
		}
	}
	if len(f.Calibrated) != 2*2*2 { // static-rolling and schedule
		t.Errorf("%d policies that aim by themselves, want 8", len(f.Calibrated))
	}
}

// A study takes from its directory what is there, to the same bytes, and runs
// again what it is told to.
func TestStudyGoesOnWhereItStopped(t *testing.T) {
	s := smallStudy(t, "static,ewma,schedule")
	s.Grounds = s.Grounds[:1]
	text := func(f *Findings) string {
		var b bytes.Buffer
		if err := WriteJSON(&b, f); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := text(runStudy(t, s))
	kept, err := filepath.Glob(filepath.Join(s.Cache, "*.json"))
	if err != nil || len(kept) != 3+2 {
		t.Fatalf("%d runs are kept: three policies and schedule at two targets (%v)", len(kept), err)
	}
	// What is kept is believed: double the waste that static's files hold.
	double := regexp.MustCompile(`"waste":([0-9])`)
	for _, path := range kept {
		if !strings.HasPrefix(filepath.Base(path), "static-") {
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, double.ReplaceAll(body, []byte(`"waste":1$1`)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if text(runStudy(t, s)) == first {
		t.Error("nothing was taken from the directory")
	}
	s.Fresh = []string{"static"}
	if diff := cmp.Diff(first, text(runStudy(t, s))); diff != "" {
		t.Errorf("run again, static differs:\n%s", diff)
	}
	s.Fresh, s.Grounds[0].Options.Seed = nil, 2
	runStudy(t, s)
	if now, _ := filepath.Glob(filepath.Join(s.Cache, "*.json")); len(now) != 2*len(kept) {
		t.Errorf("another seed is kept in %d files beside %d", len(now)-len(kept), len(kept))
	}
	s.Cache, s.Grounds[0].Options.Seed = "", 1
	if diff := cmp.Diff(first, text(runStudy(t, s))); diff != "" {
		t.Errorf("without a directory it differs:\n%s", diff)
	}
}

func TestStudyRefuses(t *testing.T) {
	s := smallStudy(t, "static,ewma")
	s.Of = "adaptive"
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "adaptive") {
		t.Errorf("a policy that is not studied is held against the others: %v", err)
	}
	s.Of, s.Specs = "ewma", append(s.Specs, policy.Spec{Name: "dynamic"})
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "dynamic") {
		t.Errorf("an unknown policy: %v", err)
	}
}

func TestCalibratedByHand(t *testing.T) {
	run := daysOf([]int64{10, 20, 10, 10}, []int64{0, 10, 9, 7}, []float64{1, 2, 3, 5})
	swept := Curve{Label: "p", Points: []*sim.Result{daysOf([]int64{10, 20, 10, 10}, []int64{0, 0, 10, 10}, []float64{9, 9, 2, 2})}}
	got := calibrated(Place{}, swept, run, 0.9, 2)
	two := 2.0 // 8 s over the 4 s of the curve's only point, which reaches 0.9 on these days
	want := Calibrated{Policy: "p", Target: 0.9, Days: 2, Requests: 20, HitRate: 0.8, WasteS: 8, ToSwept: &two, Misses: 4, WorstDay: 0.75, WorstTenth: 0.75}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// standingOf is a standing of hand-made findings.
func standingOf(name string, waste float64, reached bool, v *Versus) Standing {
	return Standing{Policy: name, Implementable: true, Reached: reached, WasteS: waste, LaunchesPerReq: 1, Against: v}
}

func TestOutcomesByHand(t *testing.T) {
	place := Place{"t", "2m0s", "pooled"}
	f := &Findings{Of: "ours", Targets: []float64{0.9}, Cells: []Cell{
		{Place: place, Target: 0.9, Days: 30, Standings: []Standing{standingOf("ours", 50, true, nil), standingOf("a", 100, true, &Versus{Less: true}), standingOf("b", 0, false, nil)}},
		{Place: place, Target: 0.9, Days: 30, Standings: []Standing{standingOf("a", 100, true, &Versus{More: true}), standingOf("ours", 200, true, nil), standingOf("b", 400, true, &Versus{})}},
		{Place: place, Target: 0.9, Days: 5, Standings: []Standing{standingOf("a", 100, true, &Versus{}), standingOf("ours", 0, false, nil)}},
		{Place: place, Target: 0.9, Days: 30, Standings: []Standing{standingOf("ours", 70, true, nil), standingOf("a", 0, false, nil)}},
		{Place: place, Target: 0.9, Days: 30, Standings: []Standing{standingOf("ours", 0, false, nil), standingOf("a", 0, false, nil)}},
	}}
	var words []string
	for _, o := range f.Outcomes() {
		words = append(words, ratioWords(o.Ratio))
	}
	if diff := cmp.Diff([]string{"0.50", "2.00", "missed", "alone", "no one"}, words); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if lost := f.Losses(); len(lost) != 2 || lost[0].Cell != &f.Cells[2] || lost[1].Cell != &f.Cells[1] {
		t.Errorf("lost: %+v", lost)
	}
	s := f.Summaries()
	// a: 100/50 and 100/200, of geometric mean 1; b: 400/200.
	if s[0].Policy != "ours" || s[1].Policy != "a" || math.Abs(s[1].Mean-1) > 1e-12 || s[1].Shared != 2 || s[1].Reached != 3 || s[1].Wins != 1 || s[1].Losses != 1 ||
		s[2].Mean != 2 || s[2].Cells != 2 || s[2].Reached != 1 {
		t.Errorf("summaries: %+v", s)
	}
	if text := f.Outcome(); !strings.Contains(text, "in 2 of 5 cells: clearly in 1 ") || !strings.Contains(text, "clearly more in 1,") || !strings.Contains(text, "1 of the cells have fewer") {
		t.Errorf("outcome: %s", text)
	}
}

func TestStudyReportHoldsEverything(t *testing.T) {
	f := runStudy(t, smallStudy(t, "static,ewma,static-rolling,static-by-category,hindsight-rate,oracle"))
	f.Cells[0].Standings[0].Reached = false // one that falls short has a place too
	var table bytes.Buffer
	if err := WriteSummary(&table, f); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(table.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > mostColumns {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := WriteStudy(t.Context(), dir, f); err != nil {
		t.Fatal(err)
	}
	page := read(t, dir, "report.html")
	pictures := []string{"against-best", "spread", "calibration-0.8", "calibration-0.9"}
	for _, name := range pictures {
		svg := read(t, dir, name+".svg")
		wellFormed(t, name, svg)
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: a coordinate is no number", name)
		}
	}
	if n := strings.Count(page, "<svg"); n != len(pictures) {
		t.Errorf("the page holds %d pictures", n)
	}
	if outside := regexp.MustCompile(`(src|href)="|url\(|@import`).FindString(page); outside != "" {
		t.Errorf("the page needs something else: %s", outside)
	}
	for _, c := range f.Cells {
		if !strings.Contains(page, "<summary>"+c.name()+"</summary>") {
			t.Errorf("the page does not show %s", c.name())
		}
	}
	var shape struct{ Cells, Policies, SelfCalibrated []any }
	if err := json.Unmarshal([]byte(strings.Replace(read(t, dir, "study.json"), "self_calibrated", "selfcalibrated", 1)), &shape); err != nil || len(shape.Cells) != 4 || len(shape.Policies) != 6 || len(shape.SelfCalibrated) != 4 {
		t.Errorf("study.json has %d cells, %d policies, %d that aim (%v)", len(shape.Cells), len(shape.Policies), len(shape.SelfCalibrated), err)
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, dir, "study.csv"))).ReadAll()
	if want := 1 + 2*5 + 2*6; err != nil || len(rows) != want || slices.Contains(rows[0], "") {
		t.Errorf("study.csv has %d rows, want %d (%v)", len(rows), want, err)
	}
}

// Samples of one name and mean are told apart, as are other requests.
func TestFingerprints(t *testing.T) {
	tr := small(t)
	of := func(samples []int64, first int64) string {
		lead, err := sim.NewEmpirical("boots", samples)
		if err != nil {
			t.Fatal(err)
		}
		fleet, err := sim.FleetOf(tr, sim.Category{Lead: lead, Price: 1}, true)
		if err != nil {
			t.Fatal(err)
		}
		src := *tr
		src.Duration = append([]int64{first}, tr.Duration[1:]...)
		b, err := NewBench(&src, fleet, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return string(b.fingerprint(&Ground{Source: &src}))
	}
	one := of([]int64{1e9, 3e9}, 5)
	if one != of([]int64{1e9, 3e9}, 5) {
		t.Error("the same ground has two fingerprints")
	}
	if one == of([]int64{2e9, 2e9}, 5) || one == of([]int64{1e9, 3e9}, 6) {
		t.Error("two grounds have the same fingerprint")
	}
}

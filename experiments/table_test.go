package experiments

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/sim"
)

func TestTablesFitAHundredColumns(t *testing.T) {
	huge := &sim.Result{
		Policy: "headroom", Params: map[string]any{"spare": int64(999999), "share": 0.123456, "min": int64(1), "max": int64(123456), "cooldown_s": 12345.678},
		HitRate: 0.99999, WaitS: sim.Waits{Mean: 98765, P50: 0.0001, P99: 1e7}, InstanceS: sim.InstanceS{Waste: 3.6e15},
		CostUSD: sim.Cost{Total: 123456789012}, LaunchesPerReq: 12345.678,
	}
	static := point(20, 0.5, 1, 2, 1)
	var out bytes.Buffer
	if err := WriteTable(&out, []*sim.Result{static, huge}); err != nil {
		t.Fatal(err)
	}
	f := Frontier{Curves: []Curve{byHand(), {Policy: "headroom", Label: Label(huge), Knob: "spare", Points: []*sim.Result{huge}}}}
	f.Matched = Match(f.Curves, Target{"hit_rate", 0.95})
	if err := WriteFrontierTable(&out, &f); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), "static:level=20") {
		t.Errorf("no label in\n%s", out.String())
	}
}

// A label, given to --policies, is the same policy.
func TestLabelsAreSpecs(t *testing.T) {
	for _, text := range []string{
		"none", "static:level=7", "static:level=7,level.gpu=2", "keepalive:ttl=10m", "keepalive:ttl=1h30m0.5s",
		"headroom:spare=2,share=0.25,cooldown=1m", "ewma:quantile=0.995", "hindsight-rate:quantile=0.9,dispersion=0.3",
	} {
		spec := specsOf(t, text)[0]
		family, err := policy.Find(spec.Name, sim.References(nil, sim.Fleet{})...)
		if err != nil {
			t.Fatal(err)
		}
		categories := []policy.Category{{Name: "gpu"}}
		values, err := family.Parse(spec, categories)
		if err != nil {
			t.Fatal(err)
		}
		label := Label(&sim.Result{Policy: spec.Name, Params: values.Map()})
		again, err := family.Parse(specsOf(t, label)[0], categories)
		if err != nil {
			t.Fatalf("%s is labelled %s: %v", text, label, err)
		}
		if diff := cmp.Diff(values.Map(), again.Map()); diff != "" {
			t.Errorf("%s is labelled %s:\n%s", text, label, diff)
		}
	}
}

func TestNumbersAsPeopleReadThem(t *testing.T) {
	for want, got := range map[string]string{
		"0": seconds(0), "864 ms": seconds(0.864), "28.1 s": seconds(28.1), "99.9 s": seconds(99.94), "1m40s": seconds(99.96),
		"1h05m": seconds(3900), "99.95": percent(0.9995), "99.99": percent(0.99999), "100.0": percent(1), "97.9": percent(0.979), "12,345,678": amount(12345678), "1.50": amount(1.5),
		"2 days": days(172800), "1.5 h": days(5400),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestReportHoldsEverything(t *testing.T) {
	tr := small(t)
	from := tr.Arrival[0] + int64(12*time.Hour)
	b, err := NewBench(tr, fleetOf(t, tr, false, false), Options{MeasureFrom: from, Timeline: TimelineSamples(tr.Summary(), from)})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	results, err := b.Compare(ctx, specsOf(t, "static:level=2,ewma"))
	if err != nil {
		t.Fatal(err)
	}
	curves, err := b.Sweep(ctx, specsOf(t, "static"), FewestPoints, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		report Report
		files  string
		rows   int
	}{
		{Report{Comparison: &Comparison{b.TraceInfo(), b.Setup(), results}},
			"arrivals-by-hour.svg level-1-none.svg level-2-static-level-2.svg level-3-ewma-quantile-0.99.svg report.html results.csv results.json waits.svg waste-hit-rate.svg", 4},
		{Report{Frontier: &Frontier{Trace: b.TraceInfo(), Config: b.Setup(), Curves: curves}},
			"arrivals-by-hour.svg report.html results.csv results.json waste-hit-rate.svg waste-wait-mean.svg waste-wait-p99.svg", FewestPoints + 2},
	} {
		dir := filepath.Join(t.TempDir(), "new", "out")
		if err := b.Write(t.Context(), dir, c.report); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if diff := cmp.Diff(strings.Fields(c.files), names); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		page := read(t, dir, "report.html")
		if n := strings.Count(page, "<svg"); n != strings.Count(c.files, ".svg") {
			t.Errorf("the page holds %d pictures", n)
		}
		if outside := regexp.MustCompile(`(src|href)="|url\(|@import`).FindString(page); outside != "" {
			t.Errorf("the page needs something else: %s", outside)
		}
		for _, name := range names {
			if strings.HasSuffix(name, ".svg") {
				wellFormed(t, name, read(t, dir, name))
			}
		}
		rows, err := csv.NewReader(strings.NewReader(read(t, dir, "results.csv"))).ReadAll()
		if err != nil || len(rows) != 1+c.rows {
			t.Errorf("results.csv has %d rows, want %d (%v)", len(rows), 1+c.rows, err)
		}
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func wellFormed(t *testing.T, name, body string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestPicturesHaveNoImpossibleNumbers(t *testing.T) {
	p, err := drawService([]Curve{{Points: []*sim.Result{point(1, 0.5, 0, 0, 0)}}}, serviceAxes[0], []string{"idle never"})
	if err != nil {
		t.Fatal(err)
	}
	waits, err := drawWaits([]*sim.Result{{Policy: "none", WaitS: sim.Waits{Max: 120}, WaitCurve: []sim.WaitPoint{{Seconds: 0, Share: 0}, {Seconds: 120, Share: 1}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, svg := range [][]byte{p.svg, waits.svg} {
		if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
			t.Error("a coordinate is no number")
		}
	}
	if got := exceedance([]sim.WaitPoint{{Seconds: 0, Share: 0.9}, {Seconds: 60, Share: 1}}); math.Abs(got[0].Y-0.1) > 1e-12 || got[1].Y != rarest {
		t.Errorf("a tenth waits, up to a minute: %v", got)
	}
}

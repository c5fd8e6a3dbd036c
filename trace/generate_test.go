package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// bound is how far a Poisson count may lie from its mean: the quantile of the
// normal law at which `checks` comparisons together fail once in a thousand,
// plus one and a half for the counts' discreteness.
func bound(mean float64, checks int) float64 {
	z := distuv.UnitNormal.Quantile(1 - 0.001/2/float64(checks))
	return z*math.Sqrt(mean) + 1.5
}

func generated(t testing.TB, w Workload, seed uint64) (*Truth, *Trace) {
	t.Helper()
	truth, err := w.Truth(seed)
	if err != nil {
		t.Fatal(err)
	}
	tr := truth.Trace()
	if err := tr.Validate(); err != nil {
		t.Fatal(err)
	}
	return truth, tr
}

func digest(tr *Trace) [32]byte {
	h := sha256.New()
	for _, column := range []any{tr.Arrival, tr.Duration, tr.Category, tr.TaskType, tr.Tenant, tr.Dataset, tr.Announced} {
		if err := binary.Write(h, binary.LittleEndian, column); err != nil {
			panic(err)
		}
	}
	return [32]byte(h.Sum(nil))
}

func TestPresetsAreValidAndRepeatable(t *testing.T) {
	for _, w := range Presets() {
		t.Run(w.Name, func(t *testing.T) {
			w.Span = min(w.Span, 36*time.Hour)
			_, a := generated(t, w, 1)
			_, b := generated(t, w, 1)
			_, c := generated(t, w, 2)
			if digest(a) != digest(b) {
				t.Error("the same seed gave two traces")
			}
			if digest(a) == digest(c) {
				t.Error("two seeds gave the same trace")
			}
			if w.About == "" {
				t.Error("no description")
			}
		})
	}
	if w, err := Preset("platform"); err != nil || w.Name != Presets()[0].Name {
		t.Errorf("Preset(platform) = %s, %v", w.Name, err)
	}
	if _, err := Preset("nothing"); err == nil || !strings.Contains(err.Error(), "platform") {
		t.Errorf("error %v does not name the presets", err)
	}
}

// Streams by name: what one part draws must not depend on another part.
func TestStreamsAreIndependent(t *testing.T) {
	w := platform()
	w.Span = 2 * day
	_, before := generated(t, w, 3)
	w.Tasks[0].Duration = Lognormal{Mid: time.Second, P99: time.Minute}
	w.Tasks[2].Datasets = 0
	_, after := generated(t, w, 3)
	if !slices.Equal(before.Arrival, after.Arrival) || !slices.Equal(before.Category, after.Category) {
		t.Error("other durations changed the arrivals or categories")
	}
}

func TestPlatformLooksLikeAPlatform(t *testing.T) {
	_, tr := generated(t, platform(), 1)
	if n := tr.Len(); n < 300_000 || n > 500_000 {
		t.Errorf("%d requests, want 300,000 to 500,000", n)
	}
	if got := len(tr.Strings.Category) - 1; got != 40 {
		t.Errorf("%d categories, want 40", got)
	}
	d := slices.Clone(tr.Duration)
	slices.Sort(d)
	mid, p99 := time.Duration(d[len(d)/2]), time.Duration(d[len(d)*99/100])
	if mid < 2*time.Minute || mid > 6*time.Minute || p99 < time.Hour {
		t.Errorf("duration median %s and p99 %s, want minutes and hours", mid, p99)
	}
	var weekday, weekend, noon, eleven float64
	for _, at := range tr.Arrival {
		local := time.Unix(0, at).In(berlin)
		if wd := local.Weekday(); wd == time.Saturday || wd == time.Sunday {
			weekend++
			continue
		}
		weekday++
		switch local.Hour() {
		case 12:
			noon++
		case 10:
			eleven++
		}
	}
	if ratio := (weekend / 2) / (weekday / 5); ratio > 0.6 || ratio < 0.2 {
		t.Errorf("a day of the weekend has %.2f of a working day's requests", ratio)
	}
	if noon > 0.85*eleven {
		t.Errorf("no lunch dip: %v at noon, %v at ten", noon, eleven)
	}
}

func TestHomogeneousGapsAreExponential(t *testing.T) {
	_, tr := generated(t, poissonPreset(), 11)
	n := tr.Len() - 1
	gaps := make([]float64, n)
	for i := range gaps {
		gaps[i] = float64(tr.Arrival[i+1]-tr.Arrival[i]) / 1e9
	}
	slices.Sort(gaps)
	// Kolmogorov-Smirnov against the exponential law of rate one a second;
	// 1.95/sqrt(n) is the 99.9 % point.
	worst := 0.0
	for i, g := range gaps {
		f := 1 - math.Exp(-g)
		worst = max(worst, math.Abs(f-float64(i)/float64(n)), math.Abs(f-float64(i+1)/float64(n)))
	}
	if limit := 1.95 / math.Sqrt(float64(n)); worst > limit {
		t.Errorf("distance from the exponential law is %v, want at most %v", worst, limit)
	}
}

// Index of dispersion of counts per minute: one for Poisson, far more with
// bursts.
func TestDispersion(t *testing.T) {
	dispersion := func(tr *Trace, from int64, minutes int) float64 {
		counts := make([]float64, minutes)
		for _, at := range tr.Arrival {
			if m := int((at - from) / int64(time.Minute)); m < minutes {
				counts[m]++
			}
		}
		m, v := mean(counts), 0.0
		for _, c := range counts {
			v += (c - m) * (c - m)
		}
		return v / float64(minutes-1) / m
	}
	flat := poissonPreset()
	truth, tr := generated(t, flat, 13)
	from, _ := truth.Span()
	minutes := 2 * 24 * 60
	if got, sd := dispersion(tr, from, minutes), math.Sqrt(2/float64(minutes-1)); math.Abs(got-1) > 3.3*sd {
		t.Errorf("a Poisson process has dispersion %v, want 1 +- %v", got, 3.3*sd)
	}
	flat.Tasks[0].Bursts = []Burst{{PerWeek: 3000, Size: 40, Spread: 10 * time.Second}}
	_, tr = generated(t, flat, 13)
	// Groups of mean size m (uniform from m/2 to 3m/2, so E[size^2] = 13/12
	// m^2) at rate b a minute add b m + b 13/12 m^2 to the variance, most of
	// it within one minute.
	b, m := 3000./(7*24*60), 40.
	want := 1 + b*13/12*m*m/(60+b*m)
	if got := dispersion(tr, from, minutes); got < 0.7*want || got > 1.15*want {
		t.Errorf("with bursts the dispersion is %v, want about %v", got, want)
	}
}

func TestZipfSharesAndDurations(t *testing.T) {
	laws := map[string]Distribution{
		"lognormal": Lognormal{Mid: 90 * time.Second, P99: time.Hour},
		"pareto":    Pareto{Min: 50 * time.Second, Shape: 1.1, Max: 3 * time.Hour},
	}
	for name, law := range laws {
		w := poissonPreset()
		w.Span = day
		w.Tasks[0].Categories, w.Tasks[0].Skew = 40, 1.2
		w.Tasks[0].Duration = law
		_, tr := generated(t, w, 17)
		n := float64(tr.Len())
		counts := make([]float64, 41)
		below := 0.0
		for i, c := range tr.Category {
			counts[c]++
			if tr.Duration[i] < law.Median() {
				below++
			}
		}
		norm := 0.0
		for k := 1; k <= 40; k++ {
			norm += math.Pow(float64(k), -1.2)
		}
		for k := 1; k <= 40; k++ {
			want := n * math.Pow(float64(k), -1.2) / norm
			if math.Abs(counts[k]-want) > bound(want, 40) {
				t.Errorf("%s: category %d has %v requests, want %.0f", name, k, counts[k], want)
			}
		}
		if math.Abs(below-n/2) > 3.3*math.Sqrt(n)/2 {
			t.Errorf("%s: %v of %v durations lie below the median %s", name, below, n, time.Duration(law.Median()))
		}
		if name == "lognormal" {
			slices.Sort(tr.Duration)
			above := n - float64(firstAbove(tr.Duration, int64(time.Hour)))
			if math.Abs(above-n/100) > bound(n/100, 1) {
				t.Errorf("%v of %v durations lie above the 99th percentile", above, n)
			}
		}
	}
}

func firstAbove(sorted []int64, x int64) int {
	i, _ := slices.BinarySearch(sorted, x+1)
	return i
}

func TestTimersAreDueOnTime(t *testing.T) {
	w := Workload{Name: "cron", Start: monday, Span: 2 * day, Tasks: []Task{{
		Name: "t", Categories: 5, Duration: Lognormal{Mid: 1e9, P99: 1e10},
		Timers: []Timer{{Count: 5, Every: []time.Duration{time.Hour}, Jitter: 10 * time.Second}},
	}}}
	_, tr := generated(t, w, 1)
	if tr.Len() != 5*48 {
		t.Fatalf("%d requests, want %d", tr.Len(), 5*48)
	}
	last := map[uint32]int64{}
	for i, at := range tr.Arrival {
		if within := (at - monday.UnixNano()) % int64(time.Minute); within >= int64(10*time.Second) {
			t.Errorf("row %d is %s after the full minute", i, time.Duration(within))
		}
		if before, ok := last[tr.Category[i]]; ok {
			if gap := time.Duration(at - before); (gap - time.Hour).Abs() > 10*time.Second {
				t.Errorf("row %d comes %s after the one before", i, gap)
			}
		}
		last[tr.Category[i]] = at
	}
}

func TestNoticeComesAhead(t *testing.T) {
	_, tr := generated(t, booked(), 1)
	told := 0.0
	for i, at := range tr.Announced {
		if at == NoTime {
			continue
		}
		told++
		if at > tr.Arrival[i] {
			t.Fatalf("row %d is announced after it arrives", i)
		}
	}
	n := float64(tr.Len())
	if math.Abs(told/n-2./3) > 3.3*math.Sqrt(2./9/n) {
		t.Errorf("%v of %v requests are announced, want two thirds", told, n)
	}
}

func TestWorkloadErrorsNameTheField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Workload)
		want   string
	}{
		"span":     {func(w *Workload) { w.Span = 0 }, "span"},
		"huge":     {func(w *Workload) { w.Tasks[0].PerDay = 1e11 }, "shorten the span"},
		"growth":   {func(w *Workload) { w.Tasks[0].Growth = 99; w.Span = 3000 * day }, "requests"},
		"day":      {func(w *Workload) { w.Tasks[0].Day = []float64{1} }, "24 rates"},
		"week":     {func(w *Workload) { w.Tasks[0].Week = make([]float64, 7) }, "7 rates"},
		"nan":      {func(w *Workload) { w.Tasks[0].PerDay = math.NaN() }, "a day"},
		"law":      {func(w *Workload) { w.Tasks[0].Duration = Pareto{} }, "Pareto"},
		"median":   {func(w *Workload) { w.Tasks[0].Duration = Lognormal{Mid: 5, P99: 1} }, "median"},
		"no tasks": {func(w *Workload) { w.Tasks = nil }, "task types"},
		"timer":    {func(w *Workload) { w.Tasks[0].Timers = []Timer{{Count: 1}} }, "timers"},
		"names":    {func(w *Workload) { w.Tasks = append(w.Tasks, w.Tasks[0]) }, "two task types"},
	} {
		w := poissonPreset()
		c.change(&w)
		if _, err := w.Generate(1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.want)
		}
	}
}

func TestParseDistribution(t *testing.T) {
	for text, want := range map[string]Distribution{
		"60s":                               Lognormal{Mid: time.Minute, P99: time.Minute},
		"lognormal:median=45s,p99=2m":       Lognormal{Mid: 45 * time.Second, P99: 2 * time.Minute},
		"lognormal:p99=2m,median=1s,max=1h": Lognormal{Mid: time.Second, P99: 2 * time.Minute, Max: time.Hour},
		"pareto:min=30s,shape=1.5":          Pareto{Min: 30 * time.Second, Shape: 1.5},
	} {
		if got, err := ParseDistribution(text); err != nil || got != want {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0s", "-5s", "lognormal", "lognormal:median=1s", "lognormal:median=2s,p99=1s", "lognormal:median=1s,p99=2s,x=1",
		"lognormal:median=1s,median=1s,p99=2s", "pareto:min=1s", "pareto:min=1s,shape=0", "pareto:min=1s,shape=NaN", "normal:mean=1s"} {
		if got, err := ParseDistribution(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func BenchmarkGeneratePlatform(b *testing.B) {
	rows := 0
	for b.Loop() {
		tr, err := platform().Generate(1)
		if err != nil {
			b.Fatal(err)
		}
		rows = tr.Len()
	}
	b.ReportMetric(float64(rows), "requests")
}

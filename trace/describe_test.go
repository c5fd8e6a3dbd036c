package trace

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func described(t *testing.T, src Source, zone *time.Location) *Description {
	t.Helper()
	d, err := Describe(src, zone)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// shapes is the table "Shape of the request traces" and the durations of the
// table before it, in the README of the shared traces. Start is its "time of
// row 0"; for traces whose weekday it calls arbitrary, a date that gives the
// rotation that it prints.
var shapes = []struct {
	file, start                  string
	rows                         int64
	byHour                       [3]float64 // of hours 0, 10 and 23
	byDay                        [7]float64
	peak, empty, acf, cv         float64
	mean                         float64
	most                         int
	p50, p95, p99                float64
	task, tenants, categories, d int
}{
	{"genai", "2024-11-15T16:57:50", 26790, [3]float64{166, 2, 153}, [7]float64{1227, 1686, 1570, 2012, 1058, 298, 865}, 9.0, 33, 0.69, 12.0, 0.4, 23, 23, 69, 106, 3, 4244, 86, 86},
	{"azure_vm", "2000-01-05T20:00:00", 631807, [3]float64{2678, 2999, 2236}, [7]float64{83833, 77556, 66937, 67054, 76730, 70754, 69023}, 1.9, 0, 0.43, 15.4, 8674, 16291, 1500, 55950, 129750, 0, 0, 16, 0},
	{"unilu_gaia", "2014-05-22T10:57:59", 51860, [3]float64{17.3, 42.4, 16.4}, [7]float64{556, 566, 398, 857, 620, 584, 535}, 33.0, 24, 0.42, 8.7, 96.8, 611, 689, 61188, 259214, 3, 84, 11, 27929},
	{"cea_curie", "2012-02-03T01:12:41", 298096, [3]float64{25, 82, 34}, [7]float64{1117, 1422, 1548, 1557, 1517, 603, 501}, 35.9, 11, 0.26, 15.5, 87.9, 429, 154, 52123, 86387, 6, 581, 83, 0},
	{"nasa_ipsc", "1993-10-01T00:00:03", 18239, [3]float64{0.9, 16.2, 1.5}, [7]float64{242, 263, 263, 261, 213, 81, 65}, 10.2, 33, 0.5, 9.5, 1.8, 9, 86, 3723, 10932, 2, 69, 8, 493},
	{"alibaba_gpu_pods", "2000-01-02T08:11:03", 7205, [3]float64{12.6, 6.2, 14.2}, [7]float64{250, 200, 217, 242, 260, 128, 182}, 6.3, 2, 0.32, 1.6, 12.7, 33, 605, 16306, 65729, 4, 0, 35, 0},
}

func TestShapesOfTheSharedTraces(t *testing.T) {
	for _, want := range shapes {
		t.Run(want.file, func(t *testing.T) {
			file := filepath.Join("..", "..", "shared", "traces", want.file+".csv.gz")
			if _, err := os.Stat(file); err != nil {
				t.Skipf("the shared traces are not here: %v", err)
			}
			tr, err := Load(file, Options{Start: want.start})
			if err != nil {
				t.Fatal(err)
			}
			d := described(t, tr, time.UTC)
			// printed with so many digits, a figure may be off by half the last
			near := func(name string, got, want, off float64) {
				if math.Abs(got-want) > off*1.001 {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			if d.Requests != want.rows {
				t.Errorf("%d rows, want %d", d.Requests, want.rows)
			}
			for i, h := range []int{0, 10, 23} {
				near("arrivals of hour", d.ByHour[h], want.byHour[i], 0.5)
			}
			for i, m := range want.byDay {
				near("arrivals of "+d.ByDay[i].Day, d.ByDay[i].Mean, m, 0.5)
			}
			near("peak / mean", d.Burstiness.PeakToMean, want.peak, 0.05)
			near("empty hours", 100*d.Burstiness.EmptyHours, want.empty, 0.5)
			near("acf", d.Burstiness.ACF24, want.acf, 0.005)
			near("gap CV", d.Burstiness.GapCV, want.cv, 0.051)
			near("mean in service", d.InService.Mean, want.mean, math.Max(0.05, want.mean*0.002))
			near("p50", d.DurationS.P50, want.p50, 0.5+want.p50*0.002)
			near("p95", d.DurationS.P95, want.p95, 0.5+want.p95*0.002)
			near("p99", d.DurationS.P99, want.p99, 0.5+want.p99*0.002)

			got := map[string]int{}
			for _, c := range d.Classes {
				got[c.Column] = c.Distinct
			}
			classes := map[string]int{}
			for column, n := range map[string]int{"task_type": want.task, "tenant": want.tenants, "category": want.categories, "dataset": want.d} {
				if n > 0 {
					classes[column] = n
				}
			}
			if diff := cmp.Diff(classes, got); diff != "" {
				t.Error(diff)
			}

			// The table counts a request that ends at an instant as still
			// in service for an arrival of that instant; a nanosecond more
			// of service makes it so here.
			for i := range tr.Duration {
				tr.Duration[i]++
			}
			if most := described(t, tr, time.UTC).InService.Max; most != want.most {
				t.Errorf("at most %d in service, want %d", most, want.most)
			}
			if d.InService.Max > want.most {
				t.Errorf("at most %d in service when ends make room, want no more than %d", d.InService.Max, want.most)
			}
		})
	}
}

func TestDescribeFollowsSummerTime(t *testing.T) {
	b := NewBuilder()
	// The clocks of Berlin go back on 25 October 2026: nine o'clock is at
	// 07:00 UTC on Saturday and at 08:00 UTC on Monday.
	for _, at := range []string{"2026-10-23T12:00:00Z", "2026-10-24T07:00:00Z", "2026-10-26T08:00:00Z", "2026-10-26T08:59:00Z", "2026-10-27T12:00:00Z"} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add(Record{Arrival: instant.UnixNano(), Duration: 1e9, Announced: NoTime, Wait: 5e9}); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("clocks", false)
	if err != nil {
		t.Fatal(err)
	}
	d := described(t, tr, berlin)
	if got := d.ByHour[9] * 4; math.Abs(got-3) > 1e-9 { // four days have a nine o'clock
		t.Errorf("three arrivals at nine o'clock became %v", got)
	}
	want := map[string]float64{"Sat": 1, "Sun": 0, "Mon": 2}
	for _, day := range d.ByDay {
		mean, isFull := want[day.Day]
		if (day.FullDays == 1) != isFull || day.Mean != mean {
			t.Errorf("%s: %d full days of %v arrivals, want %v", day.Day, day.FullDays, day.Mean, mean)
		}
	}
	if d.WaitS == nil || d.WaitS.Max != 5 || d.WaitS.Count != 5 {
		t.Errorf("waits are %+v, want five of 5 s", d.WaitS)
	}
}

func TestDescribeCounts(t *testing.T) {
	tr := &Trace{Name: "small", Columns: Columns{
		Arrival:  []int64{0, 60e9, 60e9, 240e9},
		Duration: []int64{60e9, 0, 200e9, 1e9},
		Category: []uint32{1, 2, 1, 0},
	}, Strings: Strings{Category: []string{"", "a", "b", "never"}}, Relative: true}
	d := described(t, tr, time.UTC)
	// Counts a minute are 1, 2, 0, 0, 1: mean 0.8, variance 0.56.
	if got := d.Burstiness.Dispersion; math.Abs(got-0.7) > 1e-9 {
		t.Errorf("dispersion %v, want 0.7", got)
	}
	// Gaps are 60, 0 and 180 s.
	if got, want := d.Burstiness.GapCV, math.Sqrt(5600)/80; math.Abs(got-want) > 1e-9 {
		t.Errorf("gap CV %v, want %v", got, want)
	}
	// The first request ends as the second arrives; the third lasts beyond
	// the last arrival, to which (60 + 180) s of service count.
	if d.InService.Max != 2 || math.Abs(d.InService.Mean-1) > 1e-9 {
		t.Errorf("in service %+v, want a mean of 1 and 2 at most", d.InService)
	}
	want := []Class{{Column: "category", Distinct: 2, Unknown: 1, TopTenth: 0.5, Top: []Share{{"a", 2, 0.5}, {"b", 1, 0.25}}}}
	if diff := cmp.Diff(want, d.Classes); diff != "" {
		t.Error(diff)
	}
	if empty := described(t, &Trace{Name: "empty"}, time.UTC); empty.Requests != 0 || empty.WriteText(&strings.Builder{}) != nil {
		t.Errorf("an empty trace: %+v", empty)
	}
}

func TestDescriptionAsTextAndJSON(t *testing.T) {
	w := platform()
	_, tr := generated(t, w, 1)
	d := described(t, tr, berlin)
	var out strings.Builder
	if err := d.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(out.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("line %d has %d characters: %s", i+1, n, line)
		}
	}
	for _, want := range []string{"platform", "404,676", "Europe/Berlin", "█", "notebook"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, out.String())
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back Description
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	back.hours = d.hours
	if diff := cmp.Diff(*d, back, cmp.AllowUnexported(Description{})); diff != "" {
		t.Error(diff)
	}
}

func TestSparkline(t *testing.T) {
	for want, series := range map[string][]float64{
		" ▁█":  {0, 0.1, 100},
		"▅█":   {2, 2, 4, 4},
		"   ":  {0, 0, 0},
		"█▁ █": {8, 8, 0.1, 0.1, 0, 0, 8, 8},
	} {
		width := utf8.RuneCountInString(want)
		if got := sparkline(series, width); got != want {
			t.Errorf("%v is drawn as %q, want %q", series, got, want)
		}
	}
}

func TestBetweenAndPoint(t *testing.T) {
	tr := &Trace{Name: "t", Columns: Columns{Arrival: []int64{0, 10e9, 10e9, 100e9}, Duration: []int64{1, 2, 3, 4}}}
	a, b := tr.Between(math.MinInt64, 10e9), tr.Between(10e9, math.MaxInt64)
	if diff := cmp.Diff([]int64{1}, a.Duration); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2, 3, 4}, b.Duration); diff != "" {
		t.Error(diff)
	}
	if n := tr.Between(20e9, 10e9).Len(); n != 0 {
		t.Errorf("%d requests between a later and an earlier instant", n)
	}
	s := tr.Summary()
	for text, want := range map[string]int64{"75%": 75e9, "0%": 0, "90s": 90e9, "0.5d": 43200e9, "1970-01-01T00:00:30Z": 30e9, "1970-01-01T01:00:30": 30e9} {
		got, err := s.Point(text, time.FixedZone("east", 3600))
		if err != nil || got != want {
			t.Errorf("Point(%s) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "101%", "-1%", "-5s", "NaN%", "2026-13-01", "1e9d"} {
		if _, err := s.Point(text, time.UTC); err == nil {
			t.Errorf("Point(%q) is taken", text)
		}
	}
	s.Relative = true
	if _, err := s.Point("1970-01-01T00:00:30Z", time.UTC); err == nil || !strings.Contains(err.Error(), "relative") {
		t.Errorf("an instant of a relative trace: error %v", err)
	}
}

func BenchmarkDescribe(b *testing.B) {
	tr, err := platform().Generate(1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Describe(tr, berlin); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tr.Len())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrequests/s")
}

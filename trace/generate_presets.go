package trace

import (
	"fmt"
	"strings"
	"time"
)

// berlin is the zone of the presets, whose first instant is a Monday.
var berlin = func() *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err) // cannot be: the zones are compiled in
	}
	return l
}()

var monday = time.Date(2026, time.June, 1, 0, 0, 0, 0, berlin)

const day = 24 * time.Hour

// Daily and weekly shapes. The office's lunch dip and evening tail are what
// interactive platforms show; see the shapes of the public traces genai,
// cea_curie and nasa_ipsc.
var (
	officeDay   = []float64{4, 3, 2, 2, 2, 3, 8, 25, 65, 95, 100, 90, 60, 80, 98, 95, 82, 55, 30, 20, 16, 13, 9, 6}
	pipelineDay = []float64{40, 55, 60, 50, 42, 40, 45, 55, 70, 85, 90, 80, 62, 72, 85, 82, 70, 52, 40, 34, 32, 32, 34, 36}
	buildDay    = []float64{6, 5, 5, 4, 4, 5, 10, 28, 60, 88, 98, 96, 64, 78, 100, 100, 92, 70, 42, 26, 20, 16, 12, 9}
	officeWeek  = []float64{1.05, 1.15, 1.15, 1.1, 0.95, 0.22, 0.18}
	steadyWeek  = []float64{1, 1, 1, 1, 0.95, 0.6, 0.55}
)

// Presets are the named workloads; the first one is the default.
func Presets() []Workload {
	return []Workload{platform(), poissonPreset(), functions(), flash(), booked()}
}

// Preset returns the workload of that name.
func Preset(name string) (Workload, error) {
	var names []string
	for _, w := range Presets() {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("no workload is called %q; there are %s", name, strings.Join(names, ", "))
}

func platform() Workload {
	return Workload{
		Name:  "platform",
		About: "three weeks of an interactive platform: office hours, weekends, courses, cron jobs",
		Start: monday, Span: 21 * day, Tenants: 200,
		Tasks: []Task{
			{
				Name: "notebook", PerDay: 7600, Day: officeDay, Week: officeWeek, Growth: 0.03,
				Categories: 16, Skew: 1.1, Datasets: 400,
				Duration: Lognormal{Mid: 5 * time.Minute, P99: 4 * time.Hour, Max: 12 * time.Hour},
				Bursts: []Burst{
					{PerWeek: 8, Size: 90, Spread: 4 * time.Minute},   // a course starts
					{PerWeek: 250, Size: 8, Spread: 90 * time.Second}, // a team's meeting ends
				},
			},
			{
				Name: "spark", PerDay: 4600, Day: pipelineDay, Week: steadyWeek,
				Categories: 14, Skew: 1.2, Datasets: 600,
				Duration: Lognormal{Mid: 4 * time.Minute, P99: 3 * time.Hour, Max: 12 * time.Hour},
				Bursts:   []Burst{{PerWeek: 120, Size: 20, Spread: 2 * time.Minute}}, // a pipeline fans out
				Timers: []Timer{
					{Count: 30, Every: []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour}, Jitter: 10 * time.Second},
					{Count: 120, Every: []time.Duration{day}, Jitter: 20 * time.Second},
				},
			},
			{
				Name: "ci", PerDay: 2600, Day: buildDay, Week: officeWeek,
				Categories: 10, Skew: 1, Datasets: 80,
				Duration: Pareto{Min: 50 * time.Second, Shape: 1.1, Max: 3 * time.Hour},
				Bursts:   []Burst{{PerWeek: 1500, Size: 6, Spread: 12 * time.Second}}, // a matrix of jobs
				Timers:   []Timer{{Count: 60, Every: []time.Duration{6 * time.Hour, day}, Jitter: 15 * time.Second}},
			},
		},
	}
}

func poissonPreset() Workload {
	return Workload{
		Name:  "poisson",
		About: "two days of Poisson arrivals, one a second, of one category, to check closed forms",
		Start: monday, Span: 2 * day,
		Tasks: []Task{{
			Name: "request", PerDay: 86400, Categories: 1,
			Duration: Lognormal{Mid: time.Minute, P99: 10 * time.Minute},
		}},
	}
}

func functions() Workload {
	return Workload{
		Name:  "functions",
		About: "three days of functions: 3,000 categories, most of them rare, 800 timers",
		Start: monday, Span: 3 * day, Tenants: 500,
		Tasks: []Task{
			{
				Name: "http", PerDay: 90000, Day: []float64{55, 50, 46, 44, 44, 48, 58, 70, 84, 95, 100, 100, 96, 97, 99, 98, 95, 90, 86, 82, 78, 73, 67, 61},
				Categories: 2200, Skew: 1.35,
				Duration: Lognormal{Mid: 600 * time.Millisecond, P99: 60 * time.Second, Max: 10 * time.Minute},
				Bursts:   []Burst{{PerWeek: 700, Size: 40, Spread: 20 * time.Second}},
			},
			{
				Name: "timer", Categories: 800,
				Duration: Lognormal{Mid: 2 * time.Second, P99: 2 * time.Minute, Max: 10 * time.Minute},
				Timers: []Timer{{
					Count:  800,
					Every:  []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, day},
					Jitter: 2 * time.Second,
				}},
			},
		},
	}
}

func flash() Workload {
	return Workload{
		Name:  "flash",
		About: "two quiet weeks with flash crowds of some two thousand requests in ten minutes",
		Start: monday, Span: 14 * day, Tenants: 1000,
		Tasks: []Task{{
			Name: "session", PerDay: 6000, Day: officeDay, Categories: 6, Skew: 1,
			Duration: Lognormal{Mid: 3 * time.Minute, P99: time.Hour, Max: 6 * time.Hour},
			Bursts:   []Burst{{PerWeek: 5, Size: 2000, Spread: 10 * time.Minute}},
		}},
	}
}

func booked() Workload {
	return Workload{
		Name:  "booked",
		About: "four growing weeks of sessions, two thirds of them announced some minutes ahead",
		Start: monday, Span: 28 * day, Tenants: 100,
		Tasks: []Task{{
			Name: "session", PerDay: 2500, Day: officeDay, Week: officeWeek, Growth: 0.15,
			Categories: 12, Skew: 1, Datasets: 100,
			Duration: Lognormal{Mid: 20 * time.Minute, P99: 6 * time.Hour, Max: 12 * time.Hour},
			Bursts:   []Burst{{PerWeek: 10, Size: 30, Spread: 5 * time.Minute}},
			Notice:   &Notice{Share: 2. / 3, Ahead: Lognormal{Mid: 10 * time.Minute, P99: 4 * time.Hour}},
		}},
	}
}

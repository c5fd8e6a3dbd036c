package sim

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

// Datasets take 5 s or 90 s. Where the file says 20 s of all of them, waits come
// near to those of a file that has it right; and what is as the file says changes nothing.
func TestWrongStageTimesAreLearned(t *testing.T) {
	src := zipfTrace(30000, 20)
	from := src.Arrival[len(src.Arrival)/2]
	fleet := staged(time.Minute, 20*time.Second)
	k := &fleet.Categories[0]
	by := map[policy.Target]LeadTime{}
	for d := range uint32(100) {
		law := Constant(5 * time.Second)
		if d%2 == 1 {
			law = Constant(90 * time.Second)
		}
		by[policy.Target{Dataset: d + 1}] = law
	}
	k.TimesBy = []map[policy.Target]LeadTime{by}
	run := func() *Result {
		return runSpec(t, src, fleet, "adaptive:wait_mean=5s", Options{MeasureFrom: from, Timeline: 1, Seed: 5})
	}
	right := run()
	k.Expected = []time.Duration{20 * time.Second}
	wrong := run()
	t.Logf("right: %.2f s, waste %.1f h; wrong: %.2f s, %.1f h", right.WaitS.Mean, right.InstanceS.Waste/3600, wrong.WaitS.Mean, wrong.InstanceS.Waste/3600)
	if wrong.WaitS.Mean > 1.1*right.WaitS.Mean || wrong.InstanceS.Waste > 1.1*right.InstanceS.Waste {
		t.Errorf("a wrong file: %.2f s of waiting and %.1f h of waste, a right one %.2f s and %.1f h",
			wrong.WaitS.Mean, wrong.InstanceS.Waste/3600, right.WaitS.Mean, right.InstanceS.Waste/3600)
	}
}

// told is a policy that is asked what was learned.
type told struct {
	ahead
	times *policy.StageTimes
}

func (p *told) Times(s *policy.StageTimes)            { p.times = s }
func (p *told) Retimed(policy.PoolID, policy.KeptKey) {}

// What a preparation and what a request took is told, each in full: of dataset 1 in
// preparations, of 2 by a request that waits for all of it.
func TestStageTimesAreTold(t *testing.T) {
	fleet := staged(time.Minute, 0)
	k := &fleet.Categories[0]
	k.TimesBy = []map[policy.Target]LeadTime{{{Dataset: 1}: Constant(40 * time.Second), {Dataset: 2}: Constant(80 * time.Second)}}
	k.Expected = []time.Duration{20 * time.Second}
	var rows [][2]int64
	for i := range int64(100) {
		rows = append(rows, [2]int64{1000 * i, 1}, [2]int64{1000*i + 70, 1}, [2]int64{1000*i + 500, 2})
	}
	p := &told{ahead: ahead{1, 1}}
	if _, err := Run(asks(t, rows...), fleet, p, Options{}); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[uint32]time.Duration{1: 40 * time.Second, 2: 80 * time.Second} {
		got := p.times.Takes(0, policy.KeptKey{Key: policy.Target{Dataset: d}})
		if math.Abs(got.Seconds()/want.Seconds()-1) > 0.06 {
			t.Errorf("dataset %d is believed to take %v, want %v", d, got, want)
		}
	}
}

// A file names keys, a trace numbers them; policies are told what is true, or
// what they are to expect.
func TestStageTimesFromConfig(t *testing.T) {
	tr := asks(t, [2]int64{0, 1})
	for expected, want := range map[string]policy.Stage{
		"":                {Takes: 20 * time.Second, By: []policy.TakesFor{{Key: policy.Target{Dataset: 2}, Takes: 90 * time.Second}}},
		", expected: 30s": {Takes: 30 * time.Second},
	} {
		f := parseConfig(t, `
fleet:
  pooled: true
  categories:
    - name: gpu
      stages:
        - {name: boot, lead_time: 1m}
        - {name: load, of: [dataset], lead_time: 20s, by: {d2: 90s, foreign: 1s}`+expected+`}
policy: {name: none}
`)
		fleet, err := FleetFromConfig(f, tr)
		if err != nil {
			t.Fatal(err)
		}
		want.Name, want.Of = "load", policy.OfDataset
		if d := cmp.Diff([]policy.Stage{want}, fleet.PolicyConfig().Categories[0].Stages); d != "" {
			t.Error(d)
		}
		if law := fleet.Categories[0].TimesBy[0][policy.Target{Dataset: 2}]; law != Constant(90*time.Second) {
			t.Errorf("dataset d2 takes %v", law)
		}
	}
}

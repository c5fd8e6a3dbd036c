package policy

import (
	"math"
	"testing"
	"time"
)

// toolsFleet loads a dataset in 20 s, and the tools of a task type in 5 s.
func toolsFleet() Config {
	return Config{Categories: []Category{{
		Name: "a", LeadTime: time.Minute, Reusable: true,
		Stages: []Stage{
			{Name: "model", Of: OfDataset, Takes: 20 * time.Second},
			{Name: "tools", Of: OfTaskType, Takes: 5 * time.Second},
		},
	}}}
}

// Who needs both is given the instance with the model, as tools take 5 s. When
// those of the task type turn out to take 90 s, it is given the one with the tools.
func TestLearnedTimesDecideWhatLacksLeast(t *testing.T) {
	c, host := prepared(t, toolsFleet(), &aimed{level: 2, next: []Target{dataset(7), {TaskType: 2}}})
	model, tools := host.launched[0], host.launched[1]
	for _, id := range host.launched {
		c.Warm(1, id)
	}
	c.Took(2, model, 0, 20e9)
	c.Prepared(2, model)
	c.Prepared(2, tools)
	ask := func(at Time, id RequestID, want InstanceID, missing uint8) {
		t.Helper()
		c.Arrive(at, Request{ID: id, Dataset: 7, TaskType: 2})
		if a := host.assigned; a.Instance != want || a.Missing != missing {
			t.Fatalf("request %d got %+v, want instance %d without stages %b", id, a, want, missing)
		}
	}
	ask(3, 1, model, 2)
	for range 40 {
		c.Took(4, model, 1, 90e9)
	}
	c.Release(5, model)
	if got := c.Takes(0, KeptKey{1, Target{TaskType: 2}}); got < time.Minute {
		t.Fatalf("the tools are believed to take %v", got)
	}
	c.Arrive(6, Request{ID: 2, Dataset: 7, TaskType: 2}) // the one that has both
	c.Arrive(7, Request{ID: 3, Dataset: 7, TaskType: 2})
	if a := host.assigned; a.Instance != tools || a.Missing != 1 {
		t.Fatalf("the second got %+v", a)
	}
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(toolsFleet(), &aimed{kept: map[KeptKey]int32{}}, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	for _, key := range []KeptKey{{0, dataset(7)}, {1, Target{TaskType: 2}}, {1, Target{TaskType: 3}}} {
		c.Took(8, tools, 0, 25e9)
		again.Took(8, tools, 0, 25e9)
		if a, b := c.Takes(0, key), again.Takes(0, key); a != b {
			t.Errorf("%v is believed to take %v, after a restart %v", key, a, b)
		}
	}
}

// Two datasets are asked for as often; instances are prepared for the one that
// turns out to take longer. Without being told, both are held.
func TestAdaptivePreparesForWhatTakesLonger(t *testing.T) {
	for _, told := range []bool{false, true} {
		config := stagedFleet(true)
		sizer, err := Build(Spec{Name: "adaptive", Params: []Setting{{"wait_price", "2"}}}, Fleet{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		host := &bench{prepared: map[InstanceID]Target{}}
		c, err := New(config, sizer, host)
		if err != nil {
			t.Fatal(err)
		}
		c.Start(0)
		long, short := 0, 0
		for i := range int64(400) {
			at := i * int64(time.Minute)
			fire(c, at)
			d := uint32(7 + i%2)
			c.Arrive(at, Request{ID: RequestID(i), Dataset: d})
			for _, id := range host.launched {
				c.Warm(at, id)
			}
			host.launched = host.launched[:0]
			if a := host.assigned; a.Request == RequestID(i) {
				if told {
					c.Took(at, a.Instance, 0, []int64{90e9, 3e9}[i%2])
				}
				c.Release(at, a.Instance)
			}
			if i >= 200 {
				long += int(c.Held(0, dataset(7)))
				short += int(c.Held(0, dataset(8)))
			}
		}
		if told && long < 3*short/2 || !told && (short == 0 || long > 6*short/5) {
			t.Errorf("told %v: %d held for the long one, %d for the short one", told, long, short)
		}
	}
}

// Where long waits count, a dataset that is there in no time saves nothing, and one
// that takes too long saves all.
func TestWeightsOfKeysWhereLongWaitsCount(t *testing.T) {
	config := Config{Categories: []Category{{Stages: []Stage{{Name: "model", Of: OfDataset, Takes: 20 * time.Second}}}}}
	times := &StageTimes{}
	times.adopt(config.Categories)
	for range 300 {
		times.learn(0, 0, KeptKey{0, dataset(7)}, 90e9)
		times.learn(0, 0, KeptKey{0, dataset(8)}, 3e9)
	}
	m := newAssortment(terms{
		times: times, configured: newLateness(config.Categories[0].Stages), aim: &aim{longest: 60e9}, tickSeconds: 15, lead: 60, span: 80,
	})
	long, short := m.timing(0, dataset(7)), m.timing(0, dataset(8))
	if w := m.weighs[0] * long.weight; math.Abs(w-1) > 0.1 {
		t.Errorf("to lack 90 s where 60 s may be waited weighs %v", w)
	}
	if w := m.weighs[0] * short.weight; w > 0.01 {
		t.Errorf("to lack 3 s weighs %v", w)
	}
	if got := m.lacking(dataset(7), 1) - m.lacking(dataset(8), 1); got < 0.95 {
		t.Errorf("the chances of a long wait differ by %v", got)
	}
	if want := 1 + (90.0-20)/80; math.Abs(long.longer-want) > 0.1 {
		t.Errorf("the demand for what takes longer counts %v times, want %v", long.longer, want)
	}
}

// A host's mistakes are its bugs.
func TestTookOfNothing(t *testing.T) {
	c, host := prepared(t, toolsFleet(), &aimed{level: 1, next: []Target{dataset(7)}})
	id := host.launched[0]
	c.Warm(1, id)
	c.Prepared(2, id)
	for name, f := range map[string]func(){
		"an idle instance that prepares for nothing": func() { c.Took(3, id, 0, 1) },
		"a stage that there is not":                  func() { c.Took(3, id, 2, 1) },
		"a negative time":                            func() { c.Took(3, id, 0, -1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shadowpool/forecast"
)

// diskFleet keeps three datasets on an instance's disk, of which one is loaded.
func diskFleet() Config {
	config := stagedFleet(true)
	config.Categories[0].Stages[0].Keeps = 3
	config.Categories[0].Stages[0].Name = "fetch"
	config.Categories[0].Stages[1] = Stage{Name: "load", Of: OfDataset, Takes: 5e9}
	return config
}

func fetched(d uint32) KeptKey { return KeptKey{0, dataset(d)} }

// disk is an instance that is prepared for dataset 7, and has fetched what is
// said next.
func disk(t *testing.T, further ...KeptKey) (*Controller, *bench, *aimed) {
	t.Helper()
	sizer := &aimed{level: 1, next: []Target{dataset(7)}, further: further}
	c, host := prepared(t, diskFleet(), sizer)
	c.Warm(1, host.launched[0])
	for i := Time(2); i < Time(3+len(further)); i++ {
		c.Prepared(i, host.launched[0])
	}
	return c, host, sizer
}

// An instance that is prepared goes on for further keys; who needs one of them
// waits for the loading only, and leaves what was there on the disk.
func TestFurtherKeysAreKept(t *testing.T) {
	c, host, sizer := disk(t, fetched(8), fetched(9))
	if host.stages != 1 || host.prepared[host.launched[0]] != dataset(9) {
		t.Errorf("the last step is of stages %b for %v", host.stages, host.prepared[host.launched[0]])
	}
	if d := cmp.Diff(map[KeptKey]int32{fetched(8): 1, fetched(9): 1}, sizer.kept); d != "" {
		t.Errorf("the sizer knows of: %s", d)
	}
	for i, step := range []struct {
		dataset uint32
		missing uint8
		outcome Outcome
	}{
		{7, 0, Hit},
		{8, 2, PartialHit},  // on the disk: 9, 7
		{7, 2, PartialHit},  // 9, 8
		{9, 2, PartialHit},  // 8, 7
		{10, 3, PartialHit}, // 7, 9: 8 was kept for longest
		{8, 3, PartialHit},
		{9, 2, PartialHit},
	} {
		at := Time(100 * (i + 1))
		c.Arrive(at, Request{ID: RequestID(i), Dataset: step.dataset})
		if a := host.assigned; a.Missing != step.missing || a.Outcome != step.outcome {
			t.Errorf("request %d for %d got %+v", i, step.dataset, a)
		}
		if n := sizer.kept[fetched(8)] + sizer.kept[fetched(9)]; n != 0 {
			t.Errorf("%d are told to be kept by instances that are idle", n)
		}
		c.Release(at+1, host.launched[0])
	}
}

// Who lacks the loading only is served before what is prepared for others.
func TestWhatKeepsAKeyIsTakenFirst(t *testing.T) {
	sizer := &aimed{level: 2, next: []Target{dataset(7), dataset(6)}, further: []KeptKey{fetched(8)}}
	c, host := prepared(t, diskFleet(), sizer)
	for _, id := range host.launched {
		c.Warm(1, id)
	}
	for _, id := range host.launched {
		c.Prepared(2, id)
	}
	c.Prepared(3, host.launched[0])
	c.Arrive(4, Request{ID: 1, Dataset: 8})
	if a := host.assigned; a.Instance != host.launched[0] || a.Missing != 2 {
		t.Errorf("a request for 8 got %+v", a)
	}
	c.Arrive(5, Request{ID: 2, Dataset: 7, Warm: RequireWarm}) // the one for 6 does not have it
	if len(host.refused) != 1 {
		t.Errorf("refused %v", host.refused)
	}
}

// Who requires a warm instance is given one that keeps all that it needs.
func TestRequiredWarmOfFurtherKeys(t *testing.T) {
	config := diskFleet()
	config.Categories[0].Stages = config.Categories[0].Stages[:1]
	c, host := prepared(t, config, &aimed{level: 1, next: []Target{dataset(7)}, further: []KeptKey{fetched(8)}})
	c.Warm(1, host.launched[0])
	c.Prepared(2, host.launched[0])
	c.Arrive(3, Request{ID: 1, Dataset: 8, Warm: RequireWarm}) // it is only being fetched
	c.Prepared(4, host.launched[0])
	c.Arrive(5, Request{ID: 2, Dataset: 8, Warm: RequireWarm})
	if a := host.assigned; len(host.refused) != 1 || a.Request != 2 || a.Missing != 0 || a.Outcome != Hit {
		t.Errorf("refused %v, assigned %+v", host.refused, a)
	}
}

// What is kept, and what is being fetched, survives a restart.
func TestFurtherKeysInSnapshots(t *testing.T) {
	c, host, sizer := disk(t, fetched(8))
	sizer.further = []KeptKey{fetched(9)}
	sizer.turn = nil
	fire(c, 15e9) // looks again
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(diskFleet(), sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	again.Prepared(16e9, host.launched[0])
	if d := cmp.Diff(map[KeptKey]int32{fetched(8): 1, fetched(9): 1}, sizer.kept); d != "" {
		t.Errorf("the sizer knows of: %s", d)
	}
	again.Arrive(17e9, Request{ID: 1, Dataset: 8})
	if a := host.assigned; a.Missing != 2 {
		t.Errorf("a request for 8 got %+v", a)
	}
	again.Lose(18e9, host.launched[0])
	if n := len(again.kept.find); n != 0 {
		t.Errorf("%d keys are kept by nobody", n)
	}
}

// The assortment fetches what is most likely to be asked for that few keep, and replaces what is not.
func TestWhatIsFetchedNext(t *testing.T) {
	stages := diskFleet().Categories[0].Stages
	m := mixOf(stages)
	ask := func(step int64, n int, d uint32) {
		for range n {
			m.arrive(step, dataset(d), 0)
		}
	}
	for step := int64(0); step < 200; step++ {
		ask(step, 4, 7)
		ask(step, 2, 8)
		if step%4 == 0 {
			ask(step, 1, 9)
		}
		m.tick(step+1, forecast.Clock{}, forecast.Clock{})
	}
	m.sum()
	for d := range uint32(3) {
		m.hold(dataset(7+d), 0)
	}
	m.hold(dataset(7), 1)
	want := func(what string, is Target, keeps []KeptKey, d uint32) {
		t.Helper()
		next, ok := m.further(is, keeps)
		if ok != (d != 0) || ok && next != fetched(d) {
			t.Errorf("%s: next is %+v, %v; want %d", what, next, ok, d)
		}
	}
	want("prepared for 7", dataset(7), nil, 8)
	want("and keeps 8", dataset(7), []KeptKey{fetched(8)}, 9)
	want("prepared for nothing", Target{}, nil, 7)
	want("the disk is full of what is likely", dataset(7), []KeptKey{fetched(8), fetched(9)}, 0)
	want("the disk is full of what nobody asks for", dataset(7), []KeptKey{fetched(3), fetched(4)}, 8)
	m.keep(fetched(8), 1000)
	want("many keep 8", dataset(7), nil, 9)
	m.keep(fetched(8), 0)
	want("nobody keeps 8 any more", dataset(7), nil, 8)
}

// What instances have done would mean something else where stages change.
func TestStagesStayWhenConfigured(t *testing.T) {
	c, host, sizer := disk(t, fetched(8))
	for _, change := range []func(*Stage){
		func(s *Stage) { s.Keeps = 1 }, func(s *Stage) { s.Of = OfImage }, func(s *Stage) { s.Name = "other" },
	} {
		config := diskFleet()
		change(&config.Categories[0].Stages[0])
		if err := c.Configure(10, config, sizer); err == nil {
			t.Errorf("stages became %+v", config.Categories[0].Stages)
		}
	}
	config := diskFleet()
	config.Categories[0].Stages[0].Takes *= 2
	if err := c.Configure(10, config, sizer); err != nil {
		t.Error(err)
	}
	c.Arrive(11, Request{ID: 1, Dataset: 8})
	if a := host.assigned; a.Missing != 2 {
		t.Errorf("a request for 8 got %+v", a)
	}
}

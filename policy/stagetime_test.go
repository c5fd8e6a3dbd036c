package policy

import (
	"math"
	"testing"
	"time"
)

// The configured time counts as eight; a key that is unlike others comes to be
// told apart from them.
func TestStageTimesAreLearned(t *testing.T) {
	g := newStageTime(&Stage{Of: OfDataset, Takes: 20 * time.Second})
	for i := range 40 {
		g.learn(Time(i)*1e9, dataset(7), 20e9)
	}
	if k := &g.Keys[0]; g.Mean != 20e9 || g.Believed != 20e9 || k.Believed != 20e9 {
		t.Errorf("what is as configured is believed to take %v, in general %v", k.Believed, g.Believed)
	}
	g = newStageTime(&Stage{Of: OfDataset, Takes: 20 * time.Second})
	for range 4 {
		g.learn(0, dataset(7), 60e9)
	}
	if want := (8*20e9 + 4*60e9) / 12; math.Abs(g.Mean-want) > 1 || g.Believed != g.Mean {
		t.Errorf("after four times the mean is %v and %v is believed, want %v", g.Mean, g.Believed, want)
	}
	for i := range 400 {
		for d, took := range []float64{3e9, 30e9, 90e9} {
			g.learn(Time(i)*60e9, dataset(uint32(d+1)), took)
		}
	}
	for d, want := range []float64{3e9, 30e9, 90e9} {
		i, _ := g.row(dataset(uint32(d + 1)))
		if got := g.Keys[i].Believed; math.Abs(got/want-1) > 0.06 {
			t.Errorf("dataset %d is believed to take %v, want %v", d+1, got, want)
		}
	}
	if got := g.Believed; math.Abs(got/41e9-1) > 0.06 {
		t.Errorf("in general %v is believed, want the mean of all", got)
	}
}

// Times that vary as much for every key tell nothing of keys.
func TestKeysThatAreAlikeAreNotToldApart(t *testing.T) {
	g := newStageTime(&Stage{Of: OfDataset, Takes: 20 * time.Second})
	for i := range 2000 {
		g.learn(Time(i)*60e9, dataset(uint32(1+i%10)), []float64{10e9, 20e9, 30e9}[i%3])
	}
	for i := range g.Keys {
		if got := g.Keys[i].Believed; math.Abs(got/20e9-1) > 0.12 {
			t.Errorf("dataset %d is believed to take %v", g.Keys[i].Key.Dataset, got)
		}
	}
}

// What has changed is believed soon, and what is old counts little beside it.
func TestStageTimesAreForgotten(t *testing.T) {
	var often, seldom agedMean
	often.Last, seldom.Last = Never, Never
	for i := range 500 {
		often.add(Time(i)*1e9, 3, mostOfKey)
	}
	for i := range 64 {
		often.add(Time(500+i)*1e9, 90, mostOfKey)
	}
	if got, want := often.Mean, 90-87*math.Pow(64.0/65, 64); math.Abs(got-want) > 1e-6 {
		t.Errorf("after as many as are remembered, the mean is %v, want %v", got, want)
	}
	seldom.add(0, 3, mostOfKey)
	seldom.add(int64(2*timesHalfLife), 90, mostOfKey)
	if got, want := seldom.Mean, 3+87/1.25; math.Abs(got-want) > 1e-9 {
		t.Errorf("two half-lives later the mean is %v, want %v", got, want)
	}
}

// However many keys there are, as many are told apart; the others are as all.
func TestStageTimesAreBounded(t *testing.T) {
	s := StageTimes{}
	s.adopt([]Category{{Stages: []Stage{{Of: OfDataset, Takes: 20 * time.Second}}}})
	for i := range 4 * MaxTimesBy {
		s.learn(Time(i)*int64(time.Hour), 0, KeptKey{0, dataset(uint32(1 + i))}, 60e9)
	}
	if g := &s.Pools[0][0]; len(g.Keys) != MaxTimesBy || len(g.find) != MaxTimesBy {
		t.Errorf("%d keys, %d found", len(g.Keys), len(g.find))
	}
	if got := s.Takes(0, KeptKey{0, dataset(1)}); math.Abs(got.Seconds()/60-1) > believedBy {
		t.Errorf("what is no longer known is believed to take %v", got)
	}
	t0, key := Time(4*MaxTimesBy)*int64(time.Hour), KeptKey{0, dataset(4 * MaxTimesBy)}
	if n := testing.AllocsPerRun(1000, func() { s.learn(t0, 0, key, 60e9) }); n != 0 {
		t.Errorf("a time costs %v allocations", n)
	}
}

// The points of a spread that was configured are replaced evenly, by the last
// times.
func TestSpreadOfStageTimes(t *testing.T) {
	k := even(40 * time.Second)
	g := newStageTime(&k)
	for i := range mostRecent {
		g.learn(Time(i), dataset(1), 60e9)
		if i == mostRecent/2 {
			all, _ := g.Recent.points(nil)
			if all[latePoints/4-1] > 22e9 || all[latePoints/4] < 18e9 || all[latePoints-1] != 60e9 {
				t.Errorf("half way the points are %v", all)
			}
		}
	}
	if all, _ := g.Recent.points(nil); all[0] != 60e9 || all[latePoints-1] != 60e9 {
		t.Errorf("at last the points are from %v to %v", all[0], all[latePoints-1])
	}
}

package policy

import "time"

// stageTime is what was learned of how long a stage takes: in general, and for
// the keys that it was done for lately.
//
// What is expected of a key is the empirical Bayes estimate (Bühlmann, ASTIN
// Bulletin 1967): the mean of its n times counts n / (n + within/between)
// against that of all, where within is the variance of a key's times and between
// that of the means of keys. Both are of relative errors, so that long times
// do not drown short ones.
type stageTime struct {
	agedMean
	Keys []keyTime
	// Within and Whole are sums of the squared errors of times by the mean of their
	// key, if it has one, and by that of all; Repeats and Count are of how many.
	Within, Repeats, Whole, Count float64
	// Recent are the last times, ns, Ratios what they were of what was believed of their
	// key; at first both are as configured.
	Recent, Ratios recentTimes
	// All and Spread are evenly spread shares of these as they were published last,
	// ascending; nil if they were not yet. Fresh times have come since, and Due are waited for.
	All, Spread []float64
	Published   Time
	Fresh, Due  int

	find map[Target]int32 // never iterated
	near targetCache
}

// keyTime is how long a stage takes for one key.
type keyTime struct {
	Key Target
	agedMean
}

const (
	// priorTimes is how many times the configured one counts as.
	priorTimes = 8
	// At most so many times are remembered of a key, and of a stage.
	mostOfKey, mostOfStage = 64, 256
	// MaxTimesBy bounds the keys of a stage whose times are told apart: beyond it the
	// one that it was done for least lately makes room.
	MaxTimesBy = 512
	// keepErrors forgets errors over some two hundred times.
	keepErrors = 0.995
	// firstDue times are waited for before their spread is published, then twice
	// as many each time up to lastDue, which are published once an hour at most.
	firstDue, lastDue = 16, 256
	publishEvery      = int64(time.Hour)
)

// newStageTime knows what the configuration says.
func newStageTime(k *Stage) stageTime {
	g := stageTime{agedMean: configured(k.Takes), Due: firstDue}
	g.Recent.fill(k, 1)
	g.Ratios.fill(k, g.Mean)
	for _, by := range k.By {
		g.Keys = append(g.Keys, keyTime{by.Key, configured(by.Takes)})
	}
	g.restored()
	return g
}

// restored makes what a snapshot does not hold.
func (g *stageTime) restored() {
	g.find = make(map[Target]int32, len(g.Keys))
	for i := range g.Keys {
		g.find[g.Keys[i].Key] = int32(i)
	}
}

// retimed says of what another time is believed: of a key, in general, and of a
// key that made room; the zero Target is none.
type retimed struct {
	key, general bool
	gone         Target
}

// learn takes a time, ns.
func (g *stageTime) learn(t Time, key Target, took float64) (r retimed) {
	k, gone := g.open(key)
	r.gone = gone
	g.Fresh++
	g.Whole = float64(g.Whole*keepErrors) + squaredError(took, g.Mean)
	g.Count = float64(g.Count*keepErrors) + 1
	g.add(t, took, mostOfStage)
	g.Recent.add(took)
	k.age(t)
	if n := k.Times; n > 0 {
		// A mean of n errs itself, by a variance of one n-th.
		g.Within = float64(g.Within*keepErrors) + float64(squaredError(took, k.Mean)*(n/(n+1)))
		g.Repeats = float64(g.Repeats*keepErrors) + 1
		g.Ratios.add(ratio(took, k.Believed))
	}
	k.add(t, took, mostOfKey)
	if r.general = g.believe(g.Mean); r.general {
		for i := range g.Keys {
			g.Keys[i].believe(g.expected(&g.Keys[i]))
		}
	}
	r.key = k.believe(g.expected(k))
	return r
}

// squaredError is that of a time by a mean, relative to both.
func squaredError(took, mean float64) float64 {
	if took == mean {
		return 0
	}
	off := (took - mean) / (took + mean)
	return off * off
}

// ratio is a time in units of a mean, which may be nothing.
func ratio(took, mean float64) float64 {
	if mean == 0 {
		return 1
	}
	return took / mean
}

// expected is how long the stage is expected to take for a key, ns.
func (g *stageTime) expected(k *keyTime) float64 {
	whole := g.Whole / max(g.Count, 1)
	within := (g.Within + float64(priorTimes*whole)) / (g.Repeats + priorTimes)
	between := whole - within
	if between <= 0 {
		return g.Mean
	}
	return g.Mean + float64(k.Times/(k.Times+within/between)*(k.Mean-g.Mean))
}

// open is the row of a key, and what made room for it.
func (g *stageTime) open(key Target) (k *keyTime, gone Target) {
	if i, ok := g.row(key); ok {
		return &g.Keys[i], gone
	}
	i := len(g.Keys)
	if i < MaxTimesBy {
		g.Keys = append(g.Keys, keyTime{})
	} else {
		i = 0
		for j := range g.Keys {
			if g.Keys[j].Last < g.Keys[i].Last {
				i = j
			}
		}
		gone = g.Keys[i].Key
		delete(g.find, gone)
	}
	g.Keys[i] = keyTime{key, agedMean{Believed: g.Believed, Last: Never}}
	g.find[key] = int32(i)
	return &g.Keys[i], gone
}

// row is that of a key, if it has one.
func (g *stageTime) row(key Target) (int32, bool) {
	at := g.near.at(key, 0)
	if i := *at; int(i) < len(g.Keys) && g.Keys[i].Key == key {
		return int32(i), true
	}
	i, ok := g.find[key]
	if ok {
		*at = uint32(i)
	}
	return i, ok
}

// publish takes over how times vary, if enough have come.
func (g *stageTime) publish(t Time, scratch []float64) (sorted []float64, done bool) {
	if g.Fresh < g.Due || g.Due == lastDue && g.All != nil && t-g.Published < publishEvery {
		return scratch, false
	}
	g.Fresh, g.Due, g.Published = 0, min(2*g.Due, lastDue), t
	g.All, scratch = g.Recent.points(scratch)
	g.Spread, scratch = g.Ratios.points(scratch)
	return scratch, true
}

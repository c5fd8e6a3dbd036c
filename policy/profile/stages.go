package profile

// Stages are how long the stages of warm-up take, and for which keys.
type Stages struct {
	Names Sketch
	Rows  []Stage // as those of Names
	Keys  Sketch  // of stage and key
	Times []KeyTime
}

// A KeyTime is how long a stage took for one key, s.
type KeyTime struct {
	Weight, Mean float64
	// Across and Changes are the key's part in those of the stage.
	Across, Changes float64
}

// A Stage is how long a stage took for all keys, s, and how much of the
// variance is between keys.
type Stage struct {
	Weight, Mean float64
	Squares      float64 // sum of the squared deviations from the mean
	// Within is the sum of the squared deviations of times from the mean of
	// their key, each when it was learned (Welford, Technometrics 1962): its
	// expectation is the variance of a key's times for each but the first.
	Within, Repeats float64
	// Across is half the sum of the squared differences of a time and the one
	// before it, where that was of another key: its expectation is the
	// variance of a key's times, and that of the keys' means, for each.
	Across, Changes float64
	Key             ID      // the last one
	Row             int     // of it, unless another key has taken it over
	Took            float64 // for it
}

func (s *Stages) observe(o *Observation, weight float64) {
	for i := range o.Stages {
		if !o.took(i) {
			continue
		}
		stage, key, took := o.Stages[i].Stage, o.Stages[i].Key, seconds(o.Stages[i].Took)
		row, fresh := s.Names.Add(Key{stage}, weight)
		if row == len(s.Rows) {
			s.Rows = append(s.Rows, Stage{})
		} else if fresh {
			s.Rows[row] = Stage{}
		}
		g := &s.Rows[row]
		g.observe(took, weight)
		if key == 0 {
			continue
		}
		row, fresh = s.Keys.Add(Key{stage, key}, weight)
		if row == len(s.Times) {
			s.Times = append(s.Times, KeyTime{})
		} else if fresh {
			s.Times[row] = KeyTime{}
		}
		g.observeKey(&s.Times[row], took, weight)
		if g.Key != 0 && g.Key != key {
			off := took - g.Took
			g.Across += halfSquare(off, weight)
			g.Changes += weight
			s.Times[row].differ(off, weight)
			if s.Keys.Rows[g.Row].Key == (Key{stage, g.Key}) {
				s.Times[g.Row].differ(off, weight)
			}
		}
		g.Key, g.Row, g.Took = key, row, took
	}
}

func (g *Stage) observe(took, weight float64) {
	g.Weight += weight
	off := took - g.Mean
	g.Mean += float64(weight / g.Weight * off)
	g.Squares += float64(weight * off * (took - g.Mean))
}

func (g *Stage) observeKey(k *KeyTime, took, weight float64) {
	known := k.Weight > 0
	k.Weight += weight
	off := took - k.Mean
	k.Mean += float64(weight / k.Weight * off)
	if known {
		g.Within += float64(weight * off * (took - k.Mean))
		g.Repeats += weight
	}
}

// differ takes the difference of two times, one of which was the key's.
func (k *KeyTime) differ(off, weight float64) {
	k.Across += halfSquare(off, weight)
	k.Changes += weight
}

func halfSquare(off, weight float64) float64 { return float64(weight * off * off / 2) }

// A Latency is how long a stage is expected to take.
type Latency struct {
	Seconds  float64
	Stage    float64 // the same for any key, s
	Requests float64 // seen of the key, older ones counting less
}

// mostPrior is how many times of a key the stage's mean counts as, at most.
const mostPrior = 32

// latency is the empirical Bayes estimate of how long a stage takes for a key
// (Bühlmann, ASTIN Bulletin 1967; Efron and Morris, JASA 1975): the key's mean
// of n times counts n / (n + within/between) against the stage's, where within
// is the variance of a key's times and between that of the other keys' means:
// a key's own times do not vouch for themselves. A weight of unit is one
// request now.
//
// Where the others do not differ, or little is known of them, within/between
// is taken for 32: few odd times mislead little, and a key that is unlike all
// others is still learned.
func (s *Stages) latency(stage, key ID, unit float64) (Latency, bool) {
	row := s.Names.Find(Key{stage})
	if row < 0 {
		return Latency{}, false
	}
	g := &s.Rows[row]
	l := Latency{Seconds: g.Mean, Stage: g.Mean}
	row = s.Keys.Find(Key{stage, key})
	if row < 0 || key == 0 {
		return l, true
	}
	k := &s.Times[row]
	l.Requests = k.Weight / unit
	if l.Requests > 0 {
		within, between := g.variances(k, unit)
		ratio := float64(mostPrior)
		if within < between*mostPrior {
			ratio = within / between
		}
		l.Seconds += float64(l.Requests / (l.Requests + ratio) * (k.Mean - g.Mean))
	}
	return l, true
}

// variances are those of a key's times, and between the means of all keys but
// k. As long as few requests have told of them, they are that of all times, and
// none.
func (g *Stage) variances(k *KeyTime, unit float64) (within, between float64) {
	prior := prior * unit
	within = (g.Within + float64(prior*g.Squares/g.Weight)) / (g.Repeats + prior)
	changes := max(g.Changes-k.Changes, 0)
	between = max(g.Across-k.Across-float64(within*changes), 0) / (changes + prior)
	return within, between
}

func (s *Stages) scale(by float64) {
	s.Names.scale(by)
	s.Keys.scale(by)
	for i := range s.Times {
		s.Times[i].Weight *= by
		s.Times[i].Across *= by
		s.Times[i].Changes *= by
	}
	for i := range s.Rows {
		g := &s.Rows[i]
		g.Weight *= by
		g.Squares *= by
		g.Within *= by
		g.Repeats *= by
		g.Across *= by
		g.Changes *= by
	}
}

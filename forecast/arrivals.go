package forecast

import "shadowpool/forecast/portable"

// A Model forecasts the number of arrivals over a lead time: a linear
// self-exciting intensity, that is, a weighted sum of recent rates at several
// half-lives, of the usual rates by time of day and of week once there is
// enough to learn from, and, for one pool of several, of its share of what the
// fleet sees. Its variance is learned (Spread), and what no forecast expects
// is remembered (Tail). The weights are learned in two ways (Regression, Attribution), of which
// the one that has forecast better of late counts. A Model holds what pools of one lead time share; Arrivals is the state of one.
type Model struct {
	step, lead float64 // seconds
	decays     Decays
	profiles   bool
	learn      bool
	every      int64   // steps between two labels
	due        int64   // steps until a label is known
	scale      float64 // span that a label counts over the lead time
	keepMean   float64 // of the mean, over a step
	keepWeight float64 // of weights and spread, between two labels
	keepSpread float64
	// The same between two labels of a quiet pool.
	quietWeight, quietSpread float64
	keepTail                 float64
	features                 int
	// fleet is what the pools have in common; nil where each is for itself.
	fleet *Fleet
	equal []float64 // weights
	// filled are the shares of a mean that some numbers of steps have filled, by
	// the number's lowest digits: most pools began within a few steps.
	filled [8]filled
}

type filled struct {
	steps int64
	share float64
}

// NewModel makes a model for steps and a lead time in seconds. With profiles,
// features of time of day and of week join the rates; with learn, weights are
// learned, otherwise all rates count the same.
func NewModel(step, lead float64, halfLives []float64, profiles, learn bool) *Model {
	lead = max(lead, 1e-3)
	m := &Model{step: step, lead: lead, decays: NewDecays(step, halfLives), profiles: profiles, learn: learn}
	m.features = len(halfLives)
	if profiles {
		m.features += 3 // day, week, and a floor
	}
	m.due = max(int64(lead/step+0.5), 1)
	m.scale = float64(m.due) * step / m.lead
	m.keepMean = portable.Decay(step, meanHalfLife)
	m.label(labelEvery(m.due, step))
	m.equal = equalWeights(m.features)
	return m
}

// label sets how many steps lie between two labels.
func (m *Model) label(every int64) {
	m.every = every
	between := float64(every) * m.step
	m.keepWeight = portable.Decay(between, 7*86400)
	m.keepSpread = portable.Decay(between, 14*86400)
	m.quietWeight = portable.Decay(between*quietEvery, 7*86400)
	m.quietSpread = portable.Decay(between*quietEvery, 14*86400)
	m.keepTail = portable.Decay(between, 28*86400)
}

// labelEvery is how many steps lie between two labels that each last so many:
// half as many, but at most an hour, so that a long one is learned from at all
// times of the day.
func labelEvery(steps int64, step float64) int64 {
	return max(min(steps/2, int64(3600/step)), 1)
}

// Share makes the model's pools learn from each other through f, which the
// caller keeps and tells of every arrival.
func (m *Model) Share(f *Fleet) {
	m.fleet = f
	m.features += len(fleetRates)
	m.label(min(m.due, int64(3600/m.step)))
	m.equal = equalWeights(m.features)
	if f.Regression.Weights == nil {
		f.Regression, f.Attribution = NewRegression(m.equal), NewAttribution(m.equal)
	}
}

// Arrivals is the state of one pool's forecast. Its fields are exported for
// snapshots only.
type Arrivals struct {
	Rates Rates
	Mean  float64 // rate at a half-life of seven days
	// Heralded are the announced arrivals that Herald was told of since the last
	// update, and HeraldedMean is their rate, as Mean.
	Heralded, HeraldedMean float64
	First                  int64   // the step that it began with
	Seen                   float64 // arrivals so far
	Step                   int64   // the last update
	Profile                *Profile
	// Regression and Attribution have weights of the features; Better is by how
	// much the former has been the likelier of late, discounted.
	Regression  Regression
	Attribution Attribution
	Better      float64
	Quiet       int // labels since the last quiet one that was learned from
	Spread      Spread
	Tail        Tail
	Labels      []float64 // forecasts whose outcome is not yet known, labelWidth+features each
	Now         []float64 // features at the last update
	M           float64   // forecast mean at the last update
	Raw         float64   // and before Quiet raised it
}

// A label is the step at which its outcome is known, Arrivals.Seen and the
// forecast mean when it was made, and the features.
const labelWidth = 3

const (
	// profileAfter is how many arrivals it takes until a pool gets profiles
	// (4 kB).
	profileAfter = 50
	// priorArrivals is how strongly weights are drawn towards the fleet's, or
	// to equal ones.
	priorArrivals = 5
	// floorShare of the mean rate is always there to be weighted.
	floorShare   = 0.02
	meanHalfLife = 7 * 86400
	// Of a fleet's labels that count nothing where next to nothing, quietMean, was
	// forecast, every quietEvery-th is learned from, for all of them.
	quietMean  = 0.05
	quietEvery = 8
	// mostLead bounds what one count tells of which weights are better.
	mostLead = 3
	// leastMean keeps variances above zero.
	leastMean = 1e-6
	// firstLabel is after how many steps a forecast is good enough to learn
	// from its error.
	firstLabel = 8
	// meanSettling is settling for the mean, which has to be surer.
	meanSettling = 600
)

// New is the state of a pool at a step, before any arrival.
func (m *Model) New(step int64) *Arrivals {
	a := &Arrivals{Rates: m.decays.NewRates(), First: step, Step: step, Now: make([]float64, m.features)}
	regression, attribution := m.priors()
	a.Regression, a.Attribution = NewRegression(regression), NewAttribution(attribution)
	if m.fleet != nil {
		a.Spread.choose(&m.fleet.Spread)
	}
	return a
}

// priors are the weights that a pool's are drawn towards.
func (m *Model) priors() (regression, attribution []float64) {
	if m.fleet != nil {
		return m.fleet.Regression.Weights, m.fleet.Attribution.Weights
	}
	return m.equal, m.equal
}

// weights are those that count.
func (a *Arrivals) weights() []float64 {
	if a.Better > 0 {
		return a.Regression.Weights
	}
	return a.Attribution.Weights
}

// Update takes the n arrivals since the last update, the last step of which
// ends at step; now and middle are the local times of the step and of half a
// lead time later. It returns the distribution of the arrivals in the coming
// lead time.
func (m *Model) Update(a *Arrivals, step int64, n float64, now, middle Clock) NegBinomial {
	skipped := int(max(step-a.Step-1, 0))
	a.Step = step
	a.Seen += n
	span := float64(skipped+1) * m.step
	keep := m.keepMean
	if skipped > 0 {
		keep = m.decays.over(skipped).mean
	}
	a.Mean = float64(a.Mean*keep) + float64(n/span*(1-keep))
	a.Rates.Update(m.decays, a.signal(n, span, keep), skipped)
	if m.profiles && a.Profile == nil && a.Seen >= profileAfter {
		a.Profile = &Profile{Current: now.Quarter}
	}
	if a.Profile != nil {
		a.Profile.Add(now, n)
	}
	if m.fleet != nil {
		m.fleet.advance(m, step, now)
		m.fleet.Quiet.learn(a.Raw, span/m.lead, n > 0)
	}
	m.settle(a, step, n)
	m.look(a, middle)
	if step%m.every == 0 && a.Seen > 0 && step-a.First >= max(m.due, firstLabel) {
		m.remember(a, step)
	}
	return a.Spread.Distribution(a.M)
}

// Herald takes n arrivals that are announced for the coming lead time. They are
// not to be forecast, and Update is not told of them. But where requests come in
// crowds they tell when others come: they add to the recent rates, ahead of time.
func (a *Arrivals) Herald(n float64) { a.Heralded += n }

// signal is what an update adds to the recent rates: all arrivals, announced or
// not, each as the share of them that are not, so that the rates stay those of
// what is to be forecast.
func (a *Arrivals) signal(n, span, keep float64) float64 {
	if a.Heralded == 0 && a.HeraldedMean == 0 {
		return n
	}
	a.HeraldedMean = float64(a.HeraldedMean*keep) + float64(a.Heralded/span*(1-keep))
	all := n + a.Heralded
	a.Heralded = 0
	return float64(all * (a.Mean / (a.Mean + a.HeraldedMean)))
}

// mean is a pool's rate over the last weeks: the sum is still to be filled in
// the first of them.
func (m *Model) mean(raw float64, steps int64) float64 {
	f := &m.filled[uint(steps)%uint(len(m.filled))]
	if f.steps != steps || f.share == 0 {
		span := float64(float64(steps)*m.step) + meanSettling
		*f = filled{steps, 1 - portable.Decay(span, meanHalfLife)}
	}
	return raw / f.share
}

// look computes the features and the mean.
func (m *Model) look(a *Arrivals, middle Clock) {
	f := a.Now[:0]
	for j := range m.decays.keep {
		f = append(f, float64(m.lead*a.Rates.PerSecond(j)))
	}
	if m.profiles {
		mean := m.mean(a.Mean, a.Step-a.First)
		usual, share := mean, 0.0
		if m.fleet != nil {
			usual, share = m.fleet.usual(m, mean, middle)
		}
		day, week := usual, usual
		if a.Profile != nil {
			day, week = a.Profile.Rates(middle, usual)
		}
		f = append(f, float64(m.lead*day), float64(m.lead*week), float64(m.lead*mean)*floorShare)
		if m.fleet != nil {
			for _, j := range fleetRates {
				f = append(f, float64(m.lead*float64(share*m.fleet.Rates.PerSecond(j))))
			}
		}
	}
	a.M, a.Now = weighted(f, a.weights()), f
	if m.profiles { // a pool that is asked for may always be asked again
		a.M = max(a.M, f[len(m.decays.keep)+2])
	}
	if m.fleet != nil {
		a.Raw = a.M
		a.M = max(a.M, m.fleet.Quiet.rate(a.M))
	}
}

func (m *Model) remember(a *Arrivals, step int64) {
	a.Labels = append(a.Labels, float64(step+m.due), a.Seen, a.M)
	a.Labels = append(a.Labels, a.Now...)
}

// settle learns from the labels that have become known; the last n arrivals
// came in the step that ends now.
func (m *Model) settle(a *Arrivals, step int64, n float64) {
	width := labelWidth + m.features
	known := 0
	for ; known < len(a.Labels) && a.Labels[known] <= float64(step); known += width {
		due, seen, mean := a.Labels[known], a.Labels[known+1], a.Labels[known+2]
		y := a.Seen - seen
		if due < float64(step) { // the pool slept through the label's end
			y -= n
		}
		a.Tail.Learn(int(y/m.scale+0.5), m.keepTail)
		mean *= m.scale
		weight, keepWeight, keepSpread := float64(m.every)/float64(m.due), m.keepWeight, m.keepSpread
		if m.fleet != nil && y == 0 && mean < quietMean {
			if a.Quiet++; a.Quiet < quietEvery {
				continue
			}
			a.Quiet, weight, keepWeight, keepSpread = 0, weight*quietEvery, m.quietWeight, m.quietSpread
		}
		m.learnSpread(a, mean, y, weight, keepSpread)
		if m.learn && mean > 0 {
			m.learnWeights(a, a.Labels[known+labelWidth:known+width], y, weight, keepWeight, keepSpread)
		}
	}
	a.Labels = a.Labels[:copy(a.Labels, a.Labels[known:])]
}

func (m *Model) learnSpread(a *Arrivals, mean, y, weight, keep float64) {
	if m.fleet == nil {
		a.Spread.Learn(mean, y, keep, weight, nil)
		return
	}
	if alike(mean, y) {
		return
	}
	scores := scoresOf(mean, y)
	m.fleet.Spread.learn(&scores, 1-weight/fleetMemory, weight, nil)
	a.Spread.learn(&scores, keep, weight, &m.fleet.Spread)
}

// learnWeights learns from a count y over m.scale lead times.
func (m *Model) learnWeights(a *Arrivals, features []float64, y, weight, keepWeight, keepSpread float64) {
	regressed := max(weighted(features, a.Regression.Weights), leastMean)
	attributed := max(weighted(features, a.Attribution.Weights), leastMean)
	same := logGamma(y + 1)
	lead := (a.Spread.Distribution(float64(regressed*m.scale)).logKernel(y) - same) -
		(a.Spread.Distribution(float64(attributed*m.scale)).logKernel(y) - same)
	a.Better = float64(a.Better*keepSpread) + float64(weight*min(max(lead, -mostLead), mostLead))

	mean := max(weighted(features, a.weights()), leastMean)
	variance, y := mean/m.scale, y/m.scale
	regression, attribution := m.priors()
	if m.fleet != nil {
		keep := 1 - weight/fleetMemory
		m.fleet.Regression.Learn(features, y, variance, keep, weight, m.equal, priorArrivals)
		m.fleet.Attribution.Learn(features, y, keep, weight, m.equal)
	}
	a.Regression.Learn(features, y, variance, keepWeight, weight, regression, priorArrivals)
	a.Attribution.Learn(features, y, keepWeight, weight, attribution)
}

// Excited is the forecast of the last update as it would have been had n
// arrivals more come in its step, by what they add to the rates.
func (m *Model) Excited(a *Arrivals, n float64) NegBinomial {
	weights := a.weights()
	more := 0.0
	for j, keep := range m.decays.keep {
		more += float64(weights[j]*(1-keep)) / a.Rates.Filled[j]
	}
	return a.Spread.Distribution(a.M + float64(float64(m.lead/m.step*n)*more))
}

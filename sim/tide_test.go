package sim

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"shadowpool/forecast"
	"shadowpool/policy"
)

// Launches of one instant have the given share of the variance in common, those
// of 20 minutes apart nothing, and each alone is as without it.
func TestTide(t *testing.T) {
	law := Lognormal{Median: 45 * time.Second, P99: 2 * time.Minute, Common: 0.6}
	l := newLeads(Category{Lead: law}, Provider{}, 1)
	log := func(ns int64, _ bool) float64 { return math.Log(float64(ns) / float64(law.Median)) }
	var first, together, later []float64
	for i := range int64(20_000) {
		at := 1_700_000_000e9 + i*int64(40*time.Minute)
		first = append(first, log(l.launch(at)))
		together = append(together, log(l.launch(at+1)))
		later = append(later, log(l.launch(at+int64(20*time.Minute))))
	}
	mean, dev := stat.MeanStdDev(first, nil)
	if math.Abs(mean) > 0.01 || math.Abs(dev/law.sigma()-1) > 0.02 {
		t.Errorf("the logarithm has mean %.4f and deviation %.4f, want 0 and %.4f", mean, dev, law.sigma())
	}
	if c := stat.Correlation(first, together, nil); math.Abs(c-0.6) > 0.02 {
		t.Errorf("correlation at one instant %.3f, want 0.6", c)
	}
	if c := stat.Correlation(first, later, nil); math.Abs(c) > 0.03 {
		t.Errorf("correlation after 20 minutes %.3f, want 0", c)
	}
	// The tide is that of the instant, whatever was asked before.
	other := newLeads(Category{Lead: law}, Provider{}, 1)
	if a, b := l.tide.at(1_700_000_123e9), other.tide.at(1_700_000_123e9); a != b {
		t.Errorf("the tide of one instant is %v and %v", a, b)
	}
}

// learner holds a level, learns the lead times meanwhile, and notes at every
// tick how far the learned and the configured mean are from the truth.
type learner struct {
	*policy.Static
	policy.LeadTimes
	truth              func(policy.Time) float64
	configured         float64
	learned, unlearned []float64
	differs            int
}

func (l *learner) Traits() policy.Traits { return policy.Traits{Arrivals: true, Ticks: true} }

func (l *learner) Tick(t policy.Time, p policy.PoolID, _ policy.Stock) (policy.Level, policy.Time) {
	mean := l.Lead(t, p).Mean()
	if mean != l.configured {
		l.differs++
	}
	if l.truth != nil {
		l.learned = append(l.learned, math.Abs(math.Log(mean/l.truth(t))))
		l.unlearned = append(l.unlearned, math.Abs(math.Log(l.configured/l.truth(t))))
	}
	return l.Start(t, p), t
}

func runLearner(t *testing.T, lead LeadTime, truth func(policy.Time) float64) *learner {
	t.Helper()
	expected := lead.Mean().Seconds()
	l := &learner{
		Static: policy.NewStatic([]int32{8}), configured: expected, truth: truth,
		LeadTimes: policy.LeadTimes{Launches: forecast.NewLeadTimes([]float64{expected})},
	}
	src := poissonArrivals(4, 8000, 0.2, exponential(time.Minute))
	if _, err := Run(src, oneCategory(false, lead), l, Options{Seed: 3}); err != nil {
		t.Fatal(err)
	}
	return l
}

// What launches have in common is learned from them: the mean is nearer to the
// present one than the mean over all times, which is all that is configured.
func TestCommonPartIsLearned(t *testing.T) {
	law := Lognormal{Median: 45 * time.Second, P99: 2 * time.Minute, Common: 0.7}
	tide := newTide(newStream(3, "tide", ""))
	own := law.sigma() * law.sigma() * (1 - law.Common)
	l := runLearner(t, law, func(at policy.Time) float64 {
		return law.Median.Seconds() * math.Exp(math.Sqrt(law.Common)*law.sigma()*tide.at(at)+own/2)
	})
	learned, unlearned := stat.Mean(l.learned, nil), stat.Mean(l.unlearned, nil)
	if len(l.learned) < 1000 || !(learned < 0.8*unlearned) {
		t.Errorf("mean error of the logarithm %.3f learned, %.3f configured, %d ticks", learned, unlearned, len(l.learned))
	}
	t.Logf("mean error of the logarithm %.3f learned, %.3f configured", learned, unlearned)
}

// What is constant is learned exactly, so that decisions do not change.
func TestConstantIsLearnedExactly(t *testing.T) {
	for _, lead := range []time.Duration{120 * time.Second, 1234567891} {
		if l := runLearner(t, Constant(lead), nil); l.differs > 0 {
			t.Errorf("%v: at %d ticks the learned mean differs", lead, l.differs)
		}
	}
}

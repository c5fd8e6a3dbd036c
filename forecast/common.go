package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// Common follows what slows all launches of a category together, such as a
// busy registry: a random level that is added to the logarithms of their lead
// times and wanders back to zero, an autoregression of first order observed
// through the launches' own spread (Harvey, 'Forecasting, Structural Time
// Series Models and the Kalman Filter', 1989, ch. 3). How much of the variance
// is common it learns from the products of deviations of launches that were
// ordered together: what is each launch's own cancels out in them. Where
// nothing ever varied, every variance is exactly zero.
type Common struct {
	Usual   float64 // mean of the logarithms
	Count   float64 // launches behind it
	Seen    float64 // instant of the last, s
	Square  float64 // mean squared deviation from Usual
	Pairs   float64 // weight behind Product
	Product float64 // mean product of two deviations
	Level   float64 // at the instant At, s
	Open    float64 // variance of Level, as a share of the common variance
	At      float64
}

const (
	// Usual is of the last hours, and of this many launches at least: over
	// much longer than what is common lasts.
	usualMemory, usualHalfLife = 256, 4 * 3600
	commonMemory               = 64 // launches that count for Square, and pairs for Product
	// commonHalfLife is that of the level, s.
	commonHalfLife = 900
	// priorCommon is the share of the variance that is common until more is
	// known, priorPairs the pairs that it counts as.
	priorCommon, priorPairs = 0.2, 8
)

// newCommon begins around the usual logarithm of other categories.
func newCommon(usual float64) Common { return Common{Usual: usual, Count: 1, Open: 1} }

// share is the part of the variance that is common.
func (c *Common) share() float64 {
	if c.Square == 0 {
		return priorCommon
	}
	s := (float64(c.Pairs*(c.Product/c.Square)) + priorPairs*priorCommon) / (c.Pairs + priorPairs)
	return min(max(s, 0), 1)
}

// at is the level and the open share of its variance at t.
func (c *Common) at(t float64) (level, open float64) {
	if c.Level == 0 && c.Open == 1 {
		return 0, 1
	}
	keep := portable.Decay(max(t-c.At, 0), commonHalfLife)
	return c.Level * keep, 1 - float64(float64(keep*keep)*(1-c.Open))
}

// gain is what an observation moves the level by, of its distance.
func gain(open, share float64) float64 {
	common := float64(open * share)
	if common == 0 {
		return 0
	}
	return common / (common + (1 - share))
}

// learn takes the logarithm of a lead time that ended at t. It returns the
// deviation from the usual and the logarithm without the level as it was
// expected.
func (c *Common) learn(t, log float64) (deviation, own float64) {
	level, open := c.at(t)
	own = log - level
	return c.take(t, level, open, own), own
}

// learnLonger takes the logarithm of a lead time that was lost sight of at t:
// it counts as what is expected of such a one (Buckley and James, Biometrika
// 1979), unless that is no news.
func (c *Common) learnLonger(t, log float64) {
	level, open := c.at(t)
	if over := c.beyond(log - level); over > 0 {
		c.take(t, level, open, c.Usual+over)
	}
}

// take learns from a logarithm without the level; it returns its deviation,
// the level included.
func (c *Common) take(t, level, open, own float64) float64 {
	keep := max(portable.Decay(max(t-c.Seen, 0), usualHalfLife), 1-1.0/usualMemory)
	c.Count, c.Seen = float64(c.Count*keep)+1, max(t, c.Seen)
	c.Usual += (own + level - c.Usual) / c.Count
	deviation := own + level - c.Usual
	c.Square += (float64(deviation*deviation) - c.Square) / min(c.Count, commonMemory)
	if c.Square > 0 {
		k := gain(open, c.share())
		c.Level = level + float64(k*(own-c.Usual))
		c.Open = float64((1 - k) * open)
		c.At = max(t, c.At)
	}
	return deviation
}

// beyond is how far above the usual a logarithm is expected to be that is
// known to be larger than log: of a normal one with standard deviation s it
// is s/R(z), R being Mills' ratio, which is close to, and not less than,
// (3 z + sqrt(z^2 + 8)) / 4 times s (Sampford, Ann. Math. Stat. 1953). It is
// zero where log tells next to nothing.
func (c *Common) beyond(log float64) float64 {
	d := log - c.Usual
	own := float64((1 - c.share()) * c.Square)
	return max((float64(3*d)+math.Sqrt(float64(d*d)+float64(8*own)))/4, 0)
}

// surprising says whether a logarithm lies more than one standard deviation of
// the own part above the usual.
func (c *Common) surprising(log float64) bool {
	d := log - c.Usual
	return d > 0 && float64(d*d) > float64((1-c.share())*c.Square)
}

// pair takes a product of deviations of two launches, with a weight in pairs.
func (c *Common) pair(product, weight float64) {
	c.Pairs = min(c.Pairs+weight, commonMemory)
	c.Product += float64(min(weight/c.Pairs, 1) * (product - c.Product))
}

package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// tracking follows the arrivals between two fits. It blends what was fitted
// with what came of late, at the half-lives of policy ewma: a fit alone does
// not see today's level, and the level alone does not see the next hour's
// change. Which blend is used, and how widely counts scatter around it
// (Spread), is learned from how likely past counts were. Its fields are
// exported for snapshots only.
type tracking struct {
	At     float64 // the last observation, seconds since the epoch
	Begun  bool
	Seen   float64                       // arrivals so far
	Recent [len(recentHalfLives)]float64 // arrivals per second
	Usual  [len(recentHalfLives)]float64 // of them expected by the fit
	Mean   float64                       // rate at a half-life of seven days
	Score  [blends]float64               // discounted log-likelihood, but for what all share
	Spread Spread
	Labels []label
	Next   float64 // when the next label is due to be made
}

// A label is a forecast whose outcome is not yet known.
type label struct {
	Due   float64 // when it will be
	Seen  float64 // tracking.Seen when it was made
	Parts parts
}

// parts are what a forecast is blended of, in arrivals in the span.
type parts struct {
	Fitted float64
	Recent float64 // as of late, as far as that lasts
	Usual  float64 // the fit of late, as far as that lasts
	Lasts  float64 // share of the span for which it lasts
	Least  float64
}

// blends are: the fit alone, and the recent rate moved by none, a quarter, a
// half, three quarters and all of what the fit expects to change.
const blends = 6

// priorBlend is where an unknown pool begins.
const priorBlend = 3

func (p *parts) blend(i int) float64 {
	if i == 0 {
		return max(p.Fitted, p.Least)
	}
	trust := float64(i-1) / (blends - 2)
	usual := float64(trust*p.Usual) + float64((1-trust)*float64(p.Fitted*p.Lasts))
	return max(p.Fitted+p.Recent-usual, p.Least)
}

var recentHalfLives = [...]float64{240, 600, 1800} // seconds

// recentLasts is the half-life with which the recent rate gives way to the
// fitted one in looking ahead, in seconds.
const recentLasts = 7200

// A pace is the rhythm of forecasts that share a step and a span.
type pace struct {
	step, span float64 // of observations and of the forecast that is scored, seconds
	labelled   float64 // the span in whole steps
	every      float64 // between two labels
	keep       [len(recentHalfLives)]float64
	lasts      float64 // lastsFor the span
	keepMean   float64
	keepScore  float64 // of scores, between two labels
	weight     float64 // of a label
	alone      bool    // only the fit is used, and what came of late is not
}

func newPace(step, span float64) pace {
	p := pace{step: step, span: max(span, 1e-3)}
	steps := max(int64(p.span/step+0.5), 1)
	p.labelled = float64(steps) * step
	p.every = float64(labelEvery(steps, step)) * step
	p.weight = p.every / p.labelled
	p.lasts = lastsFor(0, p.span)
	p.keepMean = portable.Decay(step, 7*secondsPerDay)
	p.keepScore = portable.Decay(p.every, 14*secondsPerDay)
	for i, h := range recentHalfLives {
		p.keep[i] = portable.Decay(step, h)
	}
	return p
}

// lastsFor is for how many of the seconds from and to ahead the recent rate
// lasts.
func lastsFor(from, to float64) float64 {
	return recentLasts / math.Ln2 * (portable.Decay(from, recentLasts) - portable.Decay(to, recentLasts))
}

// A fitted rate expects arrivals.
type fitted interface {
	// expected is their number in [from, to), seconds since the epoch.
	expected(from, to float64) float64
}

// observe takes the n arrivals since the last observation. They count as those
// of the last step; before it nothing came.
func (k *tracking) observe(p *pace, f fitted, t, n float64) {
	if !k.Begun {
		k.Begun, k.At, k.Next = true, t-p.step, t
	}
	last := min(t-k.At, p.step)
	if t-k.At > last {
		k.pass(p, f, t-last, 0)
	}
	if last > 0 {
		k.pass(p, f, t, n)
	}
	k.Seen += n
	k.settle(p, n)
}

// pass moves the rates on to t, with n arrivals on the way.
func (k *tracking) pass(p *pace, f fitted, t, n float64) {
	span := t - k.At
	rate, usual := n/span, f.expected(k.At, t)/span
	for i, keep := range p.keep {
		if span != p.step {
			keep = portable.Decay(span, recentHalfLives[i])
		}
		k.Recent[i] = float64(k.Recent[i]*keep) + float64(rate*(1-keep))
		k.Usual[i] = float64(k.Usual[i]*keep) + float64(usual*(1-keep))
	}
	keep := p.keepMean
	if span != p.step {
		keep = portable.Decay(span, 7*secondsPerDay)
	}
	k.Mean = float64(k.Mean*keep) + float64(rate*(1-keep))
	k.At = t
}

// settle scores the labels that have become known; the last n arrivals came in
// the step that ends now.
func (k *tracking) settle(p *pace, n float64) {
	known := 0
	for ; known < len(k.Labels) && k.Labels[known].Due <= k.At; known++ {
		l := &k.Labels[known]
		y := k.Seen - l.Seen
		if l.Due <= k.At-p.step { // nobody looked when the label ended
			y -= n
		}
		mean := l.Parts.blend(k.best(p))
		if mean > 0.01 || y > 0 { // else about as likely under every blend
			for i := range k.Score {
				d := k.Spread.Distribution(l.Parts.blend(i))
				k.Score[i] = float64(k.Score[i]*p.keepScore) + float64(p.weight*d.logKernel(y))
			}
		}
		k.Spread.Learn(mean, y, p.keepScore, p.weight, nil)
	}
	k.Labels = k.Labels[:copy(k.Labels, k.Labels[known:])]
}

// remember makes a label of what is forecast now.
func (k *tracking) remember(p *pace, f fitted) {
	if k.At < k.Next || k.Seen == 0 {
		return
	}
	k.Next = k.At + p.every
	k.Labels = append(k.Labels, label{k.At + p.labelled, k.Seen, k.parts(p, f, 0, p.labelled)})
}

// parts looks from and to seconds ahead.
func (k *tracking) parts(p *pace, f fitted, from, to float64) parts {
	var recent, usual float64
	for i := range k.Recent {
		recent += k.Recent[i] / float64(len(recentHalfLives))
		usual += k.Usual[i] / float64(len(recentHalfLives))
	}
	lasts := p.lasts
	if from != 0 || to != p.span {
		lasts = lastsFor(from, to)
	}
	return parts{
		Fitted: f.expected(k.At+from, k.At+to),
		Recent: float64(recent * lasts), Usual: float64(usual * lasts),
		Lasts: lasts / (to - from), Least: float64(floorShare * k.Mean * (to - from)),
	}
}

// best is the blend that is used.
func (k *tracking) best(p *pace) int {
	if p.alone {
		return 0
	}
	best := priorBlend
	for i, v := range k.Score {
		lead := 0.0
		if best == priorBlend {
			lead = priorScore
		}
		if v > k.Score[best]+lead {
			best = i
		}
	}
	return best
}

// distribution is that of the arrivals from and to seconds from now.
func (k *tracking) distribution(p *pace, f fitted, from, to float64) NegBinomial {
	ahead := k.parts(p, f, from, to)
	return k.Spread.Distribution(ahead.blend(k.best(p)))
}

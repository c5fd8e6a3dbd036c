package search

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// A process is a Gaussian process over a family's cube and the fidelity of
// evaluations (Rasmussen and Williams, Gaussian Processes for Machine Learning,
// 2006, ch. 2 and 5). Its covariance of (x, f) and (x', f') is
//
//	c + b (k - 1/2)(k' - 1/2) + s^2 m(x, x') + (1 - f)(1 - f') (o + r^2 s^2 m(x, x'))
//
// with a constant, a slope along the knob k, a Matern function m of smoothness
// 5/2 with one length a variable, and what cheap evaluations differ by: an
// offset and a part that depends on x. Values are taken relative to their mean
// and deviation.
type process struct {
	family *Family
	laws   laws
	points []Point
	values []float64 // relative
	mean   float64
	scale  float64
	lower  *mat.TriDense // Cholesky factor of the covariance
	weight *mat.VecDense // covariance^-1 values
}

// laws are the parameters of a process that are fitted, as logarithms: the
// deviation s, the share r of it that cheap evaluations differ by, the deviation of the
// noise, and the lengths.
type laws struct {
	signal, discord, noise float64
	lengths                []float64
}

// Constants of all processes: variances of the constant, of the slope and of the
// offset of cheap evaluations, all relative to that of the values.
const (
	constantVariance = 4.0
	slopeVariance    = 10.0
	offsetVariance   = 1.0
)

// The parameters' prior: the median and the deviation of the logarithm.
var prior = struct{ signal, discord, noise, length, level [2]float64 }{
	signal:  [2]float64{0, 1},
	discord: [2]float64{math.Log(0.3), 1},
	noise:   [2]float64{math.Log(0.01), 1},
	length:  [2]float64{math.Log(0.5), 0.8},
	level:   [2]float64{math.Log(2), 1}, // between two values without order
}

func priorLaws(f *Family) laws {
	l := laws{signal: prior.signal[0], discord: prior.discord[0], noise: prior.noise[0]}
	for _, v := range f.Variables {
		m := prior.length[0]
		if v.Levels > 0 {
			m = prior.level[0]
		}
		l.lengths = append(l.lengths, m)
	}
	return l
}

func (l *laws) vector() []float64 {
	return append([]float64{l.signal, l.discord, l.noise}, l.lengths...)
}

func lawsOf(v []float64) laws { return laws{v[0], v[1], v[2], v[3:]} }

// unlikely is the negative logarithm of the prior, but for a constant.
func (l *laws) unlikely(f *Family) float64 {
	sum := 0.0
	add := func(v float64, p [2]float64) {
		z := (v - p[0]) / p[1]
		sum += z * z / 2
	}
	add(l.signal, prior.signal)
	add(l.discord, prior.discord)
	add(l.noise, prior.noise)
	for i, v := range f.Variables {
		if v.Levels > 0 {
			add(l.lengths[i], prior.level)
		} else {
			add(l.lengths[i], prior.length)
		}
	}
	return sum
}

// matern is the Matern function of smoothness 5/2 at a distance, 1 at none.
func matern(r float64) float64 {
	a := math.Sqrt(5) * r
	return (1 + a + a*a/3) * math.Exp(-a)
}

// A kernel is the covariance under some laws.
type kernel struct {
	family          *Family
	signal, discord float64   // variances
	inverse         []float64 // of the lengths
}

func (l *laws) kernel(f *Family) kernel {
	k := kernel{family: f, signal: math.Exp(2 * l.signal)}
	k.discord = k.signal * math.Exp(2*l.discord)
	for _, v := range l.lengths {
		k.inverse = append(k.inverse, math.Exp(-v))
	}
	return k
}

func (k *kernel) covariance(a, b *Point) float64 {
	squares := 0.0
	for i, w := range k.inverse {
		d := (a.At[i] - b.At[i]) * w
		if k.family.Variables[i].Levels > 0 && d != 0 {
			d = w
		}
		squares += d * d
	}
	m := matern(math.Sqrt(squares))
	sum := constantVariance + k.signal*m
	if n := k.family.Knob; n >= 0 {
		sum += slopeVariance * (a.At[n] - 0.5) * (b.At[n] - 0.5)
	}
	if both := (1 - a.Fidelity) * (1 - b.Fidelity); both > 0 {
		sum += both * (offsetVariance + k.discord*m)
	}
	return sum
}

// newProcess makes a process of values at points under given laws; fit finds
// better ones.
func newProcess(f *Family, points []Point, values []float64, l laws) *process {
	p := &process{family: f, laws: l, points: points, scale: 1}
	n := float64(len(values))
	for _, v := range values {
		p.mean += v / n
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - p.mean) * (v - p.mean) / n
	}
	if squares > 0 {
		p.scale = math.Sqrt(squares)
	}
	for _, v := range values {
		p.values = append(p.values, (v-p.mean)/p.scale)
	}
	p.condition()
	return p
}

// leastNoise keeps covariances invertible.
const leastNoise = 1e-8

// factor is the Cholesky factor of the points' covariance under some laws.
func (p *process) factor(l *laws) (*mat.Cholesky, bool) {
	k := l.kernel(p.family)
	noise := math.Exp(2*l.noise) + leastNoise
	s := mat.NewSymDense(len(p.points), nil)
	for i := range p.points {
		for j := range i {
			s.SetSym(i, j, k.covariance(&p.points[i], &p.points[j]))
		}
		s.SetSym(i, i, k.covariance(&p.points[i], &p.points[i])+noise)
	}
	var c mat.Cholesky
	ok := c.Factorize(s)
	return &c, ok
}

// condition takes in the points under the process's laws. Where rounding
// leaves no factor, noise is added until there is one.
func (p *process) condition() {
	c, ok := p.factor(&p.laws)
	for !ok {
		p.laws.noise += 1
		c, ok = p.factor(&p.laws)
	}
	p.lower = mat.NewTriDense(len(p.points), mat.Lower, nil)
	c.LTo(p.lower)
	p.weight = mat.NewVecDense(len(p.points), nil)
	if err := c.SolveVecTo(p.weight, mat.NewVecDense(len(p.values), p.values)); err != nil {
		p.laws.noise += 1 // ill-conditioned
		p.condition()
	}
}

// misfit is the negative logarithm of the laws' posterior density, but for a
// constant.
func (p *process) misfit(l *laws) float64 {
	c, ok := p.factor(l)
	if !ok {
		return math.Inf(1)
	}
	y := mat.NewVecDense(len(p.values), p.values)
	var a mat.VecDense
	if err := c.SolveVecTo(&a, y); err != nil {
		return math.Inf(1)
	}
	return mat.Dot(y, &a)/2 + c.LogDet()/2 + l.unlikely(p.family)
}

// fitEvaluations bound the search for laws.
const fitEvaluations = 150

// fit searches for the likeliest laws, from the present ones on.
func (p *process) fit() {
	problem := optimize.Problem{Func: func(v []float64) float64 {
		l := lawsOf(v)
		return p.misfit(&l)
	}}
	start := p.laws.vector()
	res, err := optimize.Minimize(problem, start, &optimize.Settings{FuncEvaluations: fitEvaluations}, &optimize.NelderMead{SimplexSize: 0.4})
	if res == nil || err != nil && res.X == nil || math.IsInf(res.F, 0) || math.IsNaN(res.F) {
		return // the present ones will do
	}
	p.laws = lawsOf(res.X)
	p.condition()
}

// with is the process with one more value, at which it is certain.
func (p *process) with(at Point, value float64) *process {
	q := *p
	q.points = append(p.points[:len(p.points):len(p.points)], at)
	q.values = append(p.values[:len(p.values):len(p.values)], (value-p.mean)/p.scale)
	q.condition()
	return &q
}

// A forecast predicts at points, with memory of its own.
type forecast struct {
	p     *process
	k     kernel
	cross *mat.VecDense
}

func (p *process) forecast() *forecast {
	return &forecast{p, p.laws.kernel(p.family), mat.NewVecDense(len(p.points), nil)}
}

// expected is the mean at a point.
func (f *forecast) expected(at *Point) float64 {
	for i := range f.p.points {
		f.cross.SetVec(i, f.k.covariance(at, &f.p.points[i]))
	}
	return f.p.mean + f.p.scale*mat.Dot(f.cross, f.p.weight)
}

// predict is mean and deviation at a point, noise left out.
func (f *forecast) predict(at *Point) (mean, deviation float64) {
	mean = f.expected(at)
	// In place, and without the look at the condition that mat takes each time.
	blas64.Trsv(blas.NoTrans, f.p.lower.RawTriangular(), f.cross.RawVector())
	variance := f.k.covariance(at, at) - mat.Dot(f.cross, f.cross)
	return mean, f.p.scale * math.Sqrt(max(variance, 1e-12))
}

package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// waves is a rate per second with a daily cycle, its half and a slow growth.
func waves(t float64) float64 {
	day := 2 * math.Pi * t / secondsPerDay
	return 0.2 + 0.1*math.Cos(day-1) + 0.04*math.Sin(2*day) + 0.02*t/(14*secondsPerDay)
}

// integral is the number of arrivals that a rate expects in a span.
func integral(rate func(float64) float64, from, to float64) float64 {
	sum := 0.0
	for i := range 1000 {
		sum += rate(from+(float64(i)+0.5)*(to-from)/1000) * (to - from) / 1000
	}
	return sum
}

// On counts that are exactly a trend and two harmonics, the extrapolation is
// nearly exact: the trend is found first, and takes a little of the harmonics.
func TestFourierRecoversItsOwnKind(t *testing.T) {
	m := NewFourierModel(600, 600)
	f := m.New()
	const days = 15
	for i := 1; i <= days*144; i++ {
		f.Observe(float64(i)*600, integral(waves, float64(i-1)*600, float64(i)*600))
	}
	now := float64(days * secondsPerDay)
	for _, hours := range []float64{0, 5, 11, 20} {
		from := now + hours*3600
		got, want := f.expected(from, from+1800), integral(waves, from, from+1800)
		if math.Abs(got-want) > 0.06*want {
			t.Errorf("%g h ahead: %.1f arrivals in half an hour, want %.1f", hours, got, want)
		}
	}
	if f.best(&f.model.pace) == priorBlend-2 {
		t.Errorf("the recent rate alone is trusted, though the fit is exact")
	}
}

// The trend of a polynomial is itself, also beyond its points.
func TestTrend(t *testing.T) {
	value := func(i int) float64 { x := float64(i); return 3 + 0.5*x - 0.01*x*x }
	counts := make([]float32, 100)
	for i := range counts {
		counts[i] = float32(value(i))
	}
	var p trend
	p.fit(counts, 2)
	for _, i := range []int{0, 50, 99, 150} {
		if math.Abs(p.at(i)-value(i)) > 1e-4*math.Abs(value(i))+1e-4 {
			t.Errorf("at %d: %g, want %g", i, p.at(i), value(i))
		}
	}
	p.fit(counts, 0)
	mean := 0.0
	for _, c := range counts {
		mean += float64(c) / 100
	}
	if math.Abs(p.at(7)-mean) > 1e-5 {
		t.Errorf("of degree 0: %g, the mean is %g", p.at(7), mean)
	}
}

// A window slides without losing count, and a slot is found where a day before
// it was laid out.
func TestSeriesAndAhead(t *testing.T) {
	g := grid{slot: 3600, window: 48}
	var s series
	for i := range 500 {
		s.add(&g, float64(i)*3600+1, float64(i)*3600+2, float64(i))
		sum := 0.0
		for _, c := range s.Counts {
			sum += float64(c)
		}
		if sum != s.Total || s.First+int64(len(s.Counts))-1 != int64(i) {
			t.Fatalf("hour %d: total %g of %g, last slot %d", i, s.Total, sum, s.First+int64(len(s.Counts))-1)
		}
		if closed := s.closed(48); i >= 48 && (len(closed) != 48 || closed[47] != float32(i-1)) {
			t.Fatalf("hour %d: closed slots %v", i, closed)
		}
	}
	// What was counted over two slots and a half is spread over them.
	s = series{}
	s.add(&g, 3600, 12600, 10)
	if len(s.Counts) != 3 || s.Counts[0] != 4 || s.Counts[1] != 4 || s.Counts[2] != 2 || s.Total != 10 {
		t.Errorf("10 in two hours and a half: %+v", s)
	}
	a := ahead{From: 100}
	for i := range 24 {
		a.Slots = append(a.Slots, float32(i))
	}
	for _, c := range []struct{ from, to, want float64 }{
		{100, 101, 0}, {102, 103, 2}, {102.5, 104.5, 1 + 3 + 2}, {123, 125, 23}, {126, 127, 2}, {150, 151, 2}, {105, 105, 0},
	} {
		if got := a.expected(&g, c.from*3600, c.to*3600); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("hours %g to %g: %g, want %g", c.from, c.to, got, c.want)
		}
	}
}

// dense is the system that join solves, from its definition.
func dense(n int) *mat.SymDense {
	d2 := mat.NewDense(n-2, n, nil)
	for i := range n - 2 {
		d2.Set(i, i, 1)
		d2.Set(i, i+1, -2)
		d2.Set(i, i+2, 1)
	}
	var product mat.Dense
	product.Mul(d2.T(), d2)
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, product.At(i, j))
		}
		s.SetSym(i, i, product.At(i, i)+2)
	}
	return s
}

// The system of five diagonals and those of the phases against gonum's dense
// solutions.
func TestIntensitySystems(t *testing.T) {
	const n, days = 23, 5
	rng := rand.New(rand.NewPCG(1, 1))
	counts := make([]float32, n)
	for i := range counts {
		counts[i] = float32(rng.IntN(9))
	}
	var f intensityFit
	f.run(counts, days)
	right := mat.NewVecDense(n, nil)
	for i := range n {
		right.SetVec(i, f.x[i]-f.ux[i]+f.z[i]-f.uz[i])
	}
	for i := range n - 2 {
		for k, c := range []float64{1, -2, 1} {
			right.SetVec(i+k, right.AtVec(i+k)+c*(f.y[i]-f.uy[i]))
		}
	}
	var want mat.VecDense
	if err := want.SolveVec(dense(n), right); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if math.Abs(f.r[i]-want.AtVec(i)) > 1e-9 {
			t.Fatalf("r[%d] = %g, want %g", i, f.r[i], want.AtVec(i))
		}
	}
	system := mat.NewDense(n, n, nil)
	b := mat.NewVecDense(n, nil)
	for i := range n {
		system.Set(i, i, f.rho)
		b.SetVec(i, f.rho*(f.r[i]+f.uz[i]))
	}
	for i := range n - days {
		j := i + days
		system.Set(i, i, system.At(i, i)+tie)
		system.Set(j, j, system.At(j, j)+tie)
		system.Set(i, j, -tie)
		system.Set(j, i, -tie)
	}
	f.periodic(days)
	if err := want.SolveVec(system, b); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if math.Abs(f.z[i]-want.AtVec(i)) > 1e-9 {
			t.Fatalf("z[%d] = %g, want %g", i, f.z[i], want.AtVec(i))
		}
	}
}

// The fit comes to the least of its objective: no small step in any direction
// leads lower.
func TestIntensityIsLeast(t *testing.T) {
	const period = 24
	rng := rand.New(rand.NewPCG(2, 1))
	counts := make([]float32, 5*period)
	for i := range counts {
		mean := 6 + 5*math.Sin(2*math.Pi*float64(i)/period)
		counts[i] = float32(distuv.Poisson{Lambda: mean, Src: rng}.Rand())
	}
	var f intensityFit
	f.run(counts, period)
	early := append([]float64(nil), f.r...)
	for range 3000 {
		f.likelihood()
		f.rough()
		f.periodic(period)
		f.join()
	}
	objective := func(r []float64) float64 {
		sum := 0.0
		for i, v := range r {
			sum += f.mean*math.Exp(v) - float64(counts[i])*v
			if i+2 < len(r) {
				sum += roughness * math.Abs(secondDifference(r, i))
			}
			if i >= period {
				sum += tie / 2 * (v - r[i-period]) * (v - r[i-period])
			}
		}
		return sum
	}
	least := objective(f.r)
	moved := make([]float64, len(f.r))
	for range 2000 {
		// Straight pieces between two kinks, which the absolute values leave
		// free to move, and single points.
		a, b := rng.IntN(len(moved)), rng.IntN(len(moved))
		size := 0.02 * rng.NormFloat64()
		for i := range moved {
			moved[i] = f.r[i]
			if i >= min(a, b) && i <= max(a, b) {
				moved[i] += size
			}
		}
		if v := objective(moved); v < least-1e-3 {
			t.Fatalf("a step from %d to %d by %g lowers the objective by %g", min(a, b), max(a, b), size, least-v)
		}
	}
	if v := objective(early); v > least+5 {
		t.Errorf("a fit ends %g above the least of %g", v-least, least)
	}
}

// On Poisson counts with a daily cycle the intensity comes near to the truth,
// and a week's shape is told from a day's.
func TestNHPPFindsThePeriod(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	weekend := func(s float64) float64 {
		if int(s/secondsPerDay)%7 >= 5 {
			return 0.02
		}
		return waves(math.Mod(s, secondsPerDay))
	}
	for _, rate := range []func(float64) float64{func(s float64) float64 { return waves(math.Mod(s, secondsPerDay)) }, weekend} {
		f := NewNHPPModel(300, 300, utc{}).New()
		for i := 1; i <= 19*288; i++ {
			mean := integral(rate, float64(i-1)*300, float64(i)*300)
			f.Observe(float64(i)*300, distuv.Poisson{Lambda: mean, Src: rng}.Rand())
		}
		// The nineteenth day ends on a Friday evening of its week.
		now := f.At
		var off, all float64
		for h := range 24 {
			from := now + float64(h)*3600
			want := integral(rate, from, from+3600)
			off += math.Abs(f.expected(from, from+3600) - want)
			all += want
		}
		if off > 0.2*all {
			t.Errorf("the coming day is off by %.0f %%", 100*off/all)
		}
	}
}

// Where the rate follows its cycle the fit is trusted; where it jumps at random
// the recent rate is.
func TestTrackingLearnsWhatToTrust(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	level := 1.0
	jumps := func(float64) float64 {
		if rng.Float64() < 0.005 {
			level = math.Exp(1.5 * rng.NormFloat64())
		}
		return 0.1 * level
	}
	cycle := func(s float64) float64 { return 0.3 * (1 + math.Sin(2*math.Pi*s/secondsPerDay)) }
	for i, rate := range []func(float64) float64{cycle, jumps} {
		f := NewFourierModel(60, 120).New()
		for i := 1; i <= 8*1440; i++ {
			s := float64(i) * 60
			f.Observe(s, distuv.Poisson{Lambda: 60 * rate(s), Src: rng}.Rand())
		}
		if best := f.best(&f.model.pace); i == 0 && best != 0 && best <= priorBlend || i == 1 && (best == 0 || best >= priorBlend) {
			t.Errorf("case %d: blend %d is used", i, best)
		}
	}
}

// By hand: the d-th day has 10 d arrivals in hour 8 and 1 in every other. After
// nine days the mean of hour 8 over the last seven is 60, a week before the
// tenth day it was 30, and before the eleventh 40. Nothing is forecast from less
// than a day.
func TestHourlyByHand(t *testing.T) {
	f := NewHourlyModel(3600, 3600, utc{}).New()
	for h := range 9*24 + 1 {
		n := 1.0
		if h%24 == 8 {
			n = 10 * float64(h/24+1)
		}
		f.Observe(float64(h+1)*3600, n)
		if got := f.Expected(0, 3600); h < 23 && got != 0 {
			t.Fatalf("after %d h it expects %g", h+1, got)
		}
	}
	// It is one o'clock on the tenth day.
	const hour = 3600.0
	for ahead, want := range map[float64]float64{7: 45, 9: 1, 7.5: 23, 31: 50} {
		got := f.Expected(ahead*hour, (ahead+1)*hour)
		if math.Abs(got-want) > 1e-3 {
			t.Errorf("%g h ahead: %g, want %g", ahead, got, want)
		}
	}
}

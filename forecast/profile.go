package forecast

// QuartersPerDay and QuartersPerWeek are the slots of the profiles: quarter
// hours of local time, the week from Sunday 00:00.
const (
	QuartersPerDay  = 96
	QuartersPerWeek = 7 * QuartersPerDay
	quarterSeconds  = 900
)

// A Clock says where an instant lies in local time.
type Clock struct {
	// Quarter numbers the quarter hours of local time since some midnight
	// between Saturday and Sunday.
	Quarter int64
}

// Profile is the usual rate by quarter hour of the day and of the week, in
// arrivals per second, learned by exponential smoothing.
type Profile struct {
	Day      [QuartersPerDay]float32
	Week     [QuartersPerWeek]float32
	DaySeen  [QuartersPerDay]uint8 // times that a slot was seen, at most 255
	WeekSeen [QuartersPerWeek]uint8
	Current  int64   // the quarter that is being counted
	Count    float64 // arrivals in it so far
}

const (
	dayGain, weekGain = 0.2, 0.4 // weight of the newest day or week
	// meanWeight is the weight, in observations, of the mean rate in a slot;
	// dayWeight that of the day's profile in the week's.
	meanWeight, dayWeight = 0.5, 0.8
)

// Add counts n arrivals at c, after closing the quarters before it.
func (p *Profile) Add(c Clock, n float64) {
	if c.Quarter > p.Current+QuartersPerWeek || c.Quarter < p.Current-8 {
		p.Current, p.Count = c.Quarter, 0 // a gap of weeks is not a week without arrivals
	}
	for p.Current < c.Quarter {
		p.close()
	}
	p.Count += n
}

func (p *Profile) close() {
	rate := float32(p.Count / quarterSeconds)
	learn(p.Day[:], p.DaySeen[:], p.Current, rate, dayGain)
	learn(p.Week[:], p.WeekSeen[:], p.Current, rate, weekGain)
	p.Current++
	p.Count = 0
}

func learn(rates []float32, seen []uint8, quarter int64, rate, gain float32) {
	i := slot(quarter, len(rates))
	// The first observations count equally: 1, 1/2, 1/3, ... down to gain.
	if seen[i] < 255 {
		seen[i]++
	}
	gain = max(gain, 1/float32(seen[i]))
	rates[i] = float32((1-gain)*rates[i]) + float32(gain*rate)
}

// Rates are the rates that the day's and the week's profiles expect at c: a
// triangular mean over five slots, drawn towards mean where little was seen.
func (p *Profile) Rates(c Clock, mean float64) (day, week float64) {
	day = blend(p.Day[:], p.DaySeen[:], c.Quarter, mean, meanWeight)
	return day, blend(p.Week[:], p.WeekSeen[:], c.Quarter, day, dayWeight)
}

func blend(rates []float32, seen []uint8, quarter int64, prior, priorWeight float64) float64 {
	sum, weight := float64(prior*priorWeight), priorWeight
	i := slot(quarter-2, len(rates))
	for _, share := range [...]float64{1. / 9, 2. / 9, 3. / 9, 2. / 9, 1. / 9} {
		w := float64(share * float64(min(seen[i], 4)))
		sum += float64(w * float64(rates[i]))
		weight += w
		if i++; i == int64(len(rates)) {
			i = 0
		}
	}
	return sum / weight
}

// slot is where a quarter, which may be before the first, lies in a profile.
func slot(quarter int64, slots int) int64 {
	n := int64(slots)
	return (quarter%n + n) % n
}

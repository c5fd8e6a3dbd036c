package forecast

import "math"

// series counts arrivals on a regular grid, over a window that ends now. Its
// fields are exported for snapshots only.
type series struct {
	First  int64     // number of the first slot since the epoch
	Counts []float32 // by slot; the last one is still being counted
	Total  float64   // of all counts
	Fresh  float64   // arrivals since the last fit
	Fitted float64   // when that was, seconds since the epoch
}

// A grid says how a series is kept and how often what is fitted to it is
// fitted anew.
type grid struct {
	slot   float64 // seconds
	window int     // closed slots that are kept
	// A fit is due every so many seconds, but later where less than share of
	// the window's arrivals are new: what hardly changes is hardly ever
	// fitted. latest is the bound of that, in seconds. Nothing is fitted to
	// fewer than least arrivals.
	every, latest, share, least float64
}

const secondsPerDay = 86400

// number is the slot of an instant.
func (g *grid) number(t float64) int64 { return int64(math.Floor(t / g.slot)) }

// perDay is the number of slots in a day.
func (g *grid) perDay() int { return int(secondsPerDay / g.slot) }

// add counts n arrivals in [from, to), spread evenly.
func (s *series) add(g *grid, from, to, n float64) {
	for {
		slot := g.number(from)
		end := float64(slot+1) * g.slot
		if end >= to || end <= from { // the latter where floats cannot tell them apart
			s.count(g, slot, n)
			return
		}
		part := float64(n * ((end - from) / (to - from)))
		s.count(g, slot, part)
		from, n = end, n-part
	}
}

// count counts n arrivals in a slot. The window slides in steps of its quarter.
func (s *series) count(g *grid, slot int64, n float64) {
	if s.Counts == nil || slot-s.First > int64(2*g.window) {
		*s = series{First: slot, Counts: s.Counts[:0], Fitted: s.Fitted}
	}
	for s.First+int64(len(s.Counts)) <= slot {
		s.Counts = append(s.Counts, 0)
	}
	if surplus := len(s.Counts) - 1 - g.window; surplus > g.window/4 {
		for _, c := range s.Counts[:surplus] {
			s.Total -= float64(c)
		}
		s.Counts = s.Counts[:copy(s.Counts, s.Counts[surplus:])]
		s.First += int64(surplus)
	}
	s.Counts[max(slot-s.First, 0)] += float32(n)
	s.Total += n
	s.Fresh += n
}

// due says whether to fit anew at t.
func (s *series) due(g *grid, t float64) bool {
	age := t - s.Fitted
	return age >= g.every && s.Total >= g.least && (s.Fresh >= float64(g.share*s.Total) || age >= g.latest)
}

// closed are the latest n slots that are no longer counted, or fewer.
func (s *series) closed(n int) []float32 {
	end := len(s.Counts) - 1
	return s.Counts[max(end-n, 0):end]
}

// fit notes that t's state was fitted.
func (s *series) fit(t float64) { s.Fitted, s.Fresh = t, 0 }

// ahead is a fitted rate, by slot of a grid. Where it ends it goes on as a day
// before.
type ahead struct {
	From  int64     // number of the first slot
	Slots []float32 // arrivals a slot
}

// expected is the number of arrivals that are expected in [from, to).
func (a *ahead) expected(g *grid, from, to float64) float64 {
	if len(a.Slots) == 0 || to <= from {
		return 0
	}
	sum := 0.0
	for from < to {
		slot := g.number(from)
		until := min(float64(slot+1)*g.slot, to)
		if until <= from { // the two differ by less than a float can tell
			break
		}
		sum += float64(a.at(g, slot) * ((until - from) / g.slot))
		from = until
	}
	return sum
}

func (a *ahead) at(g *grid, slot int64) float64 {
	i := slot - a.From
	if beyond := i - int64(len(a.Slots)) + 1; beyond > 0 {
		day := int64(g.perDay())
		i -= (beyond + day - 1) / day * day
	}
	return float64(a.Slots[max(i, 0)])
}

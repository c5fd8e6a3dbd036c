package sim

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"shadowpool/policy"
)

// foldSpan is how far times may run from the integrals' origin: with it,
// 900,000 instances stay below 2^63.
const foldSpan = int64(10_000 * time.Second)

// A meter measures a run over the span from its opening to its closing.
// Requests count when they arrive in the span, launches and ends when they
// happen in it; instance-seconds are clipped to it.
type meter struct {
	open, closed bool
	opening      policy.Time // requests that arrive before it do not count
	origin       policy.Time // of the integrals
	// usage is by class of price and memory: most fleets have one.
	usage   []usage
	classOf []uint32 // by pool, and spot instances' by number of pools + pool
	pools   uint32

	outcomes     [3]int64
	immediate    int64 // requests that did not wait at all
	waits        *hdrhistogram.Histogram
	waitSum      [2]uint64 // ns, 128 bits: high, low
	waitMax      int64
	launches     int64
	terminations int64
	failures     int64 // of launches
	census       census
	// Of spot: instances that were taken back, requests that were interrupted
	// by it, and what had been done of them, ns.
	interruptions, requeued int64
	lost                    integral
}

// usage is what the instances of one price and memory did.
type usage struct {
	// What is neither launching nor serving is idle.
	living, launching, serving integral
	wasted                     integral // launching time of instances that never served
	rounding                   integral // what billing adds
	price                      float64  // $/h
	stopped                    integral
	storage                    float64   // $/h
	spot                       *spotCost // nil: a constant price
	memory                     float64   // of an idle instance, as a share
	billing                    Billing
}

// maxWait is the longest wait that the histogram tells apart; the exact
// maximum is kept beside it.
const maxWait = int64(366 * 24 * time.Hour)

func newMeter(f *Fleet, start, opening policy.Time) *meter {
	m := &meter{
		opening: opening, origin: start,
		waits: newWaits(),
	}
	type terms struct {
		price   float64
		memory  float64
		billing Billing
		storage float64
	}
	classes := map[terms]uint32{}
	for _, k := range f.Categories {
		memory := k.Memory
		if memory == 0 {
			memory = 1
		}
		key := terms{price: k.Price, memory: memory, billing: k.Billing}
		if k.Stopped != nil {
			key.storage = k.Stopped.Price
		}
		class, ok := classes[key]
		if !ok {
			class = uint32(len(m.usage))
			classes[key] = class
			m.usage = append(m.usage, usage{price: k.Price, memory: memory, billing: k.Billing, storage: key.storage})
		}
		m.classOf = append(m.classOf, class)
	}
	m.pools = uint32(len(f.Categories))
	for _, k := range f.Categories {
		class := uint32(0)
		if k.Spot != nil {
			class = uint32(len(m.usage))
			m.usage = append(m.usage, usage{price: k.Spot.Price, memory: 1, billing: k.Billing, spot: newSpotCost(k)})
		}
		m.classOf = append(m.classOf, class)
	}
	return m
}

// moveOrigin folds the integrals at t.
func (m *meter) moveOrigin(t policy.Time) {
	for i := range m.usage {
		u := &m.usage[i]
		u.launching.fold(t - m.origin)
		u.living.fold(t - m.origin)
		u.serving.fold(t - m.origin)
		u.stopped.fold(t - m.origin)
	}
	m.origin = t
}

// begin opens the measured span at t: all that was measured before is
// forgotten.
func (m *meter) begin(t policy.Time) {
	m.moveOrigin(t)
	for i := range m.usage {
		u := &m.usage[i]
		u.living.reset()
		u.launching.reset()
		u.serving.reset()
		u.wasted.reset()
		u.stopped.reset()
		u.rounding.reset()
		if u.spot != nil {
			u.spot.begin(t)
		}
	}
	m.open = true
	m.launches, m.terminations, m.failures = 0, 0, 0
	m.census.begin(t)
	m.interruptions, m.requeued = 0, 0
	m.lost.reset()
}

// end closes the measured span at t.
func (m *meter) end(t policy.Time) {
	m.moveOrigin(t)
	m.closed = true
	m.census.end()
	for i := range m.usage {
		if s := m.usage[i].spot; s != nil {
			s.settle(t)
		}
	}
}

// of is the usage of an instance's price class.
func (m *meter) of(s *slot) *usage {
	if len(m.usage) == 1 {
		return &m.usage[0]
	}
	return &m.usage[m.classOf[uint32(s.on)*m.pools+s.pool]]
}

func (m *meter) launched(t policy.Time, s *slot) {
	u := m.of(s)
	u.living.add(t - m.origin)
	u.launching.add(t - m.origin)
	m.census.change(t, 1)
	if !m.closed {
		m.launches++
	}
}

// refused counts an order that the provider refuses.
func (m *meter) refused() {
	if !m.closed {
		m.launches++
		m.failures++
	}
}

// moved counts an idle instance for another pool from t on.
func (m *meter) moved(t policy.Time, s *slot, to uint32) {
	m.of(s).living.remove(t - m.origin)
	s.pool = to
	m.of(s).living.add(t - m.origin)
}

func (m *meter) warmed(t policy.Time, s *slot) { m.of(s).launching.remove(t - m.origin) }

func (m *meter) promoted(t policy.Time, s *slot) { m.of(s).serving.add(t - m.origin) }

func (m *meter) released(t policy.Time, s *slot) { m.of(s).serving.remove(t - m.origin) }

// charges is what an instance on spot pays into, beside what all do.
func (m *meter) charges(s *slot) *spotCost { return m.of(s).spot }

// stop and resume count an instance that is stopped in between.
func (m *meter) stop(t policy.Time, s *slot) {
	u := m.of(s)
	u.living.remove(t - m.origin)
	u.stopped.add(t - m.origin)
}

func (m *meter) resume(t policy.Time, s *slot) {
	u := m.of(s)
	u.stopped.remove(t - m.origin)
	u.living.add(t - m.origin)
	u.launching.add(t - m.origin)
}

// noticed counts an instance that the provider takes back.
func (m *meter) noticed() {
	if !m.closed {
		m.interruptions++
	}
}

// interrupted counts a request whose instance was taken after work of ns.
func (m *meter) interrupted(t policy.Time, s *slot, work int64) {
	m.released(t, s)
	m.charges(s).released(t)
	m.charges(s).gone(t)
	m.gone(t, s)
	if !m.closed {
		m.requeued++
		m.lost.put(work)
	}
}

// ended counts the end of an instance that does not serve.
func (m *meter) ended(t policy.Time, s *slot) {
	if s.on == policy.Spot {
		if s.phase == phaseLaunching { // reclaimed
			m.warmed(t, s)
			m.charges(s).warmed(t)
			s.time = t
		}
		m.charges(s).gone(t)
	}
	m.gone(t, s)
	if !m.closed {
		m.terminations++
	}
}

// failed counts the failure of a launch.
func (m *meter) failed(t policy.Time, s *slot) {
	m.warmed(t, s)
	m.gone(t, s)
	if !m.closed {
		m.failures++
	}
}

// gone takes an instance off the books. The time in the slot of one that never
// served is the end of its launch.
func (m *meter) gone(t policy.Time, s *slot) {
	u := m.of(s)
	if s.phase == phaseStopped {
		u.stopped.remove(t - m.origin)
	} else {
		u.living.remove(t - m.origin)
	}
	m.census.change(t, -1)
	if m.closed {
		return
	}
	if !s.served {
		u.wasted.put(max(s.time-max(s.ordered, m.opening), 0))
	}
	if u.billing != (Billing{}) {
		u.rounding.put(u.billing.billed(t-s.ordered) - (t - s.ordered))
	}
}

// billed is what a life of span ns is billed as.
func (b Billing) billed(span int64) int64 {
	span = max(span, int64(b.Minimum))
	if g := int64(b.Granularity); g > 0 {
		span = (span + g - 1) / g * g
	}
	return span
}

// waited counts a request that arrived in the measured span.
func (m *meter) waited(o policy.Outcome, wait int64) {
	m.outcomes[o]++
	if wait == 0 {
		m.immediate++
		return
	}
	var carry uint64
	m.waitSum[1], carry = bits.Add64(m.waitSum[1], uint64(wait), 0)
	m.waitSum[0] += carry
	m.waitMax = max(m.waitMax, wait)
	m.waits.RecordValue(min(wait, maxWait)) //nolint:errcheck // within the bounds it was made with
}

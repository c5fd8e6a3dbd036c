package sim

import (
	"errors"
	"slices"
)

// A Tally is what a run, or the part of one, has counted, in whole numbers: the
// tallies of a run's parts add up to that of the run, in any order, to the last
// digit of its Result.
type Tally struct {
	// Arrived are the requests that were replayed, measured or not.
	Arrived int64 `json:"arrived"`
	// Span is the length of the measured span, ns.
	Span int64 `json:"span_ns"`
	// Outcomes are of measured requests: hits, partial hits, misses.
	Outcomes       [3]int64     `json:"outcomes"`
	Waits          WaitTally    `json:"waits"`
	Launches       int64        `json:"launches"`
	Terminations   int64        `json:"terminations"`
	FailedLaunches int64        `json:"failed_launches"`
	Interruptions  int64        `json:"interruptions"`
	Requeued       int64        `json:"requeued"`
	Lost           InstanceTime `json:"lost_s"`
	Usage          []Usage      `json:"usage"`
	Prepared       *Prepared    `json:"prepared,omitempty"`
	Shortfall      *ShortTally  `json:"shortfall,omitempty"`
	// Peak is the most instances at one time. Of a part, Instances are how their
	// number changed, from which the peak of several follows.
	Peak      int64     `json:"peak"`
	Instances []Changes `json:"instances,omitempty"`

	timeline []Sample // nil: no pictures were asked for
}

// Usage is what the instances of one price and memory did.
type Usage struct {
	Price     float64      `json:"price"`   // $/h
	Storage   float64      `json:"storage"` // $/h of a stopped instance
	Memory    float64      `json:"memory"`  // of an idle one, as a share
	Living    InstanceTime `json:"living_s"`
	Launching InstanceTime `json:"launching_s"`
	Serving   InstanceTime `json:"serving_s"`
	Wasted    InstanceTime `json:"wasted_s"` // launching of instances that never served
	Rounding  InstanceTime `json:"rounding_s"`
	Stopped   InstanceTime `json:"stopped_s"`
	Spot      *SpotPaid    `json:"spot,omitempty"`
}

// total is what a usage came to at the last fold.
func (u *usage) total() Usage {
	t := Usage{
		Price: u.price, Storage: u.storage, Memory: u.memory,
		Living: u.living.time(), Launching: u.launching.time(), Serving: u.serving.time(),
		Wasted: u.wasted.time(), Rounding: u.rounding.time(), Stopped: u.stopped.time(),
	}
	if u.spot != nil {
		paid := u.spot.at
		t.Spot = &paid
	}
	return t
}

// idle is what the instances were neither launching nor serving, in whole ones.
func (u *Usage) idle() InstanceTime {
	return u.Living.Minus(u.Launching).Minus(u.Serving).Times(u.Memory)
}

func (u *Usage) add(o *Usage) {
	u.Living, u.Launching, u.Serving = u.Living.Plus(o.Living), u.Launching.Plus(o.Launching), u.Serving.Plus(o.Serving)
	u.Wasted, u.Rounding, u.Stopped = u.Wasted.Plus(o.Wasted), u.Rounding.Plus(o.Rounding), u.Stopped.Plus(o.Stopped)
	if u.Spot != nil {
		u.Spot = &SpotPaid{u.Spot.Launching + o.Spot.Launching, u.Spot.Idle + o.Spot.Idle, u.Spot.Serving + o.Spot.Serving}
	}
}

// tally is what the meter has counted.
func (m *meter) tally() *Tally {
	t := &Tally{
		Outcomes: m.outcomes, Waits: WaitTally{None: m.immediate, Sum: m.waitSum, Max: m.waitMax, Counts: countsOf(m.waits)},
		Launches: m.launches, Terminations: m.terminations, FailedLaunches: m.failures,
		Interruptions: m.interruptions, Requeued: m.requeued, Lost: m.lost.time(), Peak: m.census.peak,
	}
	for i := range m.usage {
		t.Usage = append(t.Usage, m.usage[i].total())
	}
	if m.census.keeps {
		t.Instances = []Changes{m.census.changes}
	}
	return t
}

func (r *replay) tally() *Tally {
	t := r.m.tally()
	t.Arrived, t.Span = r.arrived, r.sum.Last-r.opt.MeasureFrom
	if r.preps != nil {
		t.Prepared = &r.preps.came
	}
	if r.short != nil {
		t.Shortfall = r.short.tally(r.fleet, r.sum.Strings.Tenant)
	}
	if r.line != nil {
		t.timeline = append([]Sample{}, r.line.samples...) // not nil, also of the oracle
	}
	return t
}

// Merge adds the tallies of a run's parts up, once each. They are errors
// that they are not of one run, or damaged.
func Merge(parts []*Tally) (*Tally, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is no part")
	}
	sum := *parts[0]
	sum.Usage = slices.Clone(sum.Usage)
	waits := sum.Waits.histogram()
	for _, p := range parts[1:] {
		if err := sum.add(p); err != nil {
			return nil, err
		}
		waits.Merge(p.Waits.histogram())
	}
	sum.Waits.Counts = countsOf(waits)
	var err error
	if sum.Peak, err = peakOf(sum.Instances); err != nil {
		return nil, err
	}
	return &sum, nil
}

var errOther = errors.New("the parts are not of one run")

// add adds all but the histogram of waits and the peak.
func (t *Tally) add(o *Tally) error {
	if t.Span != o.Span || len(t.Usage) != len(o.Usage) || (t.Prepared == nil) != (o.Prepared == nil) ||
		(t.Shortfall == nil) != (o.Shortfall == nil) || len(t.timeline) != len(o.timeline) {
		return errOther
	}
	t.Arrived += o.Arrived
	for i, n := range o.Outcomes {
		t.Outcomes[i] += n
	}
	t.Waits.add(&o.Waits)
	t.Launches += o.Launches
	t.Terminations += o.Terminations
	t.FailedLaunches += o.FailedLaunches
	t.Interruptions += o.Interruptions
	t.Requeued += o.Requeued
	t.Lost = t.Lost.Plus(o.Lost)
	for i := range t.Usage {
		u, v := &t.Usage[i], &o.Usage[i]
		if u.Price != v.Price || u.Storage != v.Storage || u.Memory != v.Memory || (u.Spot == nil) != (v.Spot == nil) {
			return errOther
		}
		u.add(v)
	}
	if t.Prepared != nil {
		t.Prepared = t.Prepared.plus(o.Prepared)
	}
	if t.Shortfall != nil {
		t.Shortfall = t.Shortfall.plus(o.Shortfall)
	}
	t.Instances = slices.Concat(t.Instances, o.Instances)
	return t.addTimeline(o)
}

func (t *Tally) addTimeline(o *Tally) error {
	line := slices.Clone(t.timeline)
	for i, s := range o.timeline {
		if s.Time != line[i].Time {
			return errOther
		}
		line[i].Launching += s.Launching
		line[i].Idle += s.Idle
		line[i].Serving += s.Serving
	}
	t.timeline = line
	return nil
}

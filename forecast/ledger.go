package forecast

// A ledger keeps forecasts until their outcomes are known, for every horizon
// that was asked for; T is what is learned at one horizon.
type ledger[T any] struct {
	last, seen float64 // the last observation and the arrivals up to it
	width      int     // forecasts of an entry
	horizons   []*horizon[T]
}

// A horizon is one span that forecasts are asked for.
type horizon[T any] struct {
	from, to  float64 // seconds after the observation
	made      float64 // when the newest entry was made
	entries   []entry
	forecasts []NegBinomial // of the entries, width each
	learned   T
}

// An entry waits for the count of the span (start, end].
type entry struct {
	start, end float64
	before     float64 // arrivals up to start, once begun
	begun      bool
	weight     float64 // below one where entries overlap
}

const (
	// mostHorizons bounds the state; the one asked for first is forgotten.
	mostHorizons = 8
	// overlap is how many entries may cover an instant.
	overlap = 4
)

func newLedger[T any](start float64, width int) ledger[T] {
	return ledger[T]{last: start, width: width}
}

// at is the horizon of a span, which is new to the ledger at first.
func (l *ledger[T]) at(from, to float64) (h *horizon[T], known bool) {
	for _, h := range l.horizons {
		if h.from == from && h.to == to {
			return h, true
		}
	}
	if len(l.horizons) == mostHorizons {
		l.horizons = l.horizons[:copy(l.horizons, l.horizons[1:])]
	}
	h = &horizon[T]{from: from, to: to, made: l.last - to}
	l.horizons = append(l.horizons, h)
	return h, false
}

// observe takes n arrivals up to t and hands out the entries that end by then;
// where a span begins or ends between two observations the arrivals count in
// proportion.
func (l *ledger[T]) observe(t, n float64, settle func(h *horizon[T], forecasts []NegBinomial, count, weight float64)) {
	upTo := func(at float64) float64 {
		if t <= l.last {
			return l.seen + n
		}
		return l.seen + float64(n*((at-l.last)/(t-l.last)))
	}
	for _, h := range l.horizons {
		known := 0
		for i := range h.entries {
			b := &h.entries[i]
			if b.start > t {
				break
			}
			if !b.begun {
				b.begun, b.before = true, upTo(b.start)
			}
			if b.end <= t {
				settle(h, h.forecasts[i*l.width:(i+1)*l.width], max(upTo(b.end)-b.before, 0), b.weight)
				known++
			}
		}
		if known > 0 {
			h.entries = h.entries[:copy(h.entries, h.entries[known:])]
			h.forecasts = h.forecasts[:copy(h.forecasts, h.forecasts[known*l.width:])]
		}
	}
	l.last, l.seen = t, l.seen+n
}

// due says whether an entry is to be made now.
func (l *ledger[T]) due(h *horizon[T]) bool {
	return l.last-h.made >= float64((h.to-h.from)/overlap)
}

// remember makes an entry of forecasts made now.
func (l *ledger[T]) remember(h *horizon[T], forecasts ...NegBinomial) {
	h.entries = append(h.entries, entry{
		start: l.last + h.from, end: l.last + h.to,
		before: l.seen, begun: h.from == 0,
		weight: min((l.last-h.made)/(h.to-h.from), 1),
	})
	h.made = l.last
	h.forecasts = append(h.forecasts, forecasts...)
}

package sim

import "shadowpool/policy"

// A Sample is the state of all pools at one instant.
type Sample struct {
	Time                     policy.Time
	Launching, Idle, Serving int64
}

// timeline takes samples at equal steps over the measured span.
type timeline struct {
	from, step policy.Time
	next       policy.Time
	samples    []Sample
	most       int
}

func newTimeline(from, last policy.Time, count int) *timeline {
	step := max((last-from)/int64(count), 1)
	return &timeline{from: from, step: step, next: from, most: count}
}

// sample records the counts for the instants that are due up to t: nothing
// has changed since the event before.
func (l *timeline) sample(t policy.Time, m *meter) {
	for l.next <= t && len(l.samples) < l.most {
		s := Sample{Time: l.next}
		for i := range m.usage {
			u := &m.usage[i]
			s.Launching += u.launching.count
			s.Idle += u.living.count - u.launching.count - u.serving.count
			s.Serving += u.serving.count
		}
		l.samples = append(l.samples, s)
		l.next += l.step
	}
	if len(l.samples) == l.most {
		l.next = policy.Never
	}
}

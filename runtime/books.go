package runtime

import (
	"time"

	"shadowpool/policy"
)

// books are what the instances of a category have used.
type books struct {
	launch, warmUp recent

	seen     bool      // whether there was a look
	memory   [3]figure // by state, at the latest look
	latest   sight     // the latest in which there were shadows
	latestAt policy.Time
	// Memory of an idle instance, and of one that serves, over many looks.
	idle, whole average

	told             bool // whether any CPU time is known
	cpu              time.Duration
	ended, unclaimed int64 // of the instances that were warm
	unclaimedCPU     time.Duration
}

// A sight is what a look has found of a category.
type sight struct {
	memory                          [3]figure // by state
	shadows                         int       // that were idle at that time; what follows is theirs
	resident, cached, read, written figure
	// cpu is what those have used since the look before that were idle all the
	// time, and during the sum of these times.
	cpu, during time.Duration
	whole       figure // memory of those that served at that time
}

// A figure is the sum of what several instances use.
type figure struct {
	sum, most, count int64
	unknown          bool // of one of them at least
}

func (f *figure) add(v int64) {
	if v < 0 {
		f.unknown = true
		return
	}
	f.sum, f.most, f.count = f.sum+v, max(f.most, v), f.count+1
}

// An average is the mean by look, in which old ones fade.
type average struct {
	mean  float64
	looks int
}

// mostLooks is how many looks count: some hours of them, so that a new release
// of what instances run is soon known.
const mostLooks = 1000

func (a *average) add(f *figure) {
	if f.count > 0 {
		a.looks = min(a.looks+1, mostLooks)
		a.mean += (float64(f.sum)/float64(f.count) - a.mean) / float64(a.looks)
	}
}

// enter enters a look at t.
func (b *books) enter(t policy.Time, s *sight) {
	b.seen, b.memory = true, s.memory
	b.idle.add(&s.resident)
	b.whole.add(&s.whole)
	if s.shadows > 0 {
		b.latest, b.latestAt = *s, t
	}
}

// see enters what an instance used at t.
func (h *Host) see(t policy.Time, m *member, u Usage, s *sight) {
	state := m.state()
	told, before := m.told, m.cpu
	h.spend(m, u.CPU)
	s.memory[state].add(u.Memory)
	// What it was doing at t is known only if it has done nothing else since.
	if m.since > t {
		m.seen = 0
		return
	}
	switch state {
	case idle:
		s.shadows++
		s.resident.add(u.Memory)
		s.cached.add(u.Cached)
		s.read.add(u.Read)
		s.written.add(u.Written)
		if m.seen > 0 && m.since <= m.seen && told { // idle all the time
			s.cpu += m.cpu - before
			s.during += time.Duration(t - m.seen)
		}
	case serving:
		s.whole.add(u.Memory)
	}
	m.seen = t
}

// stages enters how long the stages of a launch took.
func (h *Host) stages(pool policy.PoolID, i Instance) {
	b, category := &h.books[pool], h.opt.Fleet.Categories[pool].Name
	if i.Launch > 0 {
		b.launch.add(i.Launch)
		h.metrics.stages.WithLabelValues(category, "launch").Observe(i.Launch.Seconds())
	}
	if i.WarmUp > 0 {
		b.warmUp.add(i.WarmUp)
		h.metrics.stages.WithLabelValues(category, "warm_up").Observe(i.WarmUp.Seconds())
	}
}

// spend enters the CPU time that an instance has used so far.
func (h *Host) spend(m *member, cpu time.Duration) {
	if cpu < 0 {
		return
	}
	b := &h.books[m.pool]
	m.told, b.told = true, true
	// It may be less than before: see Usage.
	if more := cpu - m.cpu; more > 0 {
		m.cpu = cpu
		b.cpu += more
		h.metrics.cpu.WithLabelValues(h.opt.Fleet.Categories[m.pool].Name).Add(more.Seconds())
	}
}

// ended closes the books of an instance that was warm and is gone. cpu is all
// that it has used.
func (h *Host) ended(m *member, cpu time.Duration) {
	h.spend(m, cpu)
	b, category := &h.books[m.pool], h.opt.Fleet.Categories[m.pool].Name
	b.ended++
	if m.claimed {
		h.metrics.ended.WithLabelValues(category, "yes").Inc()
		return
	}
	h.metrics.ended.WithLabelValues(category, "no").Inc()
	b.unclaimed++
	if m.told {
		b.unclaimedCPU += m.cpu
		h.metrics.unclaimedCPU.WithLabelValues(category).Add(m.cpu.Seconds())
	}
}

// tell adds to a pool's status what its instances have used.
func (b *books) tell(p *PoolStatus) {
	p.Launch, p.WarmUp = b.launch.tell(), b.warmUp.tell()
	p.Ended, p.Unclaimed = b.ended, b.unclaimed
	if b.told {
		p.CPUS, p.UnclaimedCPUS = new(b.cpu.Seconds()), new(b.unclaimedCPU.Seconds())
	}
	if b.seen {
		p.MemoryBytes = &StateBytes{b.memory[launching].total(), b.memory[idle].total(), b.memory[serving].total()}
	}
	if b.idle.looks > 0 && b.whole.mean > 0 {
		p.MemoryShare = new(min(b.idle.mean/b.whole.mean, 1))
	}
	s := &b.latest
	if s.shadows == 0 {
		return
	}
	p.Shadows = &ShadowUsage{
		At: time.Unix(0, b.latestAt).UTC(), Count: s.shadows,
		MemoryMeanBytes: s.resident.mean(), CachedMeanBytes: s.cached.mean(),
		ReadMeanBytes: s.read.mean(), WrittenMeanBytes: s.written.mean(),
	}
	if s.resident.count > 0 {
		p.Shadows.MemoryMaxBytes = new(s.resident.most)
	}
	if s.during > 0 {
		p.Shadows.CPUShare = new(s.cpu.Seconds() / s.during.Seconds())
	}
}

// total is nil if it is not known of all.
func (f *figure) total() *int64 {
	if f.unknown {
		return nil
	}
	return new(f.sum)
}

// mean is of those of which it is known; nil if it is of none.
func (f *figure) mean() *int64 {
	if f.count == 0 {
		return nil
	}
	return new(f.sum / f.count)
}

package policy

// bestTargets is a heap of an assortment's targets by what an instance more for
// them saves. It is made anew when it is stale and asked for; between forecasts
// only what is held changes, which moves few targets.
type bestTargets struct {
	stale bool
	order []bestTarget // the heap
	place []int32      // of each target in order
	last  []float64    // by target, what the last of the instances for it saves
	// of are the targets of each key, by stage.
	of [MaxStages][][]int32
}

// bestTarget is a target, and what the next instance for it would save.
type bestTarget struct {
	next   float64
	target int32
}

// before orders the heap: what saves most, then what was known first.
func (x bestTarget) before(y bestTarget) bool {
	return x.next > y.next || x.next == y.next && x.target < y.target
}

// gains are what the next instance for a target would save, and what the last
// of those that there are does, in weights of stages a lead time.
type gains struct{ next, last float64 }

// fewTargets: a key of more targets than this share of all makes the heap stale.
const fewTargets = 0.125

// next is the target for which an instance more saves most, and what it saves.
func (m *assortment) next() (to Target, gain float64) {
	if m.best.stale {
		m.build()
	}
	if b := &m.best; len(b.order) > 0 && b.order[0].next > 0 {
		return m.Targets[b.order[0].target].Target, b.order[0].next
	}
	return Target{}, 0
}

// worth is what the last of the instances prepared for a target saves.
func (m *assortment) worth(is Target) float64 {
	if m.best.stale {
		m.build()
	}
	i, ok := m.row(is)
	if !ok {
		return 0
	}
	return m.best.last[i]
}

// changed is told that what is held or wanted of a stage's key is another.
func (m *assortment) changed(stage int, key int32) {
	b := &m.best
	if b.stale {
		return
	}
	if int(key) >= len(b.of[stage]) {
		b.stale = true
		return
	}
	targets := b.of[stage][key]
	if float64(len(targets)) > max(fewTargets*float64(len(m.Targets)), 4) {
		b.stale = true
		return
	}
	for _, i := range targets {
		b.move(i, m.gains(&m.Targets[i]))
	}
}

// build makes the heap of all targets.
func (m *assortment) build() {
	b := &m.best
	b.stale = false
	b.order, b.place, b.last = b.order[:0], b.place[:0], b.last[:0]
	for j := range m.Stages {
		of := b.of[j]
		for len(of) < len(m.Stages[j].Keys) {
			of = append(of, nil)
		}
		for k := range of {
			of[k] = of[k][:0]
		}
		b.of[j] = of
	}
	for i := range m.Targets {
		t := &m.Targets[i]
		g := m.gains(t)
		b.order, b.place = append(b.order, bestTarget{g.next, int32(i)}), append(b.place, int32(i))
		b.last = append(b.last, g.last)
		for j, key := range t.Keys {
			if key >= 0 {
				b.of[j][key] = append(b.of[j][key], int32(i))
			}
		}
	}
	for i := len(b.order)/2 - 1; i >= 0; i-- {
		b.sink(i, b.order[i])
	}
}

// move gives a target other gains.
func (b *bestTargets) move(target int32, g gains) {
	b.last[target] = g.last
	i, t := int(b.place[target]), bestTarget{g.next, target}
	if was := b.order[i].next; g.next < was {
		b.sink(i, t)
	} else if g.next > was {
		b.rise(i, t)
	}
}

// rise and sink put a target where it belongs, from a place on.
func (b *bestTargets) rise(i int, t bestTarget) {
	for i > 0 && t.before(b.order[(i-1)/2]) {
		b.put(i, b.order[(i-1)/2])
		i = (i - 1) / 2
	}
	b.put(i, t)
}

func (b *bestTargets) sink(i int, t bestTarget) {
	order := b.order
	for {
		first := 2*i + 1
		if first >= len(order) {
			break
		}
		if second := first + 1; second < len(order) && order[second].before(order[first]) {
			first = second
		}
		if !order[first].before(t) {
			break
		}
		b.put(i, order[first])
		i = first
	}
	b.put(i, t)
}

func (b *bestTargets) put(i int, t bestTarget) {
	b.order[i], b.place[t.target] = t, int32(i)
}

package policy

// bestTargets is a heap of an assortment's targets by what an instance more for
// them saves. It is made anew when it is stale and asked for; between forecasts
// only what is held changes, which moves few targets.
type bestTargets struct {
	stale bool
	gains []gains // by target
	order []int32 // the heap
	place []int32 // of each target in order
	// of are the targets of each key, by stage.
	of [MaxStages][][]int32
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
	if b := &m.best; len(b.order) > 0 && b.gains[b.order[0]].next > 0 {
		return m.Targets[b.order[0]].Target, b.gains[b.order[0]].next
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
	return m.best.gains[i].last
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
		b.gains[i] = m.gains(&m.Targets[i])
		b.rise(b.place[i])
		b.sink(b.place[i])
	}
}

// build makes the heap of all targets.
func (m *assortment) build() {
	b := &m.best
	b.stale = false
	b.gains, b.order, b.place = b.gains[:0], b.order[:0], b.place[:0]
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
		b.gains = append(b.gains, m.gains(t))
		b.order, b.place = append(b.order, int32(i)), append(b.place, int32(i))
		for j, key := range t.Keys {
			if key >= 0 {
				b.of[j][key] = append(b.of[j][key], int32(i))
			}
		}
	}
	for i := int32(len(b.order))/2 - 1; i >= 0; i-- {
		b.sink(i)
	}
}

// before orders the heap: what saves most, then what was known first.
func (b *bestTargets) before(x, y int32) bool {
	return b.gains[x].next > b.gains[y].next || b.gains[x].next == b.gains[y].next && x < y
}

func (b *bestTargets) swap(i, j int32) {
	b.order[i], b.order[j] = b.order[j], b.order[i]
	b.place[b.order[i]], b.place[b.order[j]] = i, j
}

func (b *bestTargets) rise(i int32) {
	for i > 0 && b.before(b.order[i], b.order[(i-1)/2]) {
		b.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (b *bestTargets) sink(i int32) {
	for {
		first := 2*i + 1
		if first >= int32(len(b.order)) {
			return
		}
		if second := first + 1; second < int32(len(b.order)) && b.before(b.order[second], b.order[first]) {
			first = second
		}
		if !b.before(b.order[first], b.order[i]) {
			return
		}
		b.swap(i, first)
		i = first
	}
}

package trace

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Trace draws the single requests.
func (tr *Truth) Trace() *Trace {
	d := drawer{tr: tr, tenants: newZipf(max(1, tr.workload.Tenants), 0.8)}
	d.reserve()
	for i := range tr.tasks {
		d.task(uint16(i+1), &tr.tasks[i])
	}
	slices.SortFunc(d.order, func(a, b arrival) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Compare(a.row, b.row)
	})
	out := &Trace{Name: tr.workload.Name, Strings: tr.strings}
	out.Arrival = make([]int64, len(d.order))
	for i, o := range d.order {
		out.Arrival[i] = o.at
	}
	out.Duration = gather(d.order, d.duration)
	out.Category = gather(d.order, d.category)
	out.TaskType = gather(d.order, d.taskType)
	if tr.strings.Tenant != nil {
		out.Tenant = gather(d.order, d.tenant)
	}
	if tr.strings.Dataset != nil {
		out.Dataset = gather(d.order, d.dataset)
	}
	if d.noticed {
		out.Announced = make([]int64, len(d.order))
		for i, o := range d.order {
			out.Announced[i] = NoTime
			if ahead := d.ahead[o.row]; ahead != NoTime {
				out.Announced[i] = o.at - ahead
			}
		}
	}
	return out
}

func gather[T any](order []arrival, column []T) []T {
	out := make([]T, len(order))
	for i, o := range order {
		out[i] = column[o.row]
	}
	return out
}

type arrival struct {
	at  int64
	row uint32
}

// A drawer collects rows in the order in which they are drawn.
type drawer struct {
	tr      *Truth
	tenants zipf

	order    []arrival
	duration []int64
	ahead    []int64
	category []uint32
	taskType []uint16
	tenant   []uint32
	dataset  []uint32
	noticed  bool
}

// reserve makes room for the expected rows and some more.
func (d *drawer) reserve() {
	expected := 0.0
	for i := range d.tr.tasks {
		t := &d.tr.tasks[i]
		expected += t.grid[len(t.grid)-1]
		for _, p := range t.pulses {
			expected += p.expected
		}
	}
	n := int(expected + 5*math.Sqrt(expected) + 16)
	d.order = make([]arrival, 0, n)
	d.duration, d.ahead = make([]int64, 0, n), make([]int64, 0, n)
	d.category, d.tenant, d.dataset = make([]uint32, 0, n), make([]uint32, 0, n), make([]uint32, 0, n)
	d.taskType = make([]uint16, 0, n)
}

func (d *drawer) task(number uint16, t *taskTruth) {
	tr := d.tr
	when := stream(tr.seed, t.Name+"/arrivals")
	what := stream(tr.seed, t.Name+"/categories")
	who := stream(tr.seed, t.Name+"/tenants")
	long := stream(tr.seed, t.Name+"/durations")
	told := stream(tr.seed, t.Name+"/notice")

	add := func(at int64, category, tenant, dataset uint32) {
		at -= (at - tr.start) % int64(time.Microsecond)
		d.order = append(d.order, arrival{at, uint32(len(d.order))})
		d.duration = append(d.duration, t.Duration.Draw(long))
		d.category = append(d.category, category)
		d.taskType = append(d.taskType, number)
		d.tenant = append(d.tenant, tenant)
		d.dataset = append(d.dataset, dataset)
		ahead := NoTime
		if t.Notice != nil && told.Float64() < t.Notice.Share {
			ahead = t.Notice.Ahead.Draw(told)
			d.noticed = true
		}
		d.ahead = append(d.ahead, ahead)
	}

	poisson(when, t.grid, 1, tr.start, tr.end, func(at int64) {
		tenant := d.drawTenant(who)
		add(at, t.first+uint32(t.shares.draw(what)), tenant, t.datasetOf(uint64(tenant), favourite(who)))
	})
	inBursts := stream(tr.seed, t.Name+"/bursts")
	byTimers := stream(tr.seed, t.Name+"/timers")
	for _, p := range t.pulses {
		if p.timer >= 0 {
			at := p.from + byTimers.Int64N(p.to-p.from)
			if at < tr.end {
				add(at, p.category, d.labelTenant(p.label), t.datasetOf(p.label, 0))
			}
			continue
		}
		dataset := t.datasetOf(p.label, 0)
		for x := inBursts.ExpFloat64(); x < p.expected; x += inBursts.ExpFloat64() {
			at := p.from + int64(float64(p.to-p.from)*x/p.expected)
			if at < tr.end {
				add(at, p.category, d.drawTenant(who), dataset)
			}
		}
	}
}

func (d *drawer) drawTenant(r *rand.Rand) uint32 {
	if d.tr.workload.Tenants == 0 {
		return 0
	}
	return uint32(1 + d.tenants.draw(r))
}

func (d *drawer) labelTenant(label uint64) uint32 {
	if d.tr.workload.Tenants == 0 {
		return 0
	}
	return uint32(1 + label%uint64(d.tr.workload.Tenants))
}

// favourite draws which of a tenant's datasets a request reads: half the
// first one, a quarter the second, and so on.
func favourite(r *rand.Rand) uint64 {
	bits, k := r.Uint64(), uint64(0)
	for bits&1 == 1 && k < 7 {
		bits >>= 1
		k++
	}
	return k
}

// datasetOf is the k-th favourite dataset of whom the label stands for.
func (t *taskTruth) datasetOf(label, k uint64) uint32 {
	if t.Datasets == 0 {
		return 0
	}
	mixed := (label*0x9e3779b97f4a7c15 + k) * 0xbf58476d1ce4e5b9
	return t.datasets + uint32((mixed^mixed>>31)%uint64(t.Datasets))
}

package plan

import (
	"cmp"
	"slices"
	"time"
)

// A piece is what can be chosen: an item, or a part of a dataset, which needs
// the part before it.
type piece struct {
	item     int
	from, to int // thousandths of a dataset
	takes    time.Duration
	bytes    int64
	saves    float64 // expected seconds of wait of a request
	needs    []int   // pieces
	done     bool
}

// A choice is a set of pieces within a budget, by the order in which they were
// chosen.
type choice struct {
	items  []Item
	pieces []piece // cut where only a part had room
	chosen []int
	in     []bool
	cut    []bool // chosen in part only: what needs it is impossible
	left   Budget
	saves  float64

	// A closure is a piece with what it needs and is not in.
	closure []int
	mark    []int
	round   int
}

// divide makes pieces of items, as far as they are possible for a tenant; done
// are the thousandths of each that are done.
func divide(items []Item, tenant string, done []int) []piece {
	var all []piece
	last := make([]int, len(items)) // the piece with which an item is complete; -1 is impossible
	for _, i := range byNeed(items) {
		it := &items[i]
		last[i] = -1
		needs, possible := make([]int, 0, len(it.Needs)+1), it.Tenant == "" || it.Tenant == tenant
		for _, n := range it.Needs {
			possible = possible && last[n] >= 0
			needs = append(needs, last[n])
		}
		if !possible {
			continue
		}
		if it.Kind != Prefetch {
			last[i] = len(all)
			all = append(all, piece{
				item: i, to: wholeDataset, takes: it.Takes, bytes: it.Bytes,
				saves: float64(it.Share * it.Saves.Seconds()), needs: needs, done: done[i] > 0,
			})
			continue
		}
		from := 0
		for _, to := range it.edges(done[i]) {
			p := piece{item: i, from: from, to: to, needs: needs, done: to <= done[i]}
			it.price(&p)
			last[i] = len(all)
			all = append(all, p)
			from, needs = to, []int{last[i]}
		}
	}
	return all
}

// price sets what a piece of a dataset takes and saves.
func (it *Item) price(p *piece) {
	t0, b0 := it.cost(p.from)
	t1, b1 := it.cost(p.to)
	p.takes, p.bytes = t1-t0, b1-b0
	p.saves = float64(it.Share * it.Saves.Seconds() * (it.read(p.to) - it.read(p.from)))
}

// edges are where what a dataset saves bends, and how far it is done.
func (it *Item) edges(done int) []int {
	edges := []int{it.most()}
	for _, p := range it.Parts {
		edges = append(edges, thousandths(p.Read))
	}
	if done > 0 {
		edges = append(edges, done)
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// byNeed orders items so that each comes after those that it needs, and
// otherwise by kind and name: how the caller listed them makes no difference.
func byNeed(items []Item) []int {
	order := make([]int, 0, len(items))
	byName := make([]int, len(items))
	for i := range byName {
		byName[i] = i
	}
	slices.SortFunc(byName, func(a, b int) int {
		x, y := &items[a], &items[b]
		return cmp.Or(cmp.Compare(x.Kind.rank(), y.Kind.rank()), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	placed := make([]bool, len(items))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for _, n := range items[i].Needs {
			place(n)
		}
		order = append(order, i)
	}
	for _, i := range byName {
		place(i)
	}
	return order
}

func newChoice(items []Item, pieces []piece, have Budget) *choice {
	c := &choice{
		items: items, pieces: slices.Clone(pieces), left: have,
		in: make([]bool, len(pieces)), cut: make([]bool, len(pieces)), mark: make([]int, len(pieces)),
	}
	for i := range pieces {
		c.in[i] = pieces[i].done
	}
	return c
}

// gather makes c.closure that of piece i, what is needed first, and returns
// what it takes and saves, and whether it is possible.
func (c *choice) gather(i int) (takes time.Duration, bytes int64, saves float64, possible bool) {
	c.round++
	c.closure = c.closure[:0]
	if !c.follow(i) {
		return 0, 0, 0, false
	}
	for _, j := range c.closure {
		takes += c.pieces[j].takes
		bytes += c.pieces[j].bytes
		saves += c.pieces[j].saves
	}
	return takes, bytes, saves, true
}

func (c *choice) follow(i int) (possible bool) {
	if c.in[i] || c.mark[i] == c.round {
		return !c.cut[i]
	}
	c.mark[i] = c.round
	for _, n := range c.pieces[i].needs {
		if !c.follow(n) {
			return false
		}
	}
	c.closure = append(c.closure, i)
	return true
}

// A worth is how much a closure is to be preferred, by what it takes and saves.
type worth func(takes time.Duration, bytes int64, saves float64) float64

// best is the piece whose closure has the highest worth of those that have
// room, and how far it has room; -1 if there is none. Of equal ones it is the
// first.
func (c *choice) best(w worth) (best, to int) {
	best, most := -1, 0.0
	for i := range c.pieces {
		if c.in[i] {
			continue
		}
		takes, bytes, saves, possible := c.gather(i)
		if !possible {
			continue
		}
		end := c.pieces[i].to
		if takes > c.left.Time || bytes > c.left.Bytes {
			cut := c.room(i, takes, bytes)
			if cut.to-cut.from < leastCut {
				continue
			}
			takes += cut.takes - c.pieces[i].takes
			bytes += cut.bytes - c.pieces[i].bytes
			saves += cut.saves - c.pieces[i].saves
			end = cut.to
		}
		if saves <= 0 || c.grows() > MaxSteps {
			continue
		}
		if v := w(takes, bytes, saves); v > most {
			best, to, most = i, end, v
		}
	}
	return best, to
}

// grows is how many steps there can be with the closure.
func (c *choice) grows() int { return len(c.chosen) + len(c.closure) }

// leastCut is how many thousandths of a dataset are worth a step where no more
// have room.
const leastCut = 10

// room is as much of piece i of a dataset as has room, with its closure.
func (c *choice) room(i int, takes time.Duration, bytes int64) piece {
	cut := c.pieces[i]
	it := &c.items[cut.item]
	if it.Kind != Prefetch {
		cut.to = cut.from
		return cut
	}
	takes, bytes = takes-cut.takes, bytes-cut.bytes // the others'
	least, most := cut.from, cut.to
	for least < most { // the greatest that has room
		cut.to = (least + most + 1) / 2
		if it.price(&cut); takes+cut.takes <= c.left.Time && bytes+cut.bytes <= c.left.Bytes {
			least = cut.to
		} else {
			most = cut.to - 1
		}
	}
	cut.to = least
	it.price(&cut)
	return cut
}

// take chooses piece i with what it needs, up to a fraction of it.
func (c *choice) take(i, to int) {
	c.gather(i)
	if p := &c.pieces[i]; to < p.to {
		c.cut[i] = true
		p.to = to
		c.items[p.item].price(p)
	}
	for _, j := range c.closure {
		p := &c.pieces[j]
		c.in[j] = true
		c.chosen = append(c.chosen, j)
		c.left.Time -= p.takes
		c.left.Bytes -= p.bytes
		c.saves += p.saves
	}
}

// fill takes closures of the highest worth while there is room.
func (c *choice) fill(w worth) *choice {
	for {
		i, to := c.best(w)
		if i < 0 {
			return c
		}
		c.take(i, to)
	}
}

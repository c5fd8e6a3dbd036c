package plan

import (
	"fmt"
	"time"
)

// MaxItems bounds what a plan is chosen from.
const MaxItems = 1024

// maxParts bounds the parts of an item.
const maxParts = 64

// An Item is something that expected requests need and a shadow can do before
// they come.
type Item struct {
	Kind   Kind
	Name   string
	Tenant string // that alone may have it; empty: anyone
	// Share is of the expected requests of the shadow that need it, 0 to 1.
	Share float64
	// Saves is the wait that a request which needs it is spared if it is done,
	// Takes what doing it takes of the shadow's time, Bytes of its disk. Of a
	// dataset all three are of the whole.
	Saves, Takes time.Duration
	Bytes        int64
	// Parts are how much of a dataset requests read, and how likely each is; none
	// is the whole. A request reads what is prefetched first, so that of one that
	// reads r, min(f, r) of the work is saved if f was prefetched: what a
	// fraction saves is concave.
	Parts []Part
	// Needs are other items, by index, without which this cannot be done; of a
	// dataset, all that requests read of it.
	Needs []int
}

// A Part is a share of a dataset, and how likely a request that reads the
// dataset reads that much.
type Part struct{ Read, Share float64 }

// validate says what is impossible about items.
func validate(items []Item) error {
	if len(items) > MaxItems {
		return fmt.Errorf("plan: %d items to choose from, at most %d are allowed", len(items), MaxItems)
	}
	type name struct {
		Kind
		string
	}
	known := make(map[name]int, len(items))
	for i := range items {
		it := &items[i]
		if problem := it.problem(items); problem != "" {
			return fmt.Errorf("plan: item %d (%s %q): %s", i, it.Kind, it.Name, problem)
		}
		if before, twice := known[name{it.Kind, it.Name}]; twice {
			return fmt.Errorf("plan: item %d (%s %q) is item %d again; join them", i, it.Kind, it.Name, before)
		}
		known[name{it.Kind, it.Name}] = i
	}
	// Items of equal rank can need each other; those of a circle are never free.
	free, left := make([]bool, len(items)), len(items)
	for progress := true; progress; {
		progress = false
		for i := range items {
			ready := !free[i]
			for _, n := range items[i].Needs {
				ready = ready && free[n]
			}
			if ready {
				free[i], progress = true, true
				left--
			}
		}
	}
	for i := range items {
		if !free[i] {
			return fmt.Errorf("plan: item %d (%s %q) needs itself by way of others", i, items[i].Kind, items[i].Name)
		}
	}
	return nil
}

// problem is what is wrong with an item, empty if nothing is.
func (it *Item) problem(items []Item) string {
	s := Step{Kind: it.Kind, Name: it.Name, Takes: it.Takes, Bytes: it.Bytes}
	if it.Kind == Prefetch {
		s.Fraction = 1
	}
	if key, problem := s.problem(nil); problem != "" {
		return key + ": " + problem
	}
	if it.Tenant != "" {
		if problem := badName(it.Tenant); problem != "" {
			return "tenant: " + problem
		}
	}
	switch {
	case !(it.Share >= 0 && it.Share <= 1):
		return fmt.Sprintf("%v is no share of requests", it.Share)
	case it.Saves < 0 || it.Saves > maxTakes:
		return fmt.Sprintf("it saves %v, which is not between 0 and %v", it.Saves, maxTakes)
	case len(it.Parts) > 0 && it.Kind != Prefetch:
		return "only datasets have parts"
	case len(it.Parts) > maxParts:
		return fmt.Sprintf("%d parts, at most %d are allowed", len(it.Parts), maxParts)
	}
	sum := 0.0
	for _, p := range it.Parts {
		if !(p.Read > 0 && p.Read <= 1 && p.Share > 0 && p.Share <= 1) {
			return fmt.Sprintf("part %+v is no share", p)
		}
		sum += p.Share
	}
	if len(it.Parts) > 0 && !(sum > 0.999 && sum < 1.001) {
		return fmt.Sprintf("the shares of its parts add up to %v, not to 1", sum)
	}
	for _, n := range it.Needs {
		if n < 0 || n >= len(items) {
			return fmt.Sprintf("it needs item %d of %d", n, len(items))
		}
		if o := items[n].Kind; int(o) >= len(kinds) || o.rank() > it.Kind.rank() {
			return fmt.Sprintf("it needs item %d (%s), which is of a kind that comes later", n, o)
		}
	}
	return ""
}

// wholeDataset is in how many parts datasets are divided: fractions have three
// decimals, so that plans are written and compared exactly.
const wholeDataset = 1000

// read is the expected share of the dataset that is spared a request which
// reads it, if so many thousandths of it are there.
func (it *Item) read(there int) float64 {
	f := float64(there) / wholeDataset
	if len(it.Parts) == 0 {
		return f
	}
	sum := 0.0
	for _, p := range it.Parts {
		sum += float64(p.Share * min(f, p.Read))
	}
	return sum
}

// most is how many thousandths of the dataset requests read at most.
func (it *Item) most() int {
	if len(it.Parts) == 0 {
		return wholeDataset
	}
	most := 0
	for _, p := range it.Parts {
		most = max(most, thousandths(p.Read))
	}
	return most
}

// thousandths rounds a share up, but for less than a hundredth of one.
func thousandths(share float64) int {
	n := int(float64(share*wholeDataset) + 0.99)
	return min(max(n, 1), wholeDataset)
}

// cost is what the first so many thousandths take, rounded up.
func (it *Item) cost(there int) (time.Duration, int64) {
	up := func(n int64) int64 { return (n*int64(there) + wholeDataset - 1) / wholeDataset }
	return time.Duration(up(int64(it.Takes))), up(it.Bytes)
}

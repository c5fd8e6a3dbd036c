package policy

// mixRule is the priceRule of a pool whose instances are also prepared for
// targets: the best of them save seconds of stages in a lead time. Where it
// also matters that there is one at all, the k-th saves the lead time too, of
// the k-th request that comes in it. The more there are, the less one more
// saves and the longer it idles, so that the level for a price is the last
// that is worth it.
type mixRule struct {
	below   []float64 // P(D<k) by k
	span    float64   // lead times
	savings savings
	share   float64 // lead times that a second saved counts
	any     bool
}

// read takes over the demand P(D=0), P(D=1), ... over a span and what is saved
// by stages.
func (r *mixRule) read(p []float64, span float64, s savings, share float64, any bool) {
	r.below = append(r.below[:0], 0)
	sum := 0.0
	for _, q := range p {
		sum += q
		r.below = append(r.below, min(sum, 1))
	}
	r.span, r.savings, r.share, r.any = span, s, share, any
}

// pays says whether the k-th instance, which saves so many seconds of stages,
// is worth a price.
func (r *mixRule) pays(k int32, each, price float64) bool {
	below := r.below[min(int(k), len(r.below)-1)]
	gain := float64(each * r.share)
	if r.any {
		gain += 1 - below
	}
	return gain >= float64(price*float64(below*r.span))
}

// level is the level at any price.
func (r *mixRule) level(price float64) int32 {
	level, _ := r.find(price, len(r.savings))
	return level
}

// find finds the level at a price, and how many savings it takes, which are at
// most most.
func (r *mixRule) find(price float64, most int) (level int32, after int) {
	for after < most {
		if mid := (after + most) / 2; r.pays(r.savings.first(mid), r.savings[mid].each, price) {
			after = mid + 1
		} else {
			most = mid
		}
	}
	if after == 0 {
		return 0, 0
	}
	last := &r.savings[after-1]
	level = r.savings.first(after - 1)
	to := last.upTo
	if after == len(r.savings) { // beyond the demand all are alike
		to = max(level, int32(len(r.below)-1))
	}
	for level < to {
		if mid := (level + to + 1) / 2; r.pays(mid, last.each, price) {
			level = mid
		} else {
			to = mid - 1
		}
	}
	return level, after
}

// levels fills in the level of every rung; to is indexed like pricesPerLead.
func (r *mixRule) levels(to *[rungsBelow + priceRungs]int32) {
	after := len(r.savings)
	for i, price := range pricesPerLead {
		to[i], after = r.find(price, after)
	}
}

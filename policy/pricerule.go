package policy

// prices are the rungs of a ladder: what a lead time of idling costs, as a
// share of what a hit is worth. They ascend by a factor of two.
const (
	rungsBelow = mostPatience // rungs that only serve to keep instances at another's price
	priceRungs = 22
)

// pricesPerLead[i] is the price of rung i-rungsBelow.
var pricesPerLead = func() (p [rungsBelow + priceRungs]float64) {
	p[0] = 1.0 / (1 << (19 + rungsBelow))
	for i := 1; i < len(p); i++ {
		p[i] = 2 * p[i-1]
	}
	return p
}()

// priceRule sizes a pool by the value of its instances. The k-th unit of
// stock is claimed in a lead time if at least k requests come; under
// base-stock it turns over at rate (k/L) P(D=k) per second of which it idles
// the share P(D<k). The level for price c is the S that maximises the sum over
// k <= S of k P(D=k) - cL P(D<k). Where waits count and not hits, a unit saves
// waiting for as long as the demand exceeds it, and the sum is of
// P(D>=k) - cL P(D<k): the newsvendor. As a function of c these S are the
// corners of the upper hull of the points (sum of P(D<k), sum of what is
// gained), so that all prices cost one pass.
type priceRule struct {
	waits bool
	hull  []corner
}

type corner struct {
	level        int32
	idle, gained float64 // the two sums up to level
}

// read makes the hull of the demand P(D=0), P(D=1), ... over a span, in lead
// times.
func (r *priceRule) read(p []float64, span float64) {
	h := append(r.hull[:0], corner{})
	below, idle, gained := 0.0, 0.0, 0.0
	for k := 1; k < len(p); k++ {
		below += p[k-1]
		idle += float64(below * span)
		if r.waits {
			gained += max(1-below, 0)
		} else {
			gained += float64(float64(k) * p[k])
		}
		c := corner{int32(k), idle, gained}
		for len(h) >= 2 && !steeper(h[len(h)-2], h[len(h)-1], c) {
			h = h[:len(h)-1]
		}
		h = append(h, c)
	}
	r.hull = h
}

// levels fills in the level of every rung; to is indexed like pricesPerLead.
func (r *priceRule) levels(to *[rungsBelow + priceRungs]int32) {
	at := len(r.hull) - 1
	for i, price := range pricesPerLead {
		at = r.descend(at, price)
		to[i] = r.hull[at].level
	}
}

// level is the level at any price.
func (r *priceRule) level(price float64) int32 {
	return r.hull[r.descend(len(r.hull)-1, price)].level
}

// descend walks back along the hull while the last step up earns less than it
// costs.
func (r *priceRule) descend(at int, price float64) int {
	h := r.hull
	for at > 0 && h[at].gained-h[at-1].gained < float64(price*(h[at].idle-h[at-1].idle)) {
		at--
	}
	return at
}

// steeper says whether the hull bends down at b: slope(a,b) > slope(b,c).
func steeper(a, b, c corner) bool {
	return float64((b.gained-a.gained)*(c.idle-b.idle)) > float64((c.gained-b.gained)*(b.idle-a.idle))
}

package policy

// prices are the rungs of a ladder: what an idle second costs, as a share of
// what a hit is worth per lead time. Ascending by a factor of sqrt(2), so
// that half the price is two rungs down.
const (
	rungsBelow = 2 // rungs that only serve as half of another's price
	priceRungs = 46
)

// pricesPerLead[i] is rung i-rungsBelow's price times the lead time.
var pricesPerLead = func() (p [rungsBelow + priceRungs]float64) {
	const sqrt2 = 1.4142135623730951
	p[0] = 1.0 / (1 << 21)
	for i := 1; i < len(p); i++ {
		if i%2 == 0 {
			p[i] = 2 * p[i-2]
		} else {
			p[i] = float64(p[i-1] * sqrt2)
		}
	}
	return p
}()

// priceRule sizes a pool by the value of its instances. The k-th unit of
// stock is claimed in a lead time if at least k requests come; under
// base-stock it turns over at rate (k/L) P(D=k) per second of which it idles
// the share P(D<k). The level for price c is the S that maximises the sum over
// k <= S of k P(D=k) - cL P(D<k). As a function of c these S are the corners
// of the upper hull of the points (sum of P(D<k), sum of k P(D=k)), so that all
// rungs cost one pass.
type priceRule struct {
	hull []corner
}

type corner struct {
	level         int32
	idle, claimed float64 // the two sums up to level
}

// levels fills in the level of every rung, given P(D=0), P(D=1), ...; to is
// indexed like pricesPerLead.
func (r *priceRule) levels(p []float64, to *[rungsBelow + priceRungs]int32) {
	h := append(r.hull[:0], corner{})
	below, idle, claimed := 0.0, 0.0, 0.0
	for k := 1; k < len(p); k++ {
		below += p[k-1]
		idle += below
		claimed += float64(float64(k) * p[k])
		c := corner{int32(k), idle, claimed}
		for len(h) >= 2 && !steeper(h[len(h)-2], h[len(h)-1], c) {
			h = h[:len(h)-1]
		}
		h = append(h, c)
	}
	r.hull = h
	at := len(h) - 1
	for i, price := range pricesPerLead {
		// Walk back while the last step up earns less than it costs.
		for at > 0 && h[at].claimed-h[at-1].claimed < float64(price*(h[at].idle-h[at-1].idle)) {
			at--
		}
		to[i] = h[at].level
	}
}

// steeper says whether the hull bends down at b: slope(a,b) > slope(b,c).
func steeper(a, b, c corner) bool {
	return float64((b.claimed-a.claimed)*(c.idle-b.idle)) > float64((c.claimed-b.claimed)*(b.idle-a.idle))
}

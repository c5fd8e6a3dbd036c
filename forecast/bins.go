package forecast

import "math"

// bins count arrivals in equal spans of time that begin at whole multiples of
// their width since the epoch. Arrivals are spread evenly over the span in
// which they were observed.
type bins struct {
	width float64
	last  float64 // observed up to here
	index int64   // of the bin that is being filled
	count float64
	whole bool // it was observed from its beginning
}

func newBins(start, width float64) bins {
	index := wholes(start, width)
	return bins{width: width, last: start, index: index, whole: float64(float64(index)*width) == start}
}

// wholes is t in whole spans, rounded down.
func wholes(t, span float64) int64 { return int64(math.Floor(t / span)) }

// add takes n arrivals up to t; full is called for each bin that ends by then
// and was observed from its beginning.
func (b *bins) add(t, n float64, full func(index int64, count float64)) {
	for {
		end := float64(float64(b.index+1) * b.width)
		if end > t {
			b.count += n
			b.last = max(b.last, t)
			return
		}
		part := n
		if t > end {
			part = float64(n * ((end - b.last) / (t - b.last)))
		}
		n -= part
		if b.whole {
			full(b.index, b.count+part)
		}
		b.index++
		b.count, b.whole, b.last = 0, true, end
	}
}

// over adds up, for the bins that the span from..to after the last observation
// touches, the count that expected gives for a whole bin, in proportion.
func (b *bins) over(from, to float64, expected func(index int64) float64) float64 {
	start, end := b.last+from, b.last+to
	sum := 0.0
	for i := wholes(start, b.width); ; i++ {
		left, right := float64(float64(i)*b.width), float64(float64(i+1)*b.width)
		if left >= end {
			return sum
		}
		share := (min(right, end) - max(left, start)) / b.width
		sum += float64(share * expected(i))
	}
}

// middle is the instant in the middle of a bin.
func (b *bins) middle(index int64) float64 { return float64((float64(index) + 0.5) * b.width) }

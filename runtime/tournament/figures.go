package tournament

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"shadowpool/policy"
)

// Figures are what a policy came to in some time. A request counts when it is
// served, instance time when it passes, the launching of an instance that never
// served when it ends.
type Figures struct {
	Requests    int64   `json:"requests"` // that were served
	Hits        int64   `json:"hits"`
	PartialHits int64   `json:"partial_hits"`
	Misses      int64   `json:"misses"`
	Withdrawn   int64   `json:"withdrawn"`
	Refused     int64   `json:"refused"`
	Launches    int64   `json:"launches"`
	Failed      int64   `json:"failed_launches"`
	HitRate     float64 `json:"hit_rate"`
	WaitMeanS   float64 `json:"wait_mean_s"`
	WaitP99S    float64 `json:"wait_p99_s"`
	IdleS       float64 `json:"idle_s"`
	// WasteS is idle time and the launching of instances that never served;
	// WasteUSD is that at the price of each one's category.
	WasteS   float64 `json:"waste_s"`
	WasteUSD float64 `json:"waste_usd"`
}

// A count is what is counted in a block, or in all blocks, exactly.
type count struct {
	outcomes           [3]int64
	withdrawn, refused int64
	launches, failed   int64
	wait               span
	pools              []poolTime
	waits              *hdrhistogram.Histogram // ns
}

// poolTime is instance time of a pool.
type poolTime struct{ idle, wasted span }

// A span is a sum of ns that may be more than fits in 64 bits.
type span struct{ s, ns int64 }

func (s *span) add(ns int64) {
	s.s += ns / 1e9
	if s.ns += ns % 1e9; s.ns >= 1e9 {
		s.s, s.ns = s.s+1, s.ns-1e9
	}
}

func (s *span) plus(o span) {
	s.s += o.s
	s.add(o.ns)
}

func (s span) seconds() float64 { return float64(s.s) + float64(s.ns)/1e9 }

// maxWait is the longest wait that is told apart, ns.
const maxWait = int64(30 * 24 * 3600 * 1e9)

func newCount(pools int) count {
	return count{pools: make([]poolTime, pools), waits: hdrhistogram.New(1, maxWait, 2)}
}

func (c *count) waited(o policy.Outcome, ns int64) {
	c.outcomes[o]++
	c.wait.add(ns)
	_ = c.waits.RecordValue(min(max(ns, 0), maxWait)) // within its bounds
}

// add adds what another has counted.
func (c *count) add(o *count) {
	for i := range c.outcomes {
		c.outcomes[i] += o.outcomes[i]
	}
	c.withdrawn += o.withdrawn
	c.refused += o.refused
	c.launches += o.launches
	c.failed += o.failed
	c.wait.plus(o.wait)
	for i := range c.pools {
		c.pools[i].idle.plus(o.pools[i].idle)
		c.pools[i].wasted.plus(o.pools[i].wasted)
	}
	c.waits.Merge(o.waits)
}

// reset forgets what was counted.
func (c *count) reset() {
	pools, waits := c.pools, c.waits
	clear(pools)
	waits.Reset()
	*c = count{pools: pools, waits: waits}
}

// terms are what a pool's instance time counts for.
type terms struct {
	price  float64 // $/h
	memory float64 // of an idle instance, as a share of a whole one
}

func termsOf(c *policy.Config) []terms {
	all := make([]terms, len(c.Categories))
	for i, k := range c.Categories {
		all[i] = terms{k.Price, k.Memory}
		if k.Price == 0 {
			all[i].price = 1 // so that money reads as instance-hours
		}
		if k.Memory == 0 {
			all[i].memory = 1
		}
	}
	return all
}

func (c *count) figures(by []terms) Figures {
	f := Figures{
		Hits: c.outcomes[policy.Hit], PartialHits: c.outcomes[policy.PartialHit], Misses: c.outcomes[policy.Miss],
		Withdrawn: c.withdrawn, Refused: c.refused, Launches: c.launches, Failed: c.failed,
	}
	if f.Requests = f.Hits + f.PartialHits + f.Misses; f.Requests > 0 {
		f.HitRate = float64(f.Hits) / float64(f.Requests)
		f.WaitMeanS = c.wait.seconds() / float64(f.Requests)
		f.WaitP99S = float64(c.waits.ValueAtPercentile(99)) / 1e9
	}
	for i, p := range c.pools {
		idle := p.idle.seconds() * by[i].memory
		waste := idle + p.wasted.seconds()
		f.IdleS += idle
		f.WasteS += waste
		f.WasteUSD += waste * by[i].price / 3600
	}
	return f
}

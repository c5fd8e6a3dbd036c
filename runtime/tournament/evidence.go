package tournament

import (
	"errors"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime/tournament/confidence"
)

// evidence is what a contender's differences to another policy say.
type evidence struct {
	cost, hits, wait *confidence.Sequence
}

// newEvidence makes sequences that are narrowest after twice as many observations as
// there must be.
func newEvidence(alpha float64, least int) evidence {
	one := func() *confidence.Sequence {
		s, err := confidence.New(alpha, 2*least)
		if err != nil {
			panic(err) // the options were checked
		}
		return s
	}
	return evidence{one(), one(), one()}
}

// An amount is what a policy came to in an observation.
type amount struct {
	usd, requests, hits, waitS float64
}

func (a *amount) add(f *Figures) {
	a.usd += f.WasteUSD
	a.requests += float64(f.Requests)
	a.hits += float64(f.Hits)
	a.waitS += f.WaitMeanS * float64(f.Requests)
}

// less is an amount without what a model is wrong by.
func (a amount) less(wrong rate, over time.Duration) amount {
	a.usd -= wrong.USDPerHour * over.Hours()
	a.hits -= wrong.HitRate * a.requests
	a.waitS -= wrong.WaitS * a.requests
	return a
}

// A rate is an amount by the hour, or by the request.
type rate struct {
	USDPerHour float64 `json:"usd_per_h"`
	HitRate    float64 `json:"hit_rate"`
	WaitS      float64 `json:"wait_s"`
}

func (a amount) rate(over time.Duration) rate {
	r := rate{USDPerHour: a.usd / over.Hours()}
	if a.requests > 0 {
		r.HitRate, r.WaitS = a.hits/a.requests, a.waitS/a.requests
	}
	return r
}

func (r rate) minus(o rate) rate {
	return rate{r.USDPerHour - o.USDPerHour, r.HitRate - o.HitRate, r.WaitS - o.WaitS}
}

// add takes what a policy and another came to in an observation. One without requests
// says nothing of the service.
func (e *evidence) add(own, other amount, over time.Duration) {
	d := own.rate(over).minus(other.rate(over))
	err := e.cost.Add(d.USDPerHour)
	if own.requests > 0 && other.requests > 0 {
		err = errors.Join(err, e.hits.Add(d.HitRate), e.wait.Add(d.WaitS))
	}
	if err != nil {
		panic(err) // they are sums of finite figures
	}
}

// worse says whether the service is worse than the margin; unsure whether it may be.
func (e *evidence) worse(m Margin) (worse, unsure bool) {
	if m.WaitMean > 0 {
		i := e.wait.Interval()
		return i.Low > m.WaitMean.Seconds(), i.High >= m.WaitMean.Seconds()
	}
	i := e.hits.Interval()
	return i.High < -m.HitRate, i.Low <= -m.HitRate
}

// better says whether it costs less, at a service that is not worse than the margin.
func (e *evidence) better(m Margin, least int) bool {
	_, unsure := e.worse(m)
	return e.cost.Count() >= int64(least) && e.cost.Interval().High < 0 && !unsure
}

// BlockFigures are those of one block.
type BlockFigures struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Real  Figures   `json:"real"`
	All   []Figures `json:"contenders"` // in the order of the status
	Whole bool      `json:"whole"`      // nothing of it is missing
}

// An observation is being put together of blocks.
type observation struct {
	whole bool // nothing of it is missing
	real  amount
	all   []amount
}

// settle takes the blocks that are closed in all worlds.
func (t *Tournament) settle() {
	if t.began == 0 {
		return
	}
	for {
		if len(t.real.books.ends) == 0 {
			return
		}
		for _, c := range t.all {
			if len(c.books.ends) == 0 {
				return
			}
		}
		b := BlockFigures{Real: t.real.books.take().Figures}
		var end policy.Time
		for _, c := range t.all {
			closed := c.books.take()
			b.All, end = append(b.All, closed.Figures), closed.end
		}
		start := end - int64(t.opt.Block)
		b.Start, b.End = time.Unix(0, start).UTC(), time.Unix(0, end).UTC()
		b.Whole = start >= t.began && (t.damage.to == 0 || t.damage.to < start || t.damage.from >= end)
		if t.damage.to < start {
			t.damage = damage{}
		}
		t.show(b)
		t.observe(&b, start, end)
	}
}

// mostBlocks is how many blocks are kept to be shown: two weeks of hours.
const mostBlocks = 14 * 24

func (t *Tournament) show(b BlockFigures) {
	if t.history = append(t.history, b); len(t.history) > mostBlocks {
		t.history = t.history[1:]
	}
}

// observe adds a block to the observation that it is part of.
func (t *Tournament) observe(b *BlockFigures, start, end policy.Time) {
	length := int64(t.opt.Observation)
	if start%length == 0 {
		t.sum = observation{whole: true, all: make([]amount, len(t.all))}
	}
	if len(t.sum.all) != len(t.all) { // the first one, of which the beginning is missing
		t.sum = observation{all: make([]amount, len(t.all))}
	}
	t.sum.whole = t.sum.whole && b.Whole
	t.sum.real.add(&b.Real)
	for i := range b.All {
		t.sum.all[i].add(&b.All[i])
	}
	switch {
	case end%length != 0:
	case !t.sum.whole:
		t.lost++
	default:
		t.counted++
		for i, c := range t.all {
			if i != t.live {
				c.evidence.add(t.sum.all[i], t.sum.all[t.live], t.opt.Observation)
			}
		}
		t.judge()
	}
}

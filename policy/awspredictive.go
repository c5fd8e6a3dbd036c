package policy

import (
	"math"
	"slices"
	"time"

	"shadowpool/forecast"
)

// awsPlan is one pool's capacity under EC2 Auto Scaling with a predictive and a
// target-tracking policy (EC2 Auto Scaling User Guide: Predictive scaling, Target
// tracking). Capacity is the base-stock level, its load the demand over the
// lead time, and its target a utilisation: the load may be that share of it.
// The hourly forecast sets capacity ahead of an hour by the buffer and only
// scales out; capacity follows the load of single minutes out after three of
// them in a row above the target, and in, never below the forecast, after
// fifteen in a row below it, to what the highest of them needs: the alarms that
// target tracking creates. What it loses by is its scale: spare capacity in
// proportion is too little where few come and too much where many do, whereas
// the scatter of counts grows with their square root.
type awsPlan struct {
	Forecast *forecast.Hourly
	Capacity int32
	Needs    [awsScaleIn]int32 // of the last minutes, the newest first
	Minute   Time              // the end of the minute that is being counted
	Count    float64           // arrivals in it
	lead     float64           // seconds
	rule     *awsRule
}

// awsRule is what the pools of one sizer share.
type awsRule struct {
	target, buffer float64
}

const (
	awsScaleOut, awsScaleIn = 3, 15 // minutes
	minute                  = int64(time.Minute)
)

func (p *awsPlan) revise(t Time, n float64) (int32, Time) {
	p.Forecast.Observe(seconds(t), n)
	if p.Minute == 0 || t-p.Minute > awsScaleIn*minute { // nothing came for long
		p.Needs = [awsScaleIn]int32{}
		p.Minute, p.Count = t-1-mod(t-1, minute)+minute, 0 // t ends a minute or lies in one
	}
	for t > p.Minute { // what a tick brings after a minute's end counts in the next
		p.close()
	}
	p.Count += n
	if t == p.Minute {
		p.close()
	}
	floor := p.floor()
	p.Capacity = max(p.Capacity, floor)
	if slices.Min(p.Needs[:awsScaleOut]) > p.Capacity {
		p.Capacity = p.Needs[0]
	}
	highest := slices.Max(p.Needs[:])
	if highest < p.Capacity {
		p.Capacity = max(highest, floor)
	}
	if p.Capacity == 0 && p.Count == 0 && highest == 0 {
		return 0, t + quarter
	}
	return p.Capacity, t
}

// close ends a minute.
func (p *awsPlan) close() {
	copy(p.Needs[1:], p.Needs[:])
	p.Needs[0] = p.capacity(p.Count * p.lead / 60)
	p.Count = 0
	p.Minute += minute
}

// floor is what the forecast asks for now and a buffer ahead.
func (p *awsPlan) floor() int32 {
	b := p.rule.buffer
	return p.capacity(max(p.Forecast.Expected(0, p.lead), p.Forecast.Expected(b, b+p.lead)))
}

// capacity keeps a load at the target.
func (p *awsPlan) capacity(load float64) int32 {
	return int32(min(math.Ceil(load/p.rule.target), maxCount))
}

var _ = register(&Family{
	Name:    "aws-predictive",
	Summary: "EC2 predictive scaling: an hourly forecast scales out, target tracking in",
	Knob:    "target",
	Params: []Param{
		{Name: "target", Kind: Share, Default: "0.5", Help: "utilisation: the demand over a lead time as a share of the level"},
		{Name: "buffer", Kind: Span, Default: "5m", Help: "how long before an hour its level is set"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		rule := &awsRule{target: v.Float("target"), buffer: v.Span("buffer").Seconds()}
		clock := newLocalClock(f.Location)
		models := byLead(f, func(step, lead float64) *forecast.HourlyModel {
			return forecast.NewHourlyModel(step, lead, zone{&clock})
		})
		return newPlanned(len(f.Categories), func(p PoolID) plan {
			return &awsPlan{Forecast: models[p].New(), lead: leadSeconds(f, p), rule: rule}
		}), nil
	},
})

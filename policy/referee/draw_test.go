package referee_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata"

	"shadowpool/policy"
)

// Random fleets and policies.

// draw is a source of random choices.
type draw struct{ *rand.Rand }

func (d draw) chance(p float64) bool { return d.Float64() < p }

func pickOf[T any](d draw, of ...T) T { return of[d.IntN(len(of))] }

// span is exponential about a mean.
func (d draw) span(mean time.Duration) int64 { return int64(d.ExpFloat64() * float64(mean)) }

// fleet is one to six categories, perhaps with layers below them.
func (d draw) fleet() policy.Config {
	c := policy.Config{Tick: pickOf(d, 0, 0, 0, time.Second, 15*time.Second, 7*time.Second)}
	if d.chance(0.3) {
		c.Binding = policy.Early
	}
	if d.chance(0.5) {
		c.Isolation = policy.ByTenant
	}
	if d.chance(0.5) {
		c.Location, _ = time.LoadLocation(pickOf(d, "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"))
	}
	n := 1 + d.IntN(6)
	for i := range n {
		c.Categories = append(c.Categories, d.category(fmt.Sprint("c", i)))
	}
	for i := range c.Categories {
		k := &c.Categories[i]
		for d.chance(0.25) && len(k.Compatible) < n-1 {
			other := policy.PoolID(d.IntN(n))
			known := int(other) == i
			for _, o := range k.Compatible {
				known = known || o.Pool == other
			}
			if !known {
				o := policy.Compatible{Pool: other, Adapt: pickOf(d, 0, 0, time.Second, 20*time.Second)}
				if d.chance(0.3) { // it stays where it is, or goes to a third
					o.To = &other
					if third := policy.PoolID(d.IntN(n)); o.Adapt > 0 && d.chance(0.5) {
						o.To = &third
					}
				}
				if d.chance(0.3) {
					o.For = policy.ForBound
					k.Compatible = append(k.Compatible, policy.Compatible{Pool: other, For: policy.ForAnywhere})
				}
				k.Compatible = append(k.Compatible, o)
			}
		}
	}
	if c.Isolation == policy.ByTenant && d.chance(0.5) {
		c.Categories = d.reserved(c.Categories)
	}
	if d.chance(0.3) {
		c.Categories = d.layers(c.Categories)
	} else if d.chance(0.6) {
		d.terms(&c)
	}
	return c
}

// reserved adds pools that are reserved for tenants, each like one that is for all.
func (d draw) reserved(all []policy.Category) []policy.Category {
	shared := len(all)
	for range 1 + d.IntN(4) {
		id, of := policy.PoolID(len(all)), policy.PoolID(d.IntN(shared))
		k := all[of]
		k.ReservedFor = uint32(1 + d.IntN(3))
		k.Name = fmt.Sprint(k.Name, "~", k.ReservedFor, "-", id)
		compatible := k.Compatible
		k.Compatible = nil
		for i := shared; i < len(all); i++ { // its tenant's others may serve
			if o := policy.PoolID(i); all[i].ReservedFor == k.ReservedFor && d.chance(0.5) {
				k.Compatible = append(k.Compatible, policy.Compatible{Pool: o, Adapt: pickOf(d, 0, 5*time.Second)})
			}
		}
		as := policy.Compatible{Pool: of}
		if d.chance(0.8) {
			as.To = &id
		}
		k.Compatible = append(append(k.Compatible, as), compatible...)
		if d.chance(0.2) {
			k.Stages = d.stages()
		}
		if d.chance(0.3) {
			k.MaxInstances = 1 + d.IntN(4)
		}
		all = append(all, k)
	}
	return all
}

// terms are spot, stopped instances and a budget: under one, all cost the same,
// so that an instance may go from any category to any other.
func (d draw) terms(c *policy.Config) {
	tight := d.chance(0.4)
	spot := &policy.SpotTerms{Price: pickOf(d, 0.3, 0.6, 1.7), Interruptions: pickOf(d, 0, 0.1, 2), Refused: 0.1, Replace: d.chance(0.6)}
	for i := range c.Categories {
		k := &c.Categories[i]
		k.Price = 1
		if !tight {
			k.Price = pickOf(d, 0.5, 1, 2)
		} else if k.LeadTime == 0 { // with a keep-alive of nothing there were no end of launches at one instant
			k.LeadTime = time.Second
		}
		if d.chance(0.6) || tight {
			own := *spot
			own.Replace = own.Replace || d.chance(0.3)
			k.Spot = &own
		}
		if d.chance(0.6) {
			k.Stopped = &policy.StoppedTerms{Price: pickOf(d, 0, 0.01, 0.1), Resume: pickOf[int64](d, 0, 2e9, 5e9)}
		}
	}
	if tight {
		c.Budget = float64(1+d.IntN(10)) + pickOf(d, 0, 0.3, 0.55)
		if d.chance(0.3) {
			for i := range c.Categories {
				c.Categories[i].Spot = nil
			}
		}
	}
}

// alter changes some of a category's terms.
func (d draw) alter(c *policy.Config, k *policy.Category) {
	if d.chance(0.2) {
		k.MaxInstances = d.IntN(5)
		k.PromotionDelay = time.Duration(d.IntN(2)) * time.Second
	}
	if d.chance(0.4) {
		k.Generation += "i"
	}
	if d.chance(0.2) {
		generation := k.Generation
		k.Lifecycle = d.lifecycle(k.LeadTime, c.Tick)
		k.Generation = generation
	}
	if k.Spot != nil && d.chance(0.2) {
		own := *k.Spot
		own.Price *= pickOf(d, 0.5, 2)
		k.Spot = &own
	}
	if c.Budget > 0 && d.chance(0.1) {
		c.Budget = max(1, c.Budget*pickOf(d, 0.5, 2))
	}
	if k.Stopped != nil && d.chance(0.1) {
		k.Stopped = nil
	}
}

// lifecycle bounds what instances are good for.
func (d draw) lifecycle(lead, tick time.Duration) (l policy.Lifecycle) {
	l.Stale = pickOf(d, policy.ServeStale, policy.ForbidStale)
	l.Surge = d.IntN(4)
	l.RolloutDeadline = pickOf(d, 0, 30*time.Second, 2*time.Minute)
	if d.chance(0.4) {
		l.IdleTimeout = pickOf(d, time.Second, 10*time.Second, 2*time.Minute)
	}
	if d.chance(0.6) {
		l.MinRemaining = pickOf(d, 0, 0, 10*time.Second)
		l.MaxAge = 2*(lead+max(tick, policy.DefaultTick)) + l.MinRemaining*2 + pickOf(d, time.Second, time.Minute, 10*time.Minute)
	}
	return l
}

// family is the n-th, or one of those that hold stopped instances or take hints.
func (d draw) family(n int) *policy.Family {
	families := policy.Families()
	f := families[n%len(families)]
	for _, other := range families {
		if other.Name == "adaptive" && d.chance(0.15) || other.Name == "static" && d.chance(0.1) {
			f = other
		}
	}
	return f
}

func (d draw) category(name string) policy.Category {
	k := policy.Category{
		Name: name, Reusable: d.chance(0.5),
		LeadTime:       pickOf(d, 0, time.Second, 20*time.Second, 45*time.Second, 5*time.Minute),
		PromotionDelay: pickOf(d, 0, 0, 0, time.Millisecond, 10*time.Second),
	}
	if k.Reusable && d.chance(0.3) {
		k.Scrub = pickOf(d, time.Second, 10*time.Second)
	}
	if d.chance(0.3) {
		k.Stages = d.stages()
	}
	if d.chance(0.3) {
		k.MaxInstances = 1 + d.IntN(6)
	}
	if d.chance(0.2) {
		k.MaxLaunching = 1 + d.IntN(3)
	}
	if d.chance(0.3) {
		k.Lifecycle = d.lifecycle(k.LeadTime, 0)
	}
	return k
}

func (d draw) stages() []policy.Stage {
	all := []policy.Stage{{Name: "model", Of: policy.OfDataset, Takes: 20 * time.Second, Keeps: pickOf(d, 0, 0, 2, 3, 8)}}
	if d.chance(0.5) {
		all = append(all, policy.Stage{Name: "adapter", Of: policy.OfDataset | policy.OfTaskType, Takes: 5 * time.Second})
	}
	if d.chance(0.4) {
		all = append(all, policy.Stage{
			Name: "private", Of: policy.OfTenant | pickOf(d, 0, policy.OfDataset), Takes: 10 * time.Second, Keeps: pickOf(d, 0, 0, 2),
		})
	}
	return all
}

func (d draw) layers(categories []policy.Category) []policy.Category {
	stacks := make([][]policy.Layer, len(categories))
	for i := range stacks {
		of := ""
		if tenant := categories[i].ReservedFor; tenant != 0 {
			of = fmt.Sprint("~", tenant)
		}
		if d.chance(0.7) {
			stacks[i] = append(stacks[i], policy.Layer{Name: "bare" + of, Adapt: 30 * time.Second, Memory: 0.2})
			if d.chance(0.6) {
				stacks[i] = append(stacks[i], policy.Layer{Name: "language" + of, Adapt: time.Duration(1+d.IntN(20)) * time.Second, Memory: 0.5})
			}
		} else if d.chance(0.3) {
			stacks[i] = append(stacks[i], policy.Layer{Name: "other" + of, Adapt: 5 * time.Second, Memory: 0.7})
		}
	}
	n := len(categories)
	all, err := policy.AddLayers(categories, stacks)
	if err != nil {
		return categories // a layer on top of another than elsewhere
	}
	for i := n; i < len(all); i++ {
		if d.chance(0.3) {
			all[i].MaxInstances = 1 + d.IntN(4)
		}
	}
	return all
}

// policy draws the parameters of a family until they fit together.
func (d draw) policy(t testing.TB, f *policy.Family, config policy.Config) policy.Spec {
	var err error
	for range 50 {
		s := policy.Spec{Name: f.Name}
		optional := d.IntN(len(f.Params) + 1) // of several targets, one
		for i, p := range f.Params {
			if p.Optional && i != optional && p.Kind != policy.Text || !p.Optional && p.Default != "" && d.chance(0.3) {
				continue
			}
			if value, ok := d.value(f, p); ok {
				s.Params = append(s.Params, policy.Setting{Key: p.Name, Value: value})
			}
			if p.ByCategory && d.chance(0.5) {
				k := config.Categories[d.IntN(len(config.Categories))]
				s.Params = append(s.Params, policy.Setting{Key: p.Name + "." + k.Name, Value: strconv.Itoa(d.IntN(5))})
			}
		}
		if _, err = policy.Build(s, policy.Fleet{Config: config}); err == nil {
			return s
		}
	}
	t.Fatalf("no parameters of %s fit together: %v", f.Name, err)
	return policy.Spec{}
}

func (d draw) value(f *policy.Family, p policy.Param) (string, bool) {
	switch p.Kind {
	case policy.Count:
		return strconv.Itoa(d.IntN(6)), true
	case policy.Number:
		most := 100.
		if p.Name == "share" { // of the instances in use
			most = 2
		}
		return fmt.Sprintf("%.3g", pickOf(d, 0, 1, d.Float64(), most*d.Float64())), true
	case policy.Share:
		return fmt.Sprintf("%.3f", 0.1+0.89*d.Float64()), true
	case policy.Span:
		return pickOf(d, "0s", "1s", "20s", "1m", "10m"), true
	}
	switch f.Name + "." + p.Name {
	case "schedule.timetable":
		return pickOf(d, "Sun-Sat 00:00-24:00 2", "Mon-Fri 08:00-18:00 3", "Sun-Sat 03:10-03:12 1"), true
	case "nhpp.form":
		return pickOf(d, "hit", "wait", "idle"), true
	}
	return "", false // text of another family: its default
}

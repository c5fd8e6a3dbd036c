package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// Spot is a category's interruptible capacity; a Price of zero is none.
type Spot struct {
	Price float64 // $/h, expected
	Given bool    // its terms are, not only its price
	// Interruptions of an instance in an hour, and the share of the time at
	// which there is no capacity, by the local hour of the day.
	Interruptions [24]float64
	Refused       [24]float64
	Notice        time.Duration // from the provider's warning until it takes an instance
	Replace       bool          // what is promoted on spot, by a standard instance
	File          string        // of the prices, as it is written; empty: Price is constant
	Prices        Prices        // Load reads them
}

// Prices change in steps; Times ascend.
type Prices struct {
	Times []policy.Time
	Price []float64 // $/h
}

// Stopped is a category's hibernated instances; a Price of zero is none.
type Stopped struct {
	Price  float64       // $/h of storage
	Given  bool          // its terms are, not only its price
	Resume time.Duration // from resuming to warm
}

// A Provider is what the cloud allows. Zero is no limit.
type Provider struct {
	LaunchesPerSecond    float64
	Burst                int
	OnDemand, Spot       int // most instances
	Stragglers, Slowdown float64
}

// DefaultNotice is how long before an interruption the pool is told.
const DefaultNotice = 2 * time.Minute

const (
	leastPrice        = 1e-6 // $/h, of what is not standard
	mostInterruptions = 3600 // an hour
	maxRate           = 1e6  // launches per second
	maxBudget         = 1e9  // $/h
)

// capacityFields are the keys of a category's other capacity types.
func capacityFields(k *Category) []field {
	return []field{
		{key: "spot", schema: object{fields: []field{
			{key: "interruptions_per_hour", required: "how often an instance is taken back, such as 0.05", schema: hourly{&k.Spot.Interruptions, mostInterruptions, "interruptions of one instance in an hour"}},
			{key: "notice", schema: span(&k.Spot.Notice, 0, MaxLeadTime)},
			{key: "refused", schema: hourly{&k.Spot.Refused, 1, "a share"}},
			{key: "prices", schema: path(&k.Spot.File)},
			{key: "on_promote", schema: oneOf(&k.Spot.Replace, choice[bool]{"stay", false}, choice[bool]{"replace", true})},
		}, check: func(_ *parser, _ *yaml.Node, _ string, given map[string]*yaml.Node) {
			if !k.Spot.Given && given["notice"] == nil {
				k.Spot.Notice = DefaultNotice
			}
			k.Spot.Given = true
		}}},
		{key: "stopped", schema: object{fields: []field{
			{key: "resume", required: "how long a stopped instance takes to be warm again, such as 20s", schema: span(&k.Stopped.Resume, 0, MaxLeadTime)},
		}, check: func(*parser, *yaml.Node, string, map[string]*yaml.Node) { k.Stopped.Given = true }}},
	}
}

// checkCapacity checks that prices and terms come together.
func checkCapacity(p *parser, n *yaml.Node, at string, k *Category, given map[string]*yaml.Node) {
	for _, c := range []struct {
		key, such string
		price     float64
		inherited bool
	}{
		{"spot", "{interruptions_per_hour: 0.05}", k.Spot.Price, k.Spot.Given},
		{"stopped", "{resume: 20s}", k.Stopped.Price, k.Stopped.Given},
	} {
		section := given[c.key]
		switch {
		case section != nil && c.price == 0:
			p.fail(section, join(at, c.key), "is given without its price; add prices.%s", c.key)
		case section == nil && c.price > 0 && !c.inherited:
			p.fail(n, at, "%s is missing, and prices.%s is given; add %s: %s", c.key, c.key, c.key, c.such)
		}
	}
	if k.Stopped.Price > k.Price {
		p.fail(n, at, "prices.stopped is above prices.on_demand; a stopped instance is worth nothing then")
	}
}

func providerLimits(to *Provider) schema {
	return object{
		fields: []field{
			{key: "launches_per_second", schema: number(&to.LaunchesPerSecond, leastPrice, maxRate, "launches per second")},
			{key: "burst", schema: count(&to.Burst, maxInstances)},
			{key: "quota", schema: object{fields: []field{
				{key: "on_demand", schema: count(&to.OnDemand, maxInstances)},
				{key: "spot", schema: count(&to.Spot, maxInstances)},
			}}},
			{key: "stragglers", schema: object{fields: []field{
				{key: "share", required: "of the launches, such as 0.02", schema: share(&to.Stragglers)},
				{key: "slowdown", required: "how many times as long they take, such as 5", schema: number(&to.Slowdown, 1, 1000, "a factor")},
			}}},
		},
		check: func(p *parser, n *yaml.Node, at string, given map[string]*yaml.Node) {
			if (given["burst"] == nil) != (given["launches_per_second"] == nil) {
				p.fail(n, at, "launches_per_second and burst belong together: a bucket of burst launches that fills at that rate")
			}
		},
	}
}

// checkFleet checks what the controller demands of the listed categories, and
// of the default.
func (f *File) checkFleet() error {
	c := f.PolicyConfig()
	if f.Fleet.Default != nil && len(f.Fleet.Categories) > 0 {
		for _, p := range f.Fleet.Template("fleet.default") {
			c.Categories = append(c.Categories, p.Terms.policyCategory())
		}
	}
	return c.Check()
}

// terms are what decisions know of a category's capacity.
func (k *Category) terms(out *policy.Category) {
	out.Price = k.Price
	if k.Spot.Price > 0 {
		out.Spot = &policy.SpotTerms{
			Price: k.Spot.Price, Interruptions: mean(k.Spot.Interruptions), Refused: mean(k.Spot.Refused), Replace: k.Spot.Replace,
		}
	}
	if k.Stopped.Price > 0 {
		out.Stopped = &policy.StoppedTerms{Price: k.Stopped.Price, Resume: int64(k.Stopped.Resume)}
	}
}

func mean(by [24]float64) float64 {
	sum := 0.0
	for _, x := range by {
		sum += x
	}
	return sum / float64(len(by))
}

// hourly is one number, or 24 for the hours of the day.
type hourly struct {
	to   *[24]float64
	most float64
	unit string
}

func (h hourly) keys(path string) []string { return []string{path} }

func (h hourly) read(p *parser, n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode {
		var all float64
		number(&all, 0, h.most, h.unit+", or a list of 24").read(p, n, path)
		for i := range h.to {
			h.to[i] = all
		}
		return
	}
	var each []float64
	list[float64]{&each, nil, func(x *float64) schema { return number(x, 0, h.most, h.unit) }}.read(p, n, path)
	if len(each) != len(h.to) {
		p.fail(n, path, "has %d numbers; give one for each of the 24 hours of the day, or a single one", len(each))
		return
	}
	copy(h.to[:], each)
}

// path is the name of a file.
func path(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if n.Value == "" || len(n.Value) > maxText {
			return "", errors.New("want the name of a file")
		}
		return n.Value, nil
	}}
}

// readPrices reads the file of spot prices of a category, unless that is in
// read.
func readPrices(p *parser, k *Category, at string, open Opener, read map[string]Prices) {
	if k.Spot.File == "" {
		return
	}
	if prices, ok := read[k.Spot.File]; ok {
		k.Spot.Prices = prices
		return
	}
	var err error
	if k.Spot.Prices, err = readFile(open, k.Spot.File, ReadPrices); err != nil {
		p.fail(p.at[at], at, "%v", err)
	}
	read[k.Spot.File] = k.Spot.Prices
}

// ReadPrices reads CSV with the columns time_s (seconds since the epoch,
// ascending) and price ($/h).
func ReadPrices(r io.Reader) (Prices, error) {
	var p Prices
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	at, cost := slices.Index(head, "time_s"), slices.Index(head, "price")
	if err != nil || at < 0 || cost < 0 {
		return p, errors.New("want CSV with the columns time_s and price")
	}
	for row := 1; ; row++ {
		line, err := in.Read()
		if err == io.EOF {
			if len(p.Times) == 0 {
				err = errors.New("has no price")
			} else {
				err = nil
			}
			return p, err
		}
		if err != nil {
			return p, err
		}
		t, err := strconv.ParseFloat(line[at], 64)
		if err != nil || !(t >= 0 && t <= float64(policy.MaxInstant)/1e9) {
			return p, fmt.Errorf("row %d: %s is no number of seconds since 1970", row, quote(line[at]))
		}
		price, err := strconv.ParseFloat(line[cost], 64)
		if err != nil || !(price >= 0 && price <= maxPrice) {
			return p, fmt.Errorf("row %d: %s is no price in dollars per hour", row, quote(line[cost]))
		}
		ns := int64(math.Round(t * 1e9))
		if n := len(p.Times); n > 0 && ns <= p.Times[n-1] {
			return p, fmt.Errorf("row %d: times must ascend", row)
		}
		p.Times, p.Price = append(p.Times, ns), append(p.Price, price)
	}
}

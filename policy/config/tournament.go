package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// A Tournament is what runs beside the live policy, decisions only.
type Tournament struct {
	Contenders  []policy.Spec // as they are written; File.Aim adds the service target
	Block       time.Duration // what figures are shown by
	Observation time.Duration // what makes one observation of the differences
	Alpha       float64       // the probability that any interval ever misses
	Least       int           // observations before anything is proposed
	// How much worse the service may be; one of them is above 0.
	MarginHitRate  float64
	MarginWaitMean time.Duration
	Automatic      bool   // a proposed switch is made
	Evidence       string // file in which the evidence is kept; empty: it ends with the server
}

func tournament(to **Tournament) schema {
	blank := func() Tournament {
		return Tournament{Block: time.Hour, Observation: 24 * time.Hour, Alpha: 0.05, Least: 14, MarginHitRate: 0.005}
	}
	return optional[Tournament]{to, blank, tournamentTerms}
}

func tournamentTerms(to *Tournament) schema {
	var margin Tournament // its margins
	return object{
		fields: []field{
			{key: "contenders", required: "the policies that run beside the live one, such as [none, \"static:level=5\"]", schema: list[policy.Spec]{&to.Contenders, nil, contender}},
			{key: "block", schema: span(&to.Block, time.Minute, 24*time.Hour)},
			{key: "observation", schema: span(&to.Observation, time.Minute, 28*24*time.Hour)},
			{key: "alpha", schema: share(&to.Alpha)},
			{key: "least", schema: count(&to.Least, 10_000)},
			{key: "margin", schema: object{
				fields: []field{
					{key: "hit_rate", schema: share(&margin.MarginHitRate)},
					{key: "wait_mean", schema: span(&margin.MarginWaitMean, time.Millisecond, MaxLeadTime)},
				},
				check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
					if len(given) != 1 {
						p.fail(n, path, "has %d margins; keep one of hit_rate and wait_mean", len(given))
					}
					to.MarginHitRate, to.MarginWaitMean = margin.MarginHitRate, margin.MarginWaitMean
				},
			}},
			{key: "switch", schema: oneOf(&to.Automatic, choice[bool]{"propose", false}, choice[bool]{"automatic", true})},
			{key: "evidence", schema: name(&to.Evidence)},
		},
		check: func(p *parser, n *yaml.Node, path string, _ map[string]*yaml.Node) {
			if to.Least < 2 {
				p.fail(n, path, "one observation says nothing; let least be 2 or more")
			}
			if to.Observation%to.Block != 0 {
				p.fail(n, path, "an observation of %s is no whole number of blocks of %s", short(to.Observation), short(to.Block))
			}
		},
	}
}

// contender is one policy, as on the command line.
func contender(to *policy.Spec) schema {
	return scalar[policy.Spec]{to, func(n *yaml.Node) (policy.Spec, error) {
		specs, err := policy.ParseSpecs(n.Value)
		switch {
		case err != nil:
			return policy.Spec{}, err
		case len(specs) != 1:
			return policy.Spec{}, fmt.Errorf("names %d policies; write each as an item of the list", len(specs))
		}
		if _, err := policy.Find(specs[0].Name); err != nil {
			return policy.Spec{}, fmt.Errorf("no such policy%s", nearest(specs[0].Name, familyNames()))
		}
		return specs[0], nil
	}}
}

// checkContenders builds the contenders for the fleet; what they are told of the
// service counts.
func checkContenders(p *parser, f *File) {
	if f.Tournament == nil {
		return
	}
	seen := map[string]bool{f.PolicySpec().String(): true}
	for i, spec := range f.Tournament.Contenders {
		at := fmt.Sprintf("tournament.contenders[%d]", i)
		aimed := f.Aim(spec)
		if _, err := policy.Build(aimed, policy.Fleet{Config: f.PolicyConfig()}); err != nil {
			p.fail(p.at[at], at, "%s cannot run live: %v", quote(spec.String()), err)
		} else if seen[aimed.String()] {
			p.fail(p.at[at], at, "%s takes part already", quote(spec.String()))
		}
		seen[aimed.String()] = true
	}
}

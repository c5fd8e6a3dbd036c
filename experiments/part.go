package experiments

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A ComparisonPart is one of several parts of a comparison, to be merged with the others.
type ComparisonPart struct {
	Number int `json:"part"` // from 0
	Of     int `json:"of"`
	// Fingerprint is of the requests and of the fleet, to the last of its terms.
	Fingerprint string       `json:"fingerprint"`
	Trace       TraceInfo    `json:"trace"`
	Config      Setup        `json:"config"`
	Results     []PartResult `json:"results"`
}

// A PartResult is what a part counted under one policy.
type PartResult struct {
	Policy        string         `json:"policy"`
	Params        map[string]any `json:"params"`
	Implementable bool           `json:"implementable"`
	Tally         *sim.Tally     `json:"tally"`
}

// Part runs every policy on one of several parts of the trace's requests, those
// of some categories. All parts together make the comparison of just these
// policies. The error says of policies that cannot be split what couples which categories.
func (b *Bench) Part(ctx context.Context, specs []policy.Spec, number, of int) (*ComparisonPart, error) {
	candidates, err := b.checkAll(specs)
	if err != nil {
		return nil, err
	}
	if err := b.split(candidates, of); err != nil {
		return nil, err
	}
	fingerprint, err := b.identity()
	if err != nil {
		return nil, err
	}
	p := &ComparisonPart{
		Number: number, Of: of, Fingerprint: fingerprint,
		Trace: b.TraceInfo(), Config: b.Setup(), Results: make([]PartResult, len(candidates)),
	}
	b.expect(len(candidates))
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range candidates {
		group.Go(func() error {
			t, err := b.count(ctx, c, c.parts[number])
			if err != nil {
				return fmt.Errorf("policy %s: %w", c.spec, err)
			}
			p.Results[i] = PartResult{c.spec.Name, c.values.Map(), c.runs, t}
			return nil
		})
	}
	return p, group.Wait()
}

// identity tells the bench's fleet and requests from others.
func (b *Bench) identity() (string, error) {
	requests, err := b.requests()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	e := json.NewEncoder(h)
	err = e.Encode([]any{b.fleet.PolicyConfig(), b.fleet.Provider, requests})
	for _, k := range b.fleet.Categories {
		err = cmp.Or(err, e.Encode([]any{k.Of, k.Zone, k.Billing, k.Market}))
		for _, law := range append([]sim.LeadTime{k.Lead}, k.StageTimes...) {
			var at [50]int64
			for i := range at {
				at[i] = law.Quantile((float64(i) + 0.5) / float64(len(at)))
			}
			err = cmp.Or(err, e.Encode([]any{law, law.String(), at}))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// MergeParts is the comparison that all of its parts make. The error names
// parts that are missing or there twice, and what does not belong to the others.
func MergeParts(parts []*ComparisonPart) (*Comparison, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is no part")
	}
	first := parts[0]
	have := make([]*ComparisonPart, first.Of)
	for _, p := range parts {
		switch {
		case p.Of != first.Of:
			return nil, fmt.Errorf("part %d/%d is not of the same run as part %d/%d", p.Number, p.Of, first.Number, first.Of)
		case p.Number < 0 || p.Number >= p.Of:
			return nil, fmt.Errorf("there is no part %d/%d", p.Number, p.Of)
		case have[p.Number] != nil:
			return nil, fmt.Errorf("part %d/%d is there twice", p.Number, p.Of)
		case p.Fingerprint != first.Fingerprint || p.Trace != first.Trace || !sameSetup(p.Config, first.Config) || len(p.Results) != len(first.Results):
			return nil, fmt.Errorf("part %d/%d is of another trace, fleet or choice of policies than part %d", p.Number, p.Of, first.Number)
		}
		have[p.Number] = p
	}
	var missing []string
	for i, p := range have {
		if p == nil {
			missing = append(missing, fmt.Sprintf("%d/%d", i, first.Of))
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("missing parts: %s", strings.Join(missing, ", "))
	}
	c := &Comparison{Trace: first.Trace, Config: first.Config}
	for i := range first.Results {
		res, err := mergeResult(have, i)
		if err != nil {
			return nil, err
		}
		c.Results = append(c.Results, res)
	}
	return c, nil
}

// mergeResult merges result i of all parts.
func mergeResult(parts []*ComparisonPart, i int) (*sim.Result, error) {
	first := &parts[0].Results[i]
	var tallies []*sim.Tally
	for _, p := range parts {
		r := &p.Results[i]
		if r.Policy != first.Policy || !sameParams(countsOf(r), countsOf(first)) || r.Tally == nil {
			return nil, fmt.Errorf("part %d/%d has another policy than part 0 as number %d", p.Number, p.Of, i+1)
		}
		tallies = append(tallies, r.Tally)
	}
	sum, err := sim.Merge(tallies)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", first.Policy, err)
	}
	if all := parts[0].Trace.Requests; sum.Arrived != all {
		return nil, fmt.Errorf("policy %s: the parts have replayed %d of the trace's %d requests", first.Policy, sum.Arrived, all)
	}
	res := sum.Result()
	res.Policy, res.Params, res.Implementable = first.Policy, countsOf(first), first.Implementable
	res.Trace, res.Seed, res.Version = parts[0].Trace.Name, parts[0].Config.Seed, parts[0].Config.Version
	return res, nil
}

// countsOf are a policy's parameters, those that are counts whole numbers again,
// which JSON does not tell from others.
func countsOf(r *PartResult) map[string]any {
	family, err := policy.Find(r.Policy, Named()...)
	if err != nil {
		return r.Params
	}
	for key, value := range r.Params {
		name, _, _ := strings.Cut(key, ".")
		i := slices.IndexFunc(family.Params, func(p policy.Param) bool { return p.Name == name })
		if n, ok := value.(float64); ok && i >= 0 && family.Params[i].Kind == policy.Count {
			r.Params[key] = int64(n)
		}
	}
	return r.Params
}

func sameSetup(a, b Setup) bool {
	fleets := slices.Equal(a.Fleet, b.Fleet) && (a.Provider == nil) == (b.Provider == nil) && (a.Provider == nil || *a.Provider == *b.Provider)
	a.Fleet, b.Fleet, a.Provider, b.Provider = nil, nil, nil, nil
	return fleets && fmt.Sprint(a) == fmt.Sprint(b)
}

func sameParams(a, b map[string]any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

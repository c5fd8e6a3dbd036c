package sweep

import (
	"fmt"

	"shadowpool/sim"
)

// Merge joins what several stores hold, of one experiment or of several: the
// runs of all plans, each once, with a result if any store has one. Where targets
// differ there is none.
func Merge(all ...*Outcome) (*Outcome, error) {
	merged := &Outcome{Plan: all[0].Plan}
	merged.Plan.Runs = nil
	at := map[string]int{}
	for _, o := range all {
		if o.Plan.Minimise != merged.Plan.Minimise {
			return nil, fmt.Errorf("one experiment minimises %s, another %s: report them apart", merged.Plan.Minimise, o.Plan.Minimise)
		}
		if o.Plan.Target != merged.Plan.Target {
			merged.Plan.Target = ""
		}
		for i, run := range o.Plan.Runs {
			j, ok := at[run.Key]
			if !ok {
				j = len(merged.Plan.Runs)
				at[run.Key] = j
				merged.Plan.Runs = append(merged.Plan.Runs, run)
				merged.Results = append(merged.Results, (*sim.Result)(nil))
			}
			if merged.Results[j] == nil {
				merged.Results[j] = o.Results[i]
			}
		}
	}
	return merged, nil
}

// MissingOf are how many runs of a plan an outcome lacks, by shard of so many.
func (o *Outcome) MissingOf(p *Plan, shards int) []int {
	done := map[string]bool{}
	for i, r := range o.Results {
		if r != nil {
			done[o.Plan.Runs[i].Key] = true
		}
	}
	missing := make([]int, shards)
	for i, run := range p.Runs {
		if !done[run.Key] {
			missing[i%shards]++
		}
	}
	return missing
}

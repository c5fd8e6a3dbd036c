package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"shadowpool/sim"
)

// An Outcome is what a store holds of a sweep.
type Outcome struct {
	Plan Plan
	// Results are by run, nil for those that are missing.
	Results []*sim.Result
}

// reading is how many runs are read at one time: a bucket answers late.
const reading = 32

// Read reads what a store holds.
func Read(ctx context.Context, from Store) (*Outcome, error) {
	body, err := from.Read(ctx, planName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: this is no result of simulate sweep", planName)
	}
	if err != nil {
		return nil, err
	}
	o := &Outcome{}
	if err := json.Unmarshal(body, &o.Plan); err != nil {
		return nil, fmt.Errorf("%s: %w", planName, err)
	}
	if o.Plan.Format != planFormat {
		return nil, fmt.Errorf("%s is of format %d, this program reads %d", planName, o.Plan.Format, planFormat)
	}
	done, err := doneRuns(ctx, from)
	if err != nil {
		return nil, err
	}
	o.Results = make([]*sim.Result, len(o.Plan.Runs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reading)
	for i, run := range o.Plan.Runs {
		if !done[run.Key] {
			continue
		}
		group.Go(func() error {
			body, err := from.Read(ctx, runName(run.Key))
			if err != nil {
				return err
			}
			var k kept
			if err := json.Unmarshal(body, &k); err != nil {
				return fmt.Errorf("%s: %w", runName(run.Key), err)
			}
			if k.Run != run || k.Result == nil {
				return fmt.Errorf("%s is of another run; remove it, and run the sweep again with --resume", runName(run.Key))
			}
			o.Results[i] = k.Result
			return nil
		})
	}
	return o, group.Wait()
}

// Missing are the places of runs that are not there.
func (o *Outcome) Missing() []int {
	var all []int
	for i, r := range o.Results {
		if r == nil {
			all = append(all, i)
		}
	}
	return all
}

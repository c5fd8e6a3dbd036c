package sweep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"shadowpool/sim"
)

// A Store keeps files by name, each whole or not at all: a bucket.Folder.
type Store interface {
	Read(ctx context.Context, name string) ([]byte, error)
	Write(ctx context.Context, name string, content func(io.Writer) error) error
	List(ctx context.Context, prefix string) ([]string, error)
}

// planName is where a plan is kept, and runsPrefix how the names of runs
// begin.
const (
	planName   = "plan.json"
	runsPrefix = "runs/"
)

func runName(key string) string { return runsPrefix + key + ".json" }

// A Shard is a part of the runs: those whose place in the plan leaves Index
// when divided by Of. The zero Shard is all of them.
type Shard struct{ Index, Of int }

func (s Shard) has(i int) bool { return s.Of == 0 || i%s.Of == s.Index }

// Options say how a sweep is run.
type Options struct {
	Shard   Shard
	Workers int // runs at a time; 0 is one a core
	// Resume goes on with a sweep of which runs are kept already; without it that
	// is an error.
	Resume bool
	// Progress is called after each run, one call at a time, with the requests
	// that were replayed and those that all runs of the shard have; nil is not.
	Progress func(done, total int64)
}

// kept is how a run is kept.
type kept struct {
	Format int         `json:"format"`
	Run    Run         `json:"run"`
	Result *sim.Result `json:"result"`
}

// Execute runs what the store does not hold, each run on one core, and keeps
// each result as soon as it is there. An interrupted sweep loses the runs in
// flight.
func (s *Sweep) Execute(ctx context.Context, to Store, opt Options) error {
	todo, err := s.todo(ctx, to, opt)
	if err != nil {
		return err
	}
	var requests, total int64
	for _, i := range todo {
		g := s.grounds[s.of[i]]
		g.left++
		total += int64(g.source.trace.Len())
	}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var mu sync.Mutex
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, i := range todo {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			g := s.grounds[s.of[i]]
			if err := s.execute(inner, to, i); err != nil {
				return err
			}
			if opt.Progress != nil {
				mu.Lock()
				defer mu.Unlock()
				requests += int64(g.source.trace.Len())
				opt.Progress(requests, total)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// execute does one run.
func (s *Sweep) execute(ctx context.Context, to Store, i int) error {
	run := s.Plan.Runs[i]
	res, err := s.grounds[s.of[i]].run(ctx, s.specs[i])
	if err != nil {
		return fmt.Errorf("trace %s: %w", run.Trace, err)
	}
	return to.Write(ctx, runName(run.Key), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(kept{planFormat, run, res})
	})
}

// todo are the places of runs that are to be done. It keeps the plan.
func (s *Sweep) todo(ctx context.Context, to Store, opt Options) ([]int, error) {
	if err := s.keepPlan(ctx, to); err != nil {
		return nil, err
	}
	done, err := doneRuns(ctx, to)
	if err != nil {
		return nil, err
	}
	var todo []int
	have := 0
	for i, run := range s.Plan.Runs {
		switch {
		case !opt.Shard.has(i):
		case done[run.Key]:
			have++
		default:
			todo = append(todo, i)
		}
	}
	if have > 0 && !opt.Resume {
		return nil, fmt.Errorf("%d of %d runs are kept there already: add --resume to go on, or choose another --out", have, have+len(todo))
	}
	return todo, nil
}

// keepPlan keeps the plan, or finds that it is the one that is kept.
func (s *Sweep) keepPlan(ctx context.Context, to Store) error {
	body, err := s.Plan.encode()
	if err != nil {
		return err
	}
	switch have, err := to.Read(ctx, planName); {
	case errors.Is(err, fs.ErrNotExist):
		return to.Write(ctx, planName, func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		})
	case err != nil:
		return err
	case !bytes.Equal(have, body):
		return fmt.Errorf("%s there is of another experiment, another trace or another version: choose another --out", planName)
	}
	return nil
}

// doneRuns are the keys of the runs that are kept.
func doneRuns(ctx context.Context, from Store) (map[string]bool, error) {
	names, err := from.List(ctx, runsPrefix)
	if err != nil {
		return nil, err
	}
	done := make(map[string]bool, len(names))
	for _, name := range names {
		if key, ok := strings.CutSuffix(path.Base(name), ".json"); ok {
			done[key] = true
		}
	}
	return done, nil
}

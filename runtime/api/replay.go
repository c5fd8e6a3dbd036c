package api

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Timed is a request of a trace: made At after the start, and released when
// its instance was held for Hold.
type Timed struct {
	At, Hold time.Duration
	ClaimRequest
}

// Replayed is what became of a replay's requests, and how the server did.
type Replayed struct {
	Requests    int64   `json:"requests"`
	Hits        int64   `json:"hits"`
	PartialHits int64   `json:"partial_hits"`
	Misses      int64   `json:"misses"`
	Failed      int64   `json:"failed"` // got no instance
	HitRate     float64 `json:"hit_rate"`
	// WaitS are the waits as the server saw them.
	WaitS struct {
		Mean float64 `json:"mean"`
		P50  float64 `json:"p50"`
		P95  float64 `json:"p95"`
		P99  float64 `json:"p99"`
		Max  float64 `json:"max"`
	} `json:"wait_s"`
	// LateMaxS is by how much this client fell behind the trace's clock.
	LateMaxS float64 `json:"late_max_s"`
	// FirstError is what the first request that failed was told.
	FirstError string `json:"first_error,omitempty"`
}

// maxWait bounds the waits that are told apart, in ns.
const maxWait = int64(24 * time.Hour)

// Replay makes the requests at their times, at most open of them at once: one
// more waits, and the replay is late. When ctx ends it makes no more, releases
// what it holds, and returns what there is with the context's error.
func (c *Client) Replay(ctx context.Context, requests iter.Seq[Timed], open int) (Replayed, error) {
	r := replayer{client: c, waits: hdrhistogram.New(1, maxWait, 3)}
	slots := make(chan struct{}, max(open, 1))
	var running sync.WaitGroup
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for q := range requests {
		timer.Reset(q.At - time.Since(start))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		late := time.Since(start) - q.At
		r.result.LateMaxS = max(r.result.LateMaxS, late.Seconds())
		running.Go(func() {
			defer func() { <-slots }()
			r.one(ctx, q)
		})
	}
	running.Wait()
	return r.sum(), ctx.Err()
}

type replayer struct {
	client *Client

	mu     sync.Mutex
	result Replayed
	waits  *hdrhistogram.Histogram
}

// one makes one request and holds what it gets.
func (r *replayer) one(ctx context.Context, q Timed) {
	claim, err := r.client.Claim(ctx, q.ClaimRequest)
	if err == nil {
		select {
		case <-time.After(q.Hold):
		case <-ctx.Done():
		}
		var problem *Problem
		if err := r.client.Release(context.WithoutCancel(ctx), claim.Claim); err != nil && !errors.As(err, &problem) {
			r.failed(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Requests++
	switch {
	case err != nil:
		r.result.Failed++
		r.note(err)
		return
	case claim.Outcome == "hit":
		r.result.Hits++
	case claim.Outcome == "partial_hit":
		r.result.PartialHits++
	default:
		r.result.Misses++
	}
	_ = r.waits.RecordValue(min(int64(claim.WaitS*1e9), maxWait))
}

func (r *replayer) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(err)
}

func (r *replayer) note(err error) {
	if r.result.FirstError == "" {
		r.result.FirstError = err.Error()
	}
}

func (r *replayer) sum() Replayed {
	s := &r.result
	if served := s.Requests - s.Failed; served > 0 {
		s.HitRate = float64(s.Hits) / float64(served)
		s.WaitS.Mean = r.waits.Mean() / 1e9
		s.WaitS.P50 = float64(r.waits.ValueAtPercentile(50)) / 1e9
		s.WaitS.P95 = float64(r.waits.ValueAtPercentile(95)) / 1e9
		s.WaitS.P99 = float64(r.waits.ValueAtPercentile(99)) / 1e9
		s.WaitS.Max = float64(r.waits.Max()) / 1e9
	}
	return *s
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime/api"
	"shadowpool/trace"
)

func replayCommand() *cobra.Command {
	var flags clientFlags
	var path, category string
	var speed float64
	var open int
	var limit int64
	c := &cobra.Command{
		Use: "replay --trace FILE", Short: "Drive a server with the requests of a trace",
		Long: `replay makes the requests of a trace (Parquet or CSV) to a running server, at
their times divided by --speed, and holds each instance for its duration divided
by --speed.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			switch {
			case path == "":
				return usage(errors.New("no trace: give --trace FILE"))
			case !(speed > 0 && speed <= 1e6):
				return usage(fmt.Errorf("--speed %v is not between 0 and 1e6", speed))
			case open < 1 || open > 10_000:
				return usage(fmt.Errorf("--open %d is not between 1 and 10000", open))
			}
			t, err := trace.Load(path, trace.Options{})
			if err != nil {
				return usage(err)
			}
			ctx, cancel := interrupted(c.Context())
			defer cancel()
			done, err := client.Replay(ctx, requestsOf(t, category, speed, limit), open)
			if err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			if printed := flags.print(done, func(w io.Writer) { writeReplayed(w, &done) }); printed != nil {
				return printed
			}
			if err != nil || done.Failed > 0 {
				return fmt.Errorf("%d of %d requests got an instance; the first problem: %s", done.Requests-done.Failed, t.Len(), orInterrupted(done.FirstError))
			}
			return nil
		},
	}
	flags.add(c)
	c.Flags().StringVar(&path, "trace", "", "the trace, Parquet or CSV")
	c.Flags().StringVar(&category, "category", "", "ask for this category instead of the trace's")
	c.Flags().Float64Var(&speed, "speed", 1, "how many times faster than the trace")
	c.Flags().IntVar(&open, "open", 1000, "most requests at one time")
	c.Flags().Int64Var(&limit, "limit", 0, "only the first requests (0: all)")
	return c
}

func orInterrupted(problem string) string {
	if problem == "" {
		return "interrupted"
	}
	return problem
}

// requestsOf are a trace's requests on a clock that runs faster.
func requestsOf(t *trace.Trace, category string, speed float64, limit int64) iter.Seq[api.Timed] {
	text := func(words []string, i int, wide []uint32, narrow []uint16) string {
		switch {
		case wide != nil:
			return words[wide[i]]
		case narrow != nil:
			return words[narrow[i]]
		}
		return ""
	}
	return func(yield func(api.Timed) bool) {
		for i, arrival := range t.Arrival {
			if limit > 0 && int64(i) == limit {
				return
			}
			q := api.Timed{
				At:   time.Duration(float64(arrival-t.Arrival[0]) / speed),
				Hold: time.Duration(float64(t.Duration[i]) / speed),
				ClaimRequest: api.ClaimRequest{
					Category: text(t.Strings.Category, i, t.Category, nil), Tenant: text(t.Strings.Tenant, i, t.Tenant, nil),
					TaskType: text(t.Strings.TaskType, i, nil, t.TaskType), Zone: text(t.Strings.Zone, i, nil, t.Zone),
					Image: text(t.Strings.Image, i, t.Image, nil), Dataset: text(t.Strings.Dataset, i, t.Dataset, nil),
				},
			}
			if category != "" {
				q.Category = category
			}
			if !yield(q) {
				return
			}
		}
	}
}

func writeReplayed(w io.Writer, r *api.Replayed) {
	fmt.Fprintf(w, "requests\t%d\nhits\t%d\npartial hits\t%d\nmisses\t%d\nfailed\t%d\nhit rate\t%.4f\n",
		r.Requests, r.Hits, r.PartialHits, r.Misses, r.Failed, r.HitRate)
	fmt.Fprintf(w, "wait mean\t%.4f s\nwait p50\t%.4f s\nwait p95\t%.4f s\nwait p99\t%.4f s\nwait max\t%.4f s\nlate max\t%.4f s\n",
		r.WaitS.Mean, r.WaitS.P50, r.WaitS.P95, r.WaitS.P99, r.WaitS.Max, r.LateMaxS)
}

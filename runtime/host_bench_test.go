package runtime_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// BenchmarkClaim is a claim and its release, with the event log on: the loop,
// without HTTP and without what instances cost.
func BenchmarkClaim(b *testing.B) {
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "100"}}}, Provisioner: newMemory(0),
		Fleet:     policy.Config{Categories: []policy.Category{{Name: "one", Reusable: true, MaxInstances: 100}}},
		Recording: runtime.Recording{Events: io.Discard, LeadTimes: io.Discard},
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g, err := host.Claim(ctx, runtime.Request{Tenant: "acme"})
			if err == nil {
				err = host.Release(ctx, g.Claim)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

package process_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
)

// BenchmarkUsage is one look at 200 instances.
func BenchmarkUsage(b *testing.B) {
	p, err := process.New(map[string]process.Config{"x": {
		Command: []string{"/bin/sh", "-c", "echo ready; exec sleep 1000"}, Ready: process.Ready{Line: "^ready$"},
	}})
	if err != nil {
		b.Fatal(err)
	}
	const instances = 200
	var all sync.WaitGroup
	for n := range instances {
		name := fmt.Sprintf("x-%d", n)
		all.Go(func() {
			if _, err := p.Start(b.Context(), runtime.InstanceSpec{Name: name, Pool: "x", Category: "x"}); err != nil {
				b.Error(err)
			}
		})
		b.Cleanup(func() { _ = p.Stop(context.Background(), name) })
	}
	all.Wait()
	b.ReportAllocs()
	for b.Loop() {
		if told, err := p.Usage(b.Context()); err != nil || len(told) != instances {
			b.Fatalf("%d are told of, %v", len(told), err)
		}
	}
}

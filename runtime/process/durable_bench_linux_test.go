package process_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
)

// BenchmarkLife is a launch and an end beside 200 others: of instances that die
// with the server, and of those that outlive it.
func BenchmarkLife(b *testing.B) {
	configs := map[string]process.Config{"x": {
		Command: []string{"/bin/sh", "-c", "echo ready; exec sleep 1000"}, Ready: process.Ready{Line: "^ready$"},
	}}
	for _, how := range []string{"plain", "durable"} {
		b.Run(how, func(b *testing.B) {
			p, err := process.New(configs)
			if how == "durable" {
				p, err = process.Open(b.TempDir(), configs)
			}
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				names, _ := p.List(context.Background())
				var all sync.WaitGroup
				for _, name := range names {
					all.Go(func() { _ = p.Stop(context.Background(), name) })
				}
				all.Wait()
				_ = p.Close()
			})
			start := func(name string) {
				if _, err := p.Start(b.Context(), runtime.InstanceSpec{Name: name, Pool: "x"}); err != nil {
					b.Fatal(err)
				}
			}
			for n := range 200 {
				start(fmt.Sprint("idle-", n))
			}
			number := 0
			for b.Loop() {
				number++
				name := fmt.Sprint("x-", number)
				start(name)
				if err := p.Stop(context.Background(), name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package policy

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// BenchmarkMemory states what a controller keeps for each warm instance, and for
// each category that has had a hundred requests, one a minute.
func BenchmarkMemory(b *testing.B) {
	const instances = 1 << 18
	b.Run("instance", func(b *testing.B) {
		held := retained(b, func() *Controller {
			c, host := remembered(b, fmt.Sprintf("static:level=%d", instances), 1)
			c.Start(0)
			for _, id := range host.launched {
				c.Warm(int64(time.Minute), id)
			}
			if s := c.Stock(0); s.Warm != instances {
				b.Fatalf("%d instances idle, want %d", s.Warm, instances)
			}
			host.launched = nil
			return c
		})
		b.ReportMetric(held/instances, "B/instance")
	})
	for _, policy := range []string{"static:level=0", "adaptive:wait_price=50"} {
		const categories = 2000
		b.Run("category/"+policy, func(b *testing.B) {
			held := retained(b, func() *Controller {
				c, host := remembered(b, policy, categories)
				c.Start(0)
				n := RequestID(0)
				until := func(now Time) {
					for due, _ := c.NextTimer(); due <= now; due, _ = c.NextTimer() {
						c.Fire()
					}
				}
				for turn := range 100 {
					now := int64(turn+1) * int64(time.Minute)
					until(now)
					for p := range PoolID(categories) {
						c.Arrive(now, Request{ID: n, Pool: p})
						n++
					}
					now += int64(time.Second)
					until(now)
					for _, id := range host.launched {
						c.Warm(now, id)
					}
					host.launched = host.launched[:0]
					until(now)
					for _, id := range host.assigned {
						c.Release(now, id)
					}
					host.assigned = host.assigned[:0]
				}
				*host = quiet{}
				return c
			})
			b.ReportMetric(held/categories, "B/category")
		})
	}
}

// remembered is a controller of n alike categories.
func remembered(b *testing.B, policy string, n int) (*Controller, *quiet) {
	b.Helper()
	config := Config{}
	for i := range n {
		config.Categories = append(config.Categories, Category{Name: fmt.Sprint(i), LeadTime: time.Minute})
	}
	specs, err := ParseSpecs(policy)
	if err != nil {
		b.Fatal(err)
	}
	sizer, err := Build(specs[0], Fleet{Config: config})
	if err != nil {
		b.Fatal(err)
	}
	host := &quiet{}
	c, err := New(config, sizer, host)
	if err != nil {
		b.Fatal(err)
	}
	return c, host
}

// retained is the heap, in bytes, that what build returns keeps alive.
func retained(b *testing.B, build func() *Controller) float64 {
	var before, after runtime.MemStats
	var held float64
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := build()
		runtime.GC()
		runtime.ReadMemStats(&after)
		held = float64(after.HeapAlloc) - float64(before.HeapAlloc)
		runtime.KeepAlive(c)
	}
	return held
}

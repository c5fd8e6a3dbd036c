package sim

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// sharedTrace loads one of the public traces, which lie beside the project.
func sharedTrace(t testing.TB, name string) *trace.Trace {
	t.Helper()
	src, err := trace.Load(filepath.Join("..", "..", "shared", "traces", name), trace.Options{})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the public traces are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// Figures of the genai trace that were computed independently.
func TestGenAI(t *testing.T) {
	src := sharedTrace(t, "genai.csv.gz")
	for _, c := range []struct {
		name             string
		pooled, reusable bool
		binding          policy.Binding
		sizer            func(categories int) policy.Sizer
		hits, launches   int64
		idleHours, wait  float64 // 0 is not checked
	}{
		{"pooled static 20", true, false, policy.Late, levels(20), 26219, 26810, 10164.87, 0.8638},
		{"keepalive 600 s by category", false, true, policy.Early, func(int) policy.Sizer { return policy.NewKeepAlive(600 * time.Second) }, 19439, 0, 1750.36, 0},
		{"static 1 by category", false, false, policy.Late, levels(1), 9662, 0, 0, 0},
	} {
		fleet, err := FleetOf(src, Category{Category: policy.Category{Reusable: c.reusable}, Lead: Constant(120 * time.Second), Price: 1}, c.pooled)
		if err != nil {
			t.Fatal(err)
		}
		fleet.Binding = c.binding
		r, err := Run(src, fleet, c.sizer(len(fleet.Categories)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Requests != 26790 || r.Hits != c.hits {
			t.Errorf("%s: %d hits of %d, want %d of 26790", c.name, r.Hits, r.Requests, c.hits)
		}
		if c.launches > 0 && r.Launches != c.launches {
			t.Errorf("%s: %d launches, want %d", c.name, r.Launches, c.launches)
		}
		if c.idleHours > 0 && math.Abs(r.InstanceS.Idle/3600-c.idleHours) > 0.005 {
			t.Errorf("%s: %.3f idle hours, want %.2f", c.name, r.InstanceS.Idle/3600, c.idleHours)
		}
		if c.wait > 0 && math.Abs(r.WaitS.Mean-c.wait) > 0.00005 {
			t.Errorf("%s: mean wait %.5f s, want %.4f", c.name, r.WaitS.Mean, c.wait)
		}
	}
}

func levels(level int32) func(int) policy.Sizer {
	return func(n int) policy.Sizer {
		s := make([]int32, n)
		for i := range s {
			s[i] = level
		}
		return policy.NewStatic(s)
	}
}

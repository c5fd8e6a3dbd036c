package sim

import (
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

func BenchmarkAdaptive(b *testing.B) {
	w, err := trace.Preset("platform")
	if err != nil {
		b.Fatal(err)
	}
	src, err := w.Generate(1)
	if err != nil {
		b.Fatal(err)
	}
	fleet, err := FleetOf(src, Category{Lead: Constant(120 * time.Second), Price: 1}, false)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := policy.Build(policy.Spec{Name: "adaptive"}, policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Run(src, fleet, s, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

package sim

import (
	"testing"

	"shadowpool/policy"
	"shadowpool/trace"
)

// build makes the sizer of a spec.
func build(t testing.TB, spec string, fleet Fleet) policy.Sizer {
	t.Helper()
	specs, err := policy.ParseSpecs(spec)
	if err != nil {
		t.Fatal(err)
	}
	sizer, err := policy.Build(specs[0], policy.Fleet{Config: fleet.PolicyConfig()})
	if err != nil {
		t.Fatal(err)
	}
	return sizer
}

// runSpec replays a trace under a policy.
func runSpec(t testing.TB, src trace.Source, fleet Fleet, spec string, opt Options) *Result {
	t.Helper()
	r, err := Run(src, fleet, build(t, spec, fleet), opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

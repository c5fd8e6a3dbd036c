package plan_test

import (
	"fmt"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/policy/profile"
)

// The plan of a shadow for the requests of one task type, from the history of
// those that have finished.
func Example() {
	const pull, load, fetch = 1, 2, 3 // stages
	names := []string{"", "notebook-7", "pandas", "sales-2026"}

	h, err := profile.New(profile.DefaultHalfLife, profile.DefaultPairs)
	if err != nil {
		panic(err)
	}
	for i := range int64(200) {
		o := profile.Observation{
			At: i * int64(time.Hour), TaskType: 1, Image: 1, Dependencies: []profile.ID{2}, Duration: time.Minute,
			Stages: []profile.StageTime{{Stage: pull, Key: 1, Took: 20 * time.Second}, {Stage: load, Key: 2, Took: 5 * time.Second}},
		}
		if i%2 == 0 { // every second one reads a tenth of the dataset
			o.Datasets = []profile.Use{{Dataset: 3, Share: 0.1, Bytes: 50e9}}
			o.Stages = append(o.Stages, profile.StageTime{Stage: fetch, Key: 3, Took: 30 * time.Second})
		}
		h.Observe(&o)
	}

	var items []plan.Item
	add := func(kind plan.Kind, n profile.Need, stage profile.ID, part float64) *plan.Item {
		l, _ := h.Latency(stage, n.ID)
		takes := time.Duration(l.Seconds / part * 1e9).Round(time.Millisecond)
		items = append(items, plan.Item{Kind: kind, Name: names[n.ID], Share: n.Share, Saves: takes, Takes: takes})
		return &items[len(items)-1]
	}
	needs := h.Needs(1, 0)
	add(plan.Image, needs.Images[0], pull, 1)
	for _, n := range needs.Dependencies {
		add(plan.Dependencies, n, load, 1).Needs = []int{0}
	}
	for _, d := range needs.Datasets {
		it := add(plan.Prefetch, d.Need, fetch, d.Read) // what took so long was the part that was read
		it.Bytes, it.Needs = d.Bytes, []int{0}
		for _, p := range d.Parts {
			it.Parts = append(it.Parts, plan.Part{Read: p.Read, Share: p.Share})
		}
	}
	p, err := plan.Generate(items, plan.Budget{Time: time.Minute, Bytes: 20e9}, "")
	if err != nil {
		panic(err)
	}
	text, err := p.YAML()
	if err != nil {
		panic(err)
	}
	fmt.Print(string(text))
	// Output:
	// version: 1
	// steps:
	// - kind: image
	//   name: notebook-7
	//   seconds: 20
	//   bytes: 0
	// - kind: dependencies
	//   name: pandas
	//   seconds: 5
	//   bytes: 0
	// - kind: prefetch
	//   name: sales-2026
	//   fraction: 0.1
	//   seconds: 30
	//   bytes: 5000000000
}

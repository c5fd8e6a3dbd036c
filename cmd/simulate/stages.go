package main

import (
	"fmt"
	"slices"
	"strings"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/sim"
)

// addStages gives every category stages such as "model=dataset=22s" or
// "adapter=image+dataset=lognormal:median=4s,p99=8s".
func addStages(fleet *sim.Fleet, list []string) error {
	var stages []policy.Stage
	var times []sim.LeadTime
	for _, text := range list {
		name, rest, _ := strings.Cut(text, "=")
		facets, law, ok := strings.Cut(rest, "=")
		if !ok || name == "" {
			return fmt.Errorf("--stage %q: want NAME=FACETS=TIME, as in model=dataset=22s", text)
		}
		if slices.ContainsFunc(stages, func(s policy.Stage) bool { return s.Name == name }) {
			return fmt.Errorf("--stage %q: there is a stage %q already", text, name)
		}
		of, err := config.ParseFacets(strings.Split(facets, "+"))
		if err != nil {
			return fmt.Errorf("--stage %q: %w", text, err)
		}
		time, err := sim.ParseLeadTime(law)
		if err != nil {
			return fmt.Errorf("--stage %q: %w", text, err)
		}
		stages = append(stages, policy.Stage{Name: name, Of: of})
		times = append(times, time)
	}
	for i := range fleet.Categories {
		fleet.Categories[i].Stages, fleet.Categories[i].StageTimes = stages, times
	}
	return nil
}

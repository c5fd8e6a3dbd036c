package main

import (
	"fmt"
	"strconv"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// addLayers gives every category the layers of a list such as
// "bare:missing=0.8,memory=0.2,language:missing=0.4,memory=0.5".
func addLayers(fleet *sim.Fleet, list string) error {
	if list == "" {
		return nil
	}
	specs, err := policy.ParseSpecs(list)
	if err != nil {
		return fmt.Errorf("--layers: want NAME:missing=SHARE,memory=SHARE,...: %w", err)
	}
	layers := make([][]policy.Layer, len(fleet.Categories))
	for _, s := range specs {
		shares := map[string]float64{}
		for _, p := range s.Params {
			v, err := strconv.ParseFloat(p.Value, 64)
			if err != nil || !(v > 0 && v < 1) || p.Key != "missing" && p.Key != "memory" {
				return fmt.Errorf("--layers: %s:%s=%s: want missing and memory, each a share between 0 and 1", s.Name, p.Key, p.Value)
			}
			shares[p.Key] = v
		}
		if len(shares) != 2 {
			return fmt.Errorf("--layers: %s needs missing and memory, as in %s:missing=0.8,memory=0.2", s.Name, s.Name)
		}
		for i := range layers {
			adapt := time.Duration(shares["missing"] * float64(fleet.Categories[i].Lead.Mean()))
			layers[i] = append(layers[i], policy.Layer{Name: s.Name, Adapt: adapt, Memory: shares["memory"]})
		}
	}
	if err := fleet.AddLayers(layers); err != nil {
		return fmt.Errorf("--layers: %w", err)
	}
	return nil
}

package experiments

import (
	"errors"

	"go.yaml.in/yaml/v4"

	"shadowpool/sim"
)

// A fleetFile is a pool.yaml of a fleet that flags describe.
type fleetFile struct {
	Timezone string `yaml:"timezone,omitempty"`
	Fleet    struct {
		Isolation  string       `yaml:"isolation"`
		Binding    string       `yaml:"binding"`
		Tick       string       `yaml:"tick,omitempty"`
		Pooled     bool         `yaml:"pooled,omitempty"`
		Default    *fleetTerms  `yaml:"default,omitempty"`
		Categories []fleetTerms `yaml:"categories,omitempty"`
	} `yaml:"fleet"`
	Policy struct {
		Name string `yaml:"name"`
	} `yaml:"policy"`
}

// fleetTerms are those of a category; what is empty is the default's.
type fleetTerms struct {
	Name     string      `yaml:"name,omitempty"`
	LeadTime string      `yaml:"lead_time,omitempty"`
	Reuse    string      `yaml:"reuse,omitempty"`
	Prices   *fleetPrice `yaml:"prices,omitempty"`
}

type fleetPrice struct {
	OnDemand float64 `yaml:"on_demand"`
}

// FleetFile is a pool.yaml of a fleet whose categories have terms in common, as
// flags describe it. Its policy holds nothing.
func FleetFile(f *sim.Fleet) ([]byte, error) {
	k := f.Categories[0]
	if f.Layers > 0 || len(k.Stages) > 0 {
		return nil, errors.New("a fleet with layers or stages is written from a configuration only")
	}
	terms := fleetTerms{LeadTime: k.Lead.String(), Reuse: "single-use", Prices: &fleetPrice{k.Price}}
	if k.Reusable {
		terms.Reuse = "reusable"
	}
	var file fleetFile
	file.Fleet.Isolation, file.Fleet.Binding, file.Fleet.Pooled = f.Isolation.String(), f.Binding.String(), f.Pooled
	if f.Tick != 0 {
		file.Fleet.Tick = f.Tick.String()
	}
	if f.Location != nil {
		file.Timezone = f.Location.String()
	}
	file.Policy.Name = "none"
	if f.Pooled {
		terms.Name = "all"
		file.Fleet.Categories = []fleetTerms{terms}
		return yaml.Marshal(&file)
	}
	file.Fleet.Default = &terms
	for _, k := range f.Categories {
		if k.Name != "" {
			file.Fleet.Categories = append(file.Fleet.Categories, fleetTerms{Name: k.Name})
		}
	}
	return yaml.Marshal(&file)
}

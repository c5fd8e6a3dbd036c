package plan

import (
	"encoding/json"
	"time"

	"go.yaml.in/yaml/v4"
)

// document is a plan as it is written.
type document struct {
	Version int            `yaml:"version" json:"version"`
	Tenant  string         `yaml:"tenant,omitempty" json:"tenant,omitempty"`
	Steps   []documentStep `yaml:"steps" json:"steps"`
}

type documentStep struct {
	Kind     string  `yaml:"kind" json:"kind"`
	Name     string  `yaml:"name" json:"name"`
	Fraction float64 `yaml:"fraction,omitempty" json:"fraction,omitempty"`
	Seconds  float64 `yaml:"seconds" json:"seconds"`
	Bytes    int64   `yaml:"bytes" json:"bytes"`
}

func (p Plan) document() (document, error) {
	if err := p.Validate(); err != nil {
		return document{}, err
	}
	d := document{Version: Version, Tenant: p.Tenant, Steps: []documentStep{}}
	for _, s := range p.Steps {
		d.Steps = append(d.Steps, documentStep{s.Kind.String(), s.Name, s.Fraction, seconds(s.Takes), s.Bytes})
	}
	return d, nil
}

// seconds is a span in seconds. It is exact to the nanosecond, read back by
// span, up to maxTakes.
func seconds(d time.Duration) float64 { return float64(d) / 1e9 }

// YAML writes a plan; the error says what is impossible about it.
func (p Plan) YAML() ([]byte, error) {
	d, err := p.document()
	if err != nil {
		return nil, err
	}
	return yaml.Dump(d)
}

// JSON writes a plan; the error says what is impossible about it.
func (p Plan) JSON() ([]byte, error) {
	d, err := p.document()
	if err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

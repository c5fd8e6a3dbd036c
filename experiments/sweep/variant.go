package sweep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace/bucket"
)

// plainConfig is the configuration of an experiment that names none.
const plainConfig = `fleet: {isolation: none, default: {lead_time: 120s}}
policy: {name: none}
`

// A variant is the configuration with one value of every key that varies.
type variant struct {
	settings []policy.Setting
	file     *config.File
	hash     string
}

// variants are all combinations of the values, the last key turning fastest.
func (e *Experiment) variants(ctx context.Context) ([]variant, error) {
	name, body := "the plain configuration", []byte(plainConfig)
	if e.Config != "" {
		name = e.path(e.Config)
		var err error
		if body, err = bucket.Read(ctx, name); err != nil {
			return nil, err
		}
	}
	all := [][]policy.Setting{nil}
	for i := range e.Vary {
		a := &e.Vary[i]
		values, err := a.spread(policy.Number, policy.Span)
		if err != nil {
			return nil, fmt.Errorf("%s: vary: %w", e.file, err)
		}
		if len(all)*len(values) > MaxRuns {
			return nil, fmt.Errorf("%s: vary: more than %d configurations", e.file, MaxRuns)
		}
		var more [][]policy.Setting
		for _, have := range all {
			for _, v := range values {
				more = append(more, append(have[:len(have):len(have)], policy.Setting{Key: a.Name, Value: v}))
			}
		}
		all = more
	}
	variants := make([]variant, len(all))
	for i, settings := range all {
		v, err := newVariant(ctx, name, body, settings)
		if err != nil {
			return nil, err
		}
		variants[i] = v
	}
	return variants, nil
}

func newVariant(ctx context.Context, name string, body []byte, settings []policy.Setting) (variant, error) {
	v := variant{settings: settings}
	var err error
	if len(settings) > 0 {
		if body, err = with(body, settings); err != nil {
			return v, fmt.Errorf("%s: vary: %w", name, err)
		}
	}
	if v.file, err = config.LoadFrom(name, bytes.NewReader(body), bucket.Beside(ctx, name)); err != nil {
		if len(settings) > 0 {
			err = fmt.Errorf("with %s: %w", written(settings), err)
		}
		return v, err
	}
	// The samples of lead times are in files of their own.
	samples, err := json.Marshal(&v.file.Fleet)
	if err != nil {
		return v, err
	}
	sum := sha256.New()
	for _, part := range [][]byte{body, {0}, samples} {
		sum.Write(part)
	}
	v.hash = fmt.Sprintf("%x", sum.Sum(nil)[:8])
	return v, nil
}

// written are settings as KEY=VALUE, separated by commas.
func written(settings []policy.Setting) string {
	parts := make([]string, len(settings))
	for i, s := range settings {
		parts[i] = s.Key + "=" + s.Value
	}
	return strings.Join(parts, ",")
}

// with sets keys of a configuration.
func with(body []byte, settings []policy.Setting) ([]byte, error) {
	d, err := config.NewDraft(body)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if err := d.Set(s.Key, s.Value); err != nil {
			return nil, err
		}
	}
	return d.Bytes()
}

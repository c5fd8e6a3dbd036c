package experiments

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A memory keeps the curves of one ground in files, each named for the policy
// and for everything that the curve depends on but the policy's code.
type memory struct {
	dir    string // empty keeps nothing
	ground []byte // what all of its curves depend on
}

// fingerprint tells grounds apart on which results may differ.
func (b *Bench) fingerprint(g *Ground) []byte {
	h := sha256.New()
	t := g.Source
	for _, column := range []any{t.Arrival, t.Duration, t.Category, t.Tenant, t.TaskType, b.opt.MeasureFrom} {
		_ = binary.Write(h, binary.LittleEndian, column) // neither can fail: numbers into a hash
	}
	_ = json.NewEncoder(h).Encode([]any{t.Strings.Category, b.Setup()})
	seen := map[sim.LeadTime]bool{} // of one name, two laws may differ by their samples
	for _, k := range b.fleet.Categories {
		for i := 0; i < 1000 && !seen[k.Lead]; i++ {
			_ = binary.Write(h, binary.LittleEndian, k.Lead.Quantile((float64(i)+0.5)/1000))
		}
		seen[k.Lead] = true
	}
	return h.Sum(nil)
}

// curve is what the memory holds, or what is computed. Both have been through
// the file's form, so that they are the same.
func (m *memory) curve(spec policy.Spec, points int, aim Aim, fresh bool, compute func() (Curve, error)) (Curve, error) {
	h := sha256.New()
	h.Write(m.ground)
	_ = json.NewEncoder(h).Encode([]any{spec, points, aim}) // cannot fail: text and numbers
	path := filepath.Join(m.dir, fmt.Sprintf("%s-%x.json", fileName(spec.String()), h.Sum(nil)[:8]))
	if m.dir != "" && !fresh {
		switch body, err := os.ReadFile(path); {
		case err == nil:
			return decoded(body)
		case !errors.Is(err, fs.ErrNotExist):
			return Curve{}, err
		}
	}
	c, err := compute()
	if err != nil {
		return Curve{}, err
	}
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(c); err != nil {
		return Curve{}, err
	}
	if m.dir != "" {
		if err := keep(path, body.Bytes()); err != nil {
			return Curve{}, err
		}
	}
	return decoded(body.Bytes())
}

func decoded(body []byte) (Curve, error) {
	var c Curve
	err := json.Unmarshal(body, &c)
	return c, err
}

// keep writes a file whole or not at all.
func keep(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", body, 0o666); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

package experiments

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace/bucket"
)

// A memory keeps the curves of one ground in files, each named for the policy
// and for everything that the curve depends on but the policy's code.
type memory struct {
	folder *bucket.Folder // nil keeps nothing
	ground []byte         // what all of its curves depend on
}

// fingerprint tells grounds apart on which results may differ.
func (b *Bench) fingerprint(g *Ground) []byte {
	h := sha256.New()
	requests := g.Source.Fingerprint()
	h.Write(requests[:])
	_ = json.NewEncoder(h).Encode([]any{b.opt.MeasureFrom, b.Setup()}) // cannot fail: text and numbers
	seen := map[sim.LeadTime]bool{}                                    // of one name, two laws may differ by their samples
	for _, k := range b.fleet.Categories {
		for i := 0; i < 1000 && !seen[k.Lead]; i++ {
			_ = binary.Write(h, binary.LittleEndian, k.Lead.Quantile((float64(i)+0.5)/1000)) // cannot fail: numbers into a hash
		}
		seen[k.Lead] = true
	}
	return h.Sum(nil)
}

// curve is what the memory holds, or what is computed. Both have been through
// the file's form, so that they are the same.
func (m *memory) curve(ctx context.Context, spec policy.Spec, points int, aim Aim, fresh bool, compute func() (Curve, error)) (Curve, error) {
	h := sha256.New()
	h.Write(m.ground)
	_ = json.NewEncoder(h).Encode([]any{spec, points, aim}) // cannot fail: text and numbers
	name := fmt.Sprintf("%s-%x.json", fileName(spec.String()), h.Sum(nil)[:8])
	if m.folder != nil && !fresh {
		switch body, err := m.folder.Read(ctx, name); {
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
	if m.folder != nil {
		if err := m.folder.Write(ctx, name, func(w io.Writer) error {
			_, err := w.Write(body.Bytes())
			return err
		}); err != nil {
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

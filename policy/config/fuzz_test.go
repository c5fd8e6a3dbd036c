package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shadowpool/policy"
)

// Whatever the bytes, Parse gives a file that a controller takes, or errors
// that name a line.
func FuzzParse(f *testing.F) {
	examples, err := filepath.Glob(filepath.Join(docs, "examples", "*.yaml"))
	if err != nil || len(examples) == 0 {
		f.Fatalf("no examples in %s: %v", docs, err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(everything))
	f.Add([]byte(minimal("service: {hit_rate: 0.9}\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("pool.yaml", data)
		if err != nil {
			var all *Errors
			if file != nil || !errors.As(err, &all) || len(all.List) == 0 {
				t.Fatalf("%v, %v", file, err)
			}
			for _, one := range all.List {
				if one.Line < 1 || one.Line > 1+len(data) || one.Problem == "" {
					t.Errorf("%+v", one)
				}
			}
			return
		}
		c := file.PolicyConfig()
		family, err := policy.Find(file.Policy.Name)
		if err != nil {
			t.Fatal(err)
		}
		// Parameters of categories that only default admits need the trace.
		if _, err := family.Parse(file.PolicySpec(), c.Categories); err != nil && file.Fleet.Default == nil {
			t.Fatal(err)
		}
		if _, err := policy.New(c, policy.None{}, nil); err != nil {
			t.Fatal(err)
		}
	})
}

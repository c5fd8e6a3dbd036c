package config

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestLoadFromOpensWhatTheFileNames(t *testing.T) {
	const pool = `
fleet: {default: {lead_time: "empirical:lead/boot.txt"}}
policy: {name: static, level: 1}`
	var asked []string
	f, err := LoadFrom("s3://b/pool.yaml", strings.NewReader(pool), func(name string) (io.ReadCloser, error) {
		asked = append(asked, name)
		return io.NopCloser(strings.NewReader("30\n60\n")), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Fleet.Default.LeadTime.Samples); n != 2 || len(asked) != 1 || asked[0] != "lead/boot.txt" {
		t.Errorf("%d samples, of %q", n, asked)
	}
	for content, want := range map[string]string{"soon\n": "lead/boot.txt: ", "": "no such object"} {
		_, err := LoadFrom("s3://b/pool.yaml", strings.NewReader(pool), func(name string) (io.ReadCloser, error) {
			if content == "" {
				return nil, errors.New("no such object")
			}
			return io.NopCloser(strings.NewReader(content)), nil
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s3://b/pool.yaml:2") {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

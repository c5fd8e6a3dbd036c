package api_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"shadowpool/policy/config"
	"shadowpool/runtime/api"
)

// The documentation names every operation and every kind of problem, and no
// others.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(pattern, before string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(page, -1) {
			all = append(all, before+string(m[1]))
		}
		slices.Sort(all)
		return all
	}
	for _, tt := range []struct {
		what         string
		said, served []string
	}{
		{"operations", rows("(?m)^\\| `((?:GET|POST|PUT|DELETE) [^`]+)` \\|", ""), api.Routes()},
		{"problems", rows("(?m)^\\| `([a-z-]+)` \\| \\d", "urn:shadowpool:problem:"), api.Kinds()},
	} {
		slices.Sort(tt.served)
		if !slices.Equal(tt.said, tt.served) {
			t.Errorf("docs/api.md has the %s\n%q\nthe server\n%q", tt.what, tt.said, tt.served)
		}
	}
}

// The file of docs/security.md is one.
func TestDocumentedFile(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/security.md has no file")
	}
	f, err := config.Parse("docs/security.md", found[1])
	if err != nil || f.API.ClientTenant != config.Organization {
		t.Errorf("%+v, %v", f, err)
	}
}

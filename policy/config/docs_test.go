package config

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var docs = filepath.Join("..", "..", "docs")

// documented are the keys in the first column of the documentation's tables.
func documented(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(docs, "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(page, -1) {
		keys = append(keys, string(m[1]))
	}
	return keys
}

// What is said once in the documentation holds for the template, for a category
// in one of its zones or what is reserved of it, and for the processes of single categories too.
func saidOf(key string) string {
	if rest, ok := strings.CutPrefix(key, "fleet.default."); ok {
		return saidOf("fleet.categories[]." + rest)
	}
	if rest, ok := strings.CutPrefix(key, "fleet.categories[].zones[]."); ok && rest != "name" {
		return saidOf("fleet.categories[]." + rest)
	}
	if rest, ok := strings.CutPrefix(key, "fleet.categories[].tenants[]."); ok && rest != "name" {
		return "fleet.categories[]." + rest
	}
	if rest, ok := strings.CutPrefix(key, "provisioner.categories[]."); ok && rest != "name" {
		return "provisioner.process." + rest
	}
	return key
}

func TestEveryKeyIsDocumented(t *testing.T) {
	said := documented(t)
	for i, key := range said {
		if slices.Contains(said[:i], key) {
			t.Errorf("docs/configuration.md has %s twice", key)
		}
		known := slices.ContainsFunc(Keys(), func(k string) bool {
			return k == key || strings.HasPrefix(k, key+".") || strings.HasPrefix(k, key+"[]")
		})
		if !known {
			t.Errorf("docs/configuration.md has %s, which no file may have", key)
		}
	}
	for _, key := range Keys() {
		if !slices.Contains(said, saidOf(key)) {
			t.Errorf("docs/configuration.md says nothing of %s", key)
		}
	}
}

// The documentation's own snippets must be valid.
func TestDocumentedFiles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(docs, "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := bytes.Split(page, []byte("```yaml\n"))[1:]
	if len(blocks) == 0 {
		t.Fatal("no example in docs/configuration.md")
	}
	for _, b := range blocks {
		text, _, _ := bytes.Cut(b, []byte("```"))
		if _, err := Parse("docs/configuration.md", text); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var example []byte
	for line := range bytes.Lines(source) {
		if code, ok := bytes.CutPrefix(line, []byte("//\t")); ok {
			example = append(example, code...)
		}
	}
	if _, err := Parse("doc.go", example); err != nil {
		t.Errorf("%s\n%v", example, err)
	}
}

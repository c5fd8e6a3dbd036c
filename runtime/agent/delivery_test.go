package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"shadowpool/runtime/wire"
)

func placeOf(t *testing.T) *place {
	t.Helper()
	p, err := newPlace(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	secrets := p.secrets
	t.Cleanup(func() { _ = os.RemoveAll(secrets) })
	return p
}

func TestApply(t *testing.T) {
	p := placeOf(t)
	if p.secrets == "" {
		t.Skip("there is no file system in memory here")
	}
	r := &wire.Promotion{Claim: "c1", Tenant: "acme", TaskType: "train", Delivery: wire.Delivery{
		Environment: map[string]string{"B": "2", "A": "1"}, Secrets: map[string]string{"KEY": "hush"},
		Files: map[string][]byte{"conf/a.yaml": []byte("x: 1"), "run": {0, 1}},
	}}
	variables, err := p.apply(r, wire.SecretsInFiles)
	if err != nil || !slices.Equal(variables, []string{"A=1", "B=2"}) {
		t.Errorf("%v %v", variables, err)
	}
	for name, want := range map[string]string{
		filepath.Join(p.files, "conf", "a.yaml"): "x: 1", filepath.Join(p.files, "run"): "\x00\x01", filepath.Join(p.secrets, "KEY"): "hush",
	} {
		b, err := os.ReadFile(name)
		info, err2 := os.Stat(name)
		if err != nil || err2 != nil || string(b) != want || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %q %v %v", name, b, info, err)
		}
	}
	if runtime.GOOS == "linux" && !inMemory(p.secrets) {
		t.Errorf("%s is on a disk", p.secrets)
	}
	notice, err := os.ReadFile(p.notice)
	var told map[string]any
	if err != nil || json.Unmarshal(notice, &told) != nil || told["claim"] != "c1" || strings.Contains(string(notice), "hush") {
		t.Errorf("%s %v", notice, err)
	}
	// The next request finds nothing of it.
	if _, err := p.apply(&wire.Promotion{Claim: "c2"}, wire.SecretsInFiles); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{p.files, p.secrets} {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%v are left", left)
		}
	}
	variables, err = p.apply(r, wire.SecretsInEnvironment)
	if err != nil || !slices.Contains(variables, "KEY=hush") {
		t.Errorf("%v %v", variables, err)
	}
	if left, _ := os.ReadDir(p.secrets); len(left) > 0 {
		t.Errorf("%v were written", left)
	}
	if err := p.wipe(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.notice); !os.IsNotExist(err) {
		t.Error("the notice is left")
	}
}

// What a service has put into the folder leads nowhere else.
func TestApplyStaysInside(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(filepath.Join(outside, "victim"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out/x", "link", "../x", filepath.Join(outside, "x")} {
		if err := write(dir, map[string][]byte{name: []byte("x")}); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v were written outside", left)
	}
}

// Secrets never reach a disk: without a file system in memory they are refused.
func TestSecretsNeedMemory(t *testing.T) {
	p := placeOf(t)
	p.secrets = ""
	r := &wire.Promotion{Claim: "c", Delivery: wire.Delivery{Secrets: map[string]string{"KEY": "hush"}}}
	if _, err := p.apply(r, wire.SecretsInFiles); err == nil || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if dir := t.TempDir(); !inMemory(dir) {
		if _, err := newPlace(t.TempDir(), dir); err == nil {
			t.Errorf("%s passes for a file system in memory", dir)
		}
	}
}

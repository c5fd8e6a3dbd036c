package process_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
	"shadowpool/runtime/provisionertest"
)

// marked are the processes of a state folder's pool, with what instance each is
// of.
func marked(t *testing.T, folder string) map[string]string {
	t.Helper()
	id, err := os.ReadFile(filepath.Join(folder, "id"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		environment, _ := os.ReadFile(name) // it may be gone
		variables := strings.Split(string(environment), "\x00")
		ours, instance := false, ""
		for _, v := range variables {
			ours = ours || v == "SHADOWPOOL_POOL_ID="+string(bytes.TrimSpace(id))
			if after, ok := strings.CutPrefix(v, "SHADOWPOOL_INSTANCE="); ok {
				instance = after
			}
		}
		if ours {
			all[strings.Split(name, "/")[2]] = instance
		}
	}
	return all
}

// open opens a folder; what is left in it at the end of the test is ended.
func open(t *testing.T, folder string, configs map[string]process.Config) *process.Provisioner {
	t.Helper()
	p, err := process.Open(folder, configs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		names, _ := p.List(context.Background()) // none if it was closed
		for _, n := range names {
			_ = p.Stop(context.Background(), n)
		}
		_ = p.Close()
	})
	return p
}

func TestDurableConformance(t *testing.T) {
	t.Parallel()
	provisionertest.Run(t, func(t *testing.T) provisionertest.Fixture {
		folder := t.TempDir()
		configs, f := fixture()
		p := open(t, folder, configs)
		f.Provisioner = p
		f.Restart = func() (runtime.Provisioner, error) {
			if err := p.Close(); err != nil {
				return nil, err
			}
			p = open(t, folder, configs)
			return p, nil
		}
		f.Left = func() ([]string, error) {
			var left []string
			for pid, instance := range marked(t, folder) {
				left = append(left, "process "+pid+" of "+instance)
			}
			files, err := os.ReadDir(filepath.Join(folder, "instances"))
			for _, f := range files {
				left = append(left, f.Name())
			}
			return left, err
		}
		return f
	})
}

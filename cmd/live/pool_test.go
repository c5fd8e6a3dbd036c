//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// endPool kills what a test that has failed leaves of its pool.
func endPool(t *testing.T, state string) {
	t.Cleanup(func() {
		for pid := range ofPool(t, state) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
}

// ofPool are the processes that bear the mark of a state folder's pool, with
// what instance each is of.
func ofPool(t *testing.T, state string) map[int]string {
	t.Helper()
	id, err := os.ReadFile(filepath.Join(state, "id"))
	if err != nil {
		return nil
	}
	all := make(map[int]string)
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		environment, _ := os.ReadFile(name) // it may be gone
		variables := strings.Split(string(environment), "\x00")
		if !slices.Contains(variables, "SHADOWPOOL_POOL_ID="+string(bytes.TrimSpace(id))) {
			continue
		}
		var pid int
		_, _ = fmt.Sscanf(name, "/proc/%d/", &pid)
		for _, v := range variables {
			if instance, ok := strings.CutPrefix(v, "SHADOWPOOL_INSTANCE="); ok {
				all[pid] = instance
			}
		}
	}
	return all
}

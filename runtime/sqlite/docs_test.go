package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The documented backup can be made while a server writes.
func TestBackup(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "store.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^    sqlite3 pool.db "(.*'copy.db')"$`).FindStringSubmatch(string(page))
	if line == nil {
		t.Fatal("the documentation has no backup")
	}
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "pool.db"), filepath.Join(dir, "copy.db")
	l := leads(t, opened(t, path))
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			if err := l.Append(t.Context(), [][]byte{[]byte("line")}); err != nil {
				stopped <- err
				return
			}
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
		}
	}()
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(strings.Replace(line[1], "copy.db", copied, 1)); err != nil {
		t.Error(err)
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	_, all, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	backup := leads(t, opened(t, copied))
	_, lines, err := backup.Load(t.Context())
	if err != nil || len(lines) > len(all) {
		t.Errorf("%d lines of %d (%v)", len(lines), len(all), err)
	}
	if backup.Term() <= l.Term() {
		t.Errorf("term %d after %d", backup.Term(), l.Term())
	}
}

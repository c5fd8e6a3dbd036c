package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shadowpool/runtime"
)

// made is a file on which SQL was run.
func made(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pool.db")
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func tables(t *testing.T, s *Store) (all []string) {
	t.Helper()
	rows, err := s.db.Query("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func leads(t *testing.T, s *Store) runtime.Lead {
	t.Helper()
	l, err := s.Lead(t.Context(), runtime.Replica{Name: "one"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Files of every version that was released are brought up to date, with what
// is in them.
func TestReleasedSchemas(t *testing.T) {
	fresh := opened(t, filepath.Join(t.TempDir(), "fresh.db"))
	leads(t, fresh)
	for v := 1; v <= len(schemas); v++ {
		script, err := os.ReadFile(fmt.Sprintf("testdata/schema-%d.sql", v))
		if err != nil {
			t.Fatal(err)
		}
		s := opened(t, made(t, string(script)))
		l := leads(t, s)
		if l.Term() != 8 {
			t.Errorf("version %d: term %d after 7", v, l.Term())
		}
		if err := l.Append(t.Context(), [][]byte{[]byte("four")}); err != nil {
			t.Error(err)
		}
		snapshot, lines, err := l.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if string(snapshot) != "state" || string(bytes.Join(lines, []byte("|"))) != "one|two||three|four" {
			t.Errorf("version %d: became %q, %q", v, snapshot, lines)
		}
		if got, want := tables(t, s), tables(t, fresh); !slices.Equal(got, want) {
			t.Errorf("version %d: became %q, and a fresh file is %q", v, got, want)
		}
	}
}

// A change of the tables is carried out by the one that leads, as a whole or
// not at all.
func TestNextSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pool.db")
	released := schemas
	t.Cleanup(func() { schemas = released })
	old := opened(t, path)
	l := leads(t, old)

	schemas = append(slices.Clone(released), "ALTER TABLE journal ADD COLUMN more TEXT", "DROP TABLE lead; DROP TABLE nothing")
	s := opened(t, path)
	if err := l.Append(t.Context(), [][]byte{[]byte("one")}); err != nil {
		t.Errorf("while a newer version waits: %v", err)
	}
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lead(t.Context(), runtime.Replica{}); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a change that fails: %v", err)
	}
	if v, err := version(context.Background(), s.db); v != len(released) || err != nil {
		t.Errorf("a change that failed made it version %d (%v)", v, err)
	}

	schemas = schemas[:len(released)+1]
	l = leads(t, s)
	if _, lines, err := l.Load(t.Context()); err != nil || len(lines) != 1 {
		t.Errorf("lines %q (%v), want one", lines, err)
	}
	if v, err := version(context.Background(), s.db); v != len(schemas) || err != nil {
		t.Errorf("version %d (%v), want %d", v, err, len(schemas))
	}
}

// What is not ours, or newer than us, is refused and left as it is.
func TestOthersFiles(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; CREATE TABLE t (a)", mark, len(schemas)+1), "newer version of this program"},
		{"CREATE TABLE lead (one, term)", "database of something else"},
		{"PRAGMA user_version = 1", "database of something else"},
	} {
		path := made(t, c.script)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, path, c.want)
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed (%v)", c.script, err)
		}
		if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
			t.Errorf("%s: there are %v beside it (%v)", c.script, names, err)
		}
	}
	text := filepath.Join(t.TempDir(), "pool.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, text, "not a database")
	refused(t, t.TempDir(), "is a directory")
	refused(t, filepath.Join(t.TempDir(), "none", "pool.db"), "no such file or directory")
}

func refused(t *testing.T, path, want string) {
	t.Helper()
	s, err := Open(path)
	if err == nil {
		_ = s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want %s: %s", err, path, want)
	}
}

package postgres

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// run runs SQL as the role that owns the tables.
func run(t *testing.T, c Config, script string) {
	t.Helper()
	pool, err := connect(t.Context(), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), script); err != nil {
		t.Fatal(err)
	}
}

// tables are what the catalogue knows of them.
func tables(t *testing.T, s *Store) []string {
	t.Helper()
	rows, err := s.data.Query(t.Context(), `
		SELECT format('%s.%s %s null=%s storage=%s', attrelid::regclass, attname, format_type(atttypid, atttypmod), NOT attnotnull, attstorage)
		FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (SELECT oid FROM pg_class WHERE relname LIKE 'shadowpool%' AND relkind = 'r')
		UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text LIKE 'shadowpool%'
		UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text LIKE 'shadowpool%'
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) == 0 {
		t.Fatalf("%d tables (%v)", len(all), err)
	}
	return all
}

func versionOf(t *testing.T, s *Store) (v int) {
	t.Helper()
	if err := s.data.QueryRow(t.Context(), "SELECT version FROM shadowpool_schema").Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Tables of every version that was released are brought up to date, with what
// is in them.
func TestReleasedSchemas(t *testing.T) {
	_, c := database(t)
	want := tables(t, opened(t, c))
	for v := 1; v <= len(schemas); v++ {
		script, err := os.ReadFile(fmt.Sprintf("testdata/schema-%d.sql", v))
		if err != nil {
			t.Fatal(err)
		}
		_, c := database(t)
		run(t, c, string(script))
		s := opened(t, c)
		l := leads(t, s)
		if l.Term() != 8 {
			t.Errorf("version %d: term %d after 7", v, l.Term())
		}
		add(t, l, "four")
		holds(t, l, "one", "two", "", "three", "four")
		if snapshot, _, err := l.Load(t.Context()); err != nil || string(snapshot) != "state" {
			t.Errorf("version %d: the snapshot became %q (%v)", v, snapshot, err)
		}
		if got := tables(t, s); !slices.Equal(got, want) {
			t.Errorf("version %d became\n%s\nand a fresh database is\n%s", v, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := versionOf(t, s); got != len(schemas) {
			t.Errorf("version %d became %d", v, got)
		}
	}
}

// A change of the tables is carried out once, as a whole or not at all, while
// others go on.
func TestNextSchema(t *testing.T) {
	_, c := database(t)
	released := schemas
	t.Cleanup(func() { schemas = released })
	l := leads(t, opened(t, c))

	schemas = append(slices.Clone(released), "ALTER TABLE shadowpool_journal ADD COLUMN more text", "DROP TABLE shadowpool_lead; DROP TABLE nothing")
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), `"nothing" does not exist`) {
		t.Errorf("a change that fails: %v", err)
	}
	add(t, l, "one")

	schemas = schemas[:len(released)+1]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	add(t, l, "two")
	holds(t, l, "one", "two")
	if got := versionOf(t, opened(t, c)); got != len(schemas) {
		t.Errorf("version %d, want %d", got, len(schemas))
	}
}

// Several servers may be the first at the same time.
func TestFirstTogether(t *testing.T) {
	_, c := database(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Tables of a newer version are refused and left as they are.
func TestNewerSchema(t *testing.T) {
	_, c := database(t)
	run(t, c, fmt.Sprintf("CREATE TABLE shadowpool_schema (version int NOT NULL); INSERT INTO shadowpool_schema VALUES (%d)", len(schemas)+1))
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "newer version of this program") {
		t.Errorf("%v", err)
	}
	run(t, c, fmt.Sprintf("DO $$ BEGIN ASSERT (SELECT version FROM shadowpool_schema) = %d; ASSERT to_regclass('shadowpool_lead') IS NULL; END $$", len(schemas)+1))
}

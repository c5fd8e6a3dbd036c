package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime/postgres/postgrestest"
)

// What the documentation has an administrator do works, in its order.
func TestDocumentedSQL(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "store.md"))
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(page, -1) {
		for statement := range strings.SplitSeq(string(block[1]), ";\n") {
			if strings.TrimSpace(statement) != "" {
				statements = append(statements, statement)
			}
		}
	}
	server := postgrestest.Start(t)
	run := func(database string, statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if err := server.Exec(database, statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	url := strings.Replace(server.Database(t, "other"), "/other", "/pools", 1)
	run("postgres", "DROP DATABASE other", "DROP ROLE pool")
	const makes = 2
	if len(statements) != makes+6 || !strings.Contains(statements[0], "change me") {
		t.Fatalf("the documentation has other statements: %q", statements)
	}
	run("postgres", statements[:makes]...)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("change me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := opened(t, Config{URL: url, PasswordFile: file, Pool: "east", Lease: time.Minute})
	l := leads(t, s)
	add(t, l, `{"line": 1}`)
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	backUp(t, server, string(page), url, file)
	run("pools", statements[makes:]...)
	l = leads(t, s)
	holds(t, l)
	if l.Term() != 1 {
		t.Errorf("term %d of a pool that was removed", l.Term())
	}
}

// backUp makes the backup as documented, and restores it into an empty database.
func backUp(t *testing.T, server *postgrestest.Server, page, url, file string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^    pg_dump (.*) --file copy.sql postgres:\S+$`).FindStringSubmatch(page)
	if line == nil {
		t.Fatal("the documentation has no pg_dump")
	}
	t.Setenv("PGPASSWORD", "change me")
	copied := filepath.Join(t.TempDir(), "copy.sql")
	arguments := append(strings.Fields(strings.ReplaceAll(line[1], "'", "")), "--file", copied, url)
	if said, err := exec.Command(server.Program("pg_dump"), arguments...).CombinedOutput(); err != nil {
		t.Fatalf("pg_dump: %v\n%s", err, said)
	}
	restored := server.Database(t, "restored")
	if said, err := exec.Command(server.Program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", copied, restored).CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, said)
	}
	l := leads(t, opened(t, Config{URL: restored, PasswordFile: file, Pool: "east", Lease: time.Minute}))
	holds(t, l, `{"line": 1}`)
	add(t, l, "more")
}

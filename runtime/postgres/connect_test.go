package postgres

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// No error has the password in it, wherever it came from.
func TestPasswordIsSecret(t *testing.T) {
	_, c := database(t)
	const secret = "not-for-the-log"
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	const nobody = "@127.0.0.1:1/pool?connect_timeout=1"
	for _, bad := range []Config{
		{URL: c.URL, PasswordFile: file},
		{URL: strings.Replace(c.URL, "pool@", "pool:"+secret+"@", 1)},
		{URL: "postgres://pool" + nobody, PasswordFile: file},
		{URL: "postgres://pool:" + secret + nobody},
		{URL: "postgres://pool:" + secret + "@127.0.0.1:port/pool"},
		{URL: "postgres://pool:" + secret + "@127.0.0.1:5432/pool?sslmode=none"},
		{URL: "postgres://pool:" + secret + "%zz@127.0.0.1:5432/pool"},
		{URL: "host=127.0.0.1 port=x user=pool password=" + secret},
		{URL: "host=127.0.0.1 port=x user=pool password='" + secret + "'"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := Open(ctx, bad)
		cancel()
		if err == nil {
			t.Errorf("%+v: no error", bad)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%+v: the password is in the error: %v", bad, err)
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the password is in the log: %s", log.String())
	}
}

// The password may come from the environment, and one in a file may change.
func TestPassword(t *testing.T) {
	name, c := database(t)
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", strings.TrimSpace(string(text)))
	opened(t, Config{URL: c.URL, Pool: "environment"})

	t.Setenv("PGPASSWORD", "another")
	if s, err := Open(t.Context(), Config{URL: c.URL, Pool: "environment"}); err == nil {
		_ = s.Close()
		t.Error("any password will do")
	}

	c.PasswordFile = filepath.Join(t.TempDir(), "password")
	c.URL = strings.Replace(c.URL, "pool@", "changing@", 1)
	for _, password := range []string{"first", "second"} {
		for _, statement := range []string{
			"DO $$ BEGIN CREATE ROLE changing LOGIN IN ROLE pool; EXCEPTION WHEN duplicate_object THEN END $$",
			"ALTER ROLE changing PASSWORD '" + password + "'",
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'changing'",
		} {
			if err := shared.Exec(name, statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(c.PasswordFile, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		s := opened(t, c)
		l := leads(t, s)
		add(t, l, password)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}

	c.PasswordFile += "-of-nobody"
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), c.PasswordFile) {
		t.Errorf("without the password's file: %v", err)
	}
}

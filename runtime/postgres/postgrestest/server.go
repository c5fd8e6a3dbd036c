// Package postgrestest runs a PostgreSQL for tests, which is really one.
package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Install is how to get what the tests are skipped without.
const Install = "apt-get install postgresql"

// ErrMissing is a machine without PostgreSQL.
var ErrMissing = errors.New("no PostgreSQL on this machine: " + Install)

const (
	admin, role    = "postgres", "pool"
	password       = "a-secret-of-tests"
	patience       = 30 * time.Second
	socketOf       = ".s.PGSQL.5432"
	connectTimeout = 2 * time.Second
)

// A Server is a PostgreSQL of its own, which is reached by a socket in a
// temporary folder.
type Server struct {
	// PasswordFile has the password of the role that URLs name.
	PasswordFile string

	programs string // folder of initdb and postgres
	dir      string // of the socket and the data
	cmd      *exec.Cmd
	log      bytes.Buffer
	ended    chan struct{} // closed when cmd has
}

// Start runs a server until the test ends, and skips the test where it is not
// installed.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// New runs a server until it is closed. The error is ErrMissing where it is
// not installed.
func New() (*Server, error) {
	programs, err := find()
	if err != nil {
		return nil, err
	}
	// Not a test's own folder: its name is too long for a socket, and others
	// may not look into it.
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, dir: dir, PasswordFile: filepath.Join(dir, "password")}
	if err := s.make(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) make() error {
	if err := os.WriteFile(s.PasswordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	initdb := exec.Command(s.Program("initdb"), "--pgdata", s.data(), "--username", admin, "--pwfile", s.PasswordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if err := unprivileged(initdb, s.dir, s.PasswordFile); err != nil {
		return err
	}
	initdb.Dir = s.dir
	if said, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, said)
	}
	if err := s.Run(); err != nil {
		return err
	}
	return s.Exec(admin, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", role, password))
}

// Program is the path of one of PostgreSQL's programs, such as pg_dump.
func (s *Server) Program(name string) string { return filepath.Join(s.programs, name) }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// find is the folder of the newest PostgreSQL's programs.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(all) == 0 {
		return "", ErrMissing
	}
	return filepath.Dir(all[len(all)-1]), nil
}

// Run starts a server that was stopped or killed, and returns when it answers.
func (s *Server) Run() error {
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if s.cmd == nil {
			if err := s.start(); err != nil {
				return err
			}
		}
		err := s.Exec(admin, "SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w\n%s", err, s.log.Bytes())
		}
		select {
		case <-s.ended: // it may find that parts of one that was killed still end
			s.cmd = nil
		default:
		}
	}
}

func (s *Server) start() error {
	cmd := exec.Command(s.Program("postgres"), "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200")
	if err := unprivileged(cmd); err != nil {
		return err
	}
	cmd.Dir = s.dir
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	return nil
}

// Kill ends the server with SIGKILL, which is what it takes for a crash. Run
// starts it again.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal os.Signal) {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(signal)
		<-s.ended
		s.cmd = nil
	}
}

// Close ends the server and removes what it kept.
func (s *Server) Close() error {
	s.end(syscall.SIGQUIT)
	return os.RemoveAll(s.dir)
}

// Exec runs a statement as the administrator, in the database of that name.
func (s *Server) Exec(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url(url.UserPassword(admin, password), database))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, statement)
	return err
}

// Database makes a database and returns its URL, without the password.
func (s *Server) Database(t testing.TB, name string) string {
	t.Helper()
	if err := s.Exec(admin, fmt.Sprintf("CREATE DATABASE %s OWNER %s", pgx.Identifier{name}.Sanitize(), role)); err != nil {
		t.Fatal(err)
	}
	return s.url(url.User(role), name)
}

func (s *Server) url(user *url.Userinfo, database string) string {
	u := url.URL{Scheme: "postgres", User: user, Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

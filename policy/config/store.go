package config

import (
	"net/url"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Store is where a live server keeps what it must not forget, in one of
// SQLite and PostgreSQL; in none of them, nothing is kept. The simulator checks
// it and uses nothing of it.
type Store struct {
	SQLite   string // path of the file; relative to the directory of the configuration
	Postgres Postgres
	// Lease is how long a leader that is not heard of leads, of those that share
	// a PostgreSQL.
	Lease time.Duration
}

// Postgres is where a database is; what package runtime/postgres needs to know.
type Postgres struct {
	URL          string // without a password; empty is no PostgreSQL
	PasswordFile string // path, relative to the directory of the configuration; empty is none
	Pool         string // tells apart those that share the database
}

// Defaults of a store in PostgreSQL.
const (
	DefaultLease = 5 * time.Second
	DefaultPool  = "default"
)

func store(to *Store) schema {
	return object{
		fields: []field{
			{key: "sqlite", schema: name(&to.SQLite)},
			{key: "postgres", schema: database(&to.Postgres)},
			{key: "lease", schema: span(&to.Lease, time.Second, 10*time.Minute)},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			switch {
			case given["sqlite"] != nil && given["postgres"] != nil:
				p.fail(n, path, "has both sqlite and postgres; keep one")
			case given["sqlite"] == nil && given["postgres"] == nil:
				p.fail(n, path, "has neither sqlite nor postgres; give one, such as sqlite: pool.db, or remove the section")
			case given["sqlite"] != nil && given["lease"] != nil:
				p.fail(given["lease"], join(path, "lease"), "is for postgres: a file of SQLite has one server, whose lock ends with it")
			case given["postgres"] != nil && given["lease"] == nil:
				to.Lease = DefaultLease
			}
		},
	}
}

func database(to *Postgres) schema {
	return object{
		fields: []field{
			{key: "url", required: "where the database is, such as url: postgres://pool@db.internal/shadowpool", schema: databaseURL{to}},
			{key: "password_file", schema: name(&to.PasswordFile)},
			{key: "pool", schema: name(&to.Pool)},
		},
		check: func(_ *parser, _ *yaml.Node, _ string, given map[string]*yaml.Node) {
			if given["pool"] == nil {
				to.Pool = DefaultPool
			}
		},
	}
}

// A databaseURL may have a password in it, which is refused: nothing of it is
// in errors.
type databaseURL struct{ to *Postgres }

func (d databaseURL) keys(path string) []string { return []string{path} }

func (d databaseURL) read(p *parser, n *yaml.Node, path string) {
	if !p.want(n, yaml.ScalarNode, path, "a value") {
		return
	}
	u, err := url.Parse(n.Value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Opaque != "" || u.Fragment != "" || len(n.Value) > maxText {
		p.fail(n, path, "want a URL such as postgres://pool@db.internal:5432/shadowpool?sslmode=verify-full")
		return
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		p.fail(n, path, "has parameters that cannot be read; write them as ?NAME=VALUE&NAME=VALUE")
		return
	}
	if _, has := u.User.Password(); has || parameters.Has("password") || parameters.Has("sslpassword") {
		p.fail(n, path, "has a password; put it into a file of its own and name that as password_file, or into the server's environment as PGPASSWORD")
		return
	}
	d.to.URL = n.Value
}

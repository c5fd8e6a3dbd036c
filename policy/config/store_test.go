package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStores(t *testing.T) {
	for _, c := range []struct {
		text string
		want Store
	}{
		{"", Store{}},
		{"store: {sqlite: pool.db}\n", Store{SQLite: "pool.db"}},
		{"store: {postgres: {url: 'postgresql:///pools?host=/run/postgresql'}}\n", Store{
			Postgres: Postgres{URL: "postgresql:///pools?host=/run/postgresql", Pool: DefaultPool}, Lease: DefaultLease,
		}},
		{"store: {postgres: {url: 'postgres://pool@a:5432,b:5432/pools?target_session_attrs=read-write'}, lease: 10s}\n", Store{
			Postgres: Postgres{URL: "postgres://pool@a:5432,b:5432/pools?target_session_attrs=read-write", Pool: DefaultPool}, Lease: 10 * time.Second,
		}},
	} {
		if d := cmp.Diff(c.want, parseText(t, minimal(c.text)).Store); d != "" {
			t.Errorf("%s%s", c.text, d)
		}
	}
}

package config

import (
	"testing"

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
	} {
		if d := cmp.Diff(c.want, parseText(t, minimal(c.text)).Store); d != "" {
			t.Errorf("%s%s", c.text, d)
		}
	}
}

package wire_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"shadowpool/policy/plan"
	"shadowpool/runtime/wire"
)

var key = bytes.Repeat([]byte{7}, wire.KeyBytes)

func TestToken(t *testing.T) {
	i := wire.Identity{Name: "ab-1", Pool: "gpu@eu-a~acme", Category: "gpu", Zone: "eu-a", Tenant: "acme"}
	token := wire.Token(key, i)
	got, shown, secret, err := wire.ParseToken(token)
	if err != nil || got != i || !bytes.Equal(secret, wire.Secret(key, shown)) {
		t.Fatalf("%+v %v", got, err)
	}
	// Who changes the identity, or has another key, has another secret.
	i.Tenant = "globex"
	other := i.Encode()
	if bytes.Equal(wire.Secret(key, other), secret) || bytes.Equal(wire.Secret(bytes.Repeat([]byte{8}, wire.KeyBytes), shown), secret) {
		t.Error("a secret that does not depend on identity and key")
	}
	for _, bad := range []string{"", ".", shown, shown + ".", shown + ".AAAA", "!." + strings.SplitN(token, ".", 2)[1], strings.Repeat("A", 5000) + "." + strings.SplitN(token, ".", 2)[1]} {
		if _, _, _, err := wire.ParseToken(bad); err == nil {
			t.Errorf("%q is a token", bad)
		} else if bad != "" && strings.Contains(err.Error(), bad) && len(bad) > 1 {
			t.Errorf("the error has the token: %v", err)
		}
	}
}

// Each part of a message is signed, and none can be moved into its neighbour.
func TestSignatures(t *testing.T) {
	secret := wire.Secret(key, "x")
	sum := wire.SignRequest(secret, "POST", "/v1", "n", []byte("body"))
	for _, other := range []string{
		wire.SignRequest(secret, "PUT", "/v1", "n", []byte("body")), wire.SignRequest(secret, "POST", "/v1n", "", []byte("body")),
		wire.SignRequest(secret, "POST", "/v1", "nb", []byte("ody")), wire.SignRequest(secret, "POST", "/v1", "n", []byte("body ")),
		wire.SignRequest(wire.Secret(key, "y"), "POST", "/v1", "n", []byte("body")),
		wire.SignAnswer(secret, "n", 200, []byte("body")),
	} {
		if wire.Same(sum, other) {
			t.Error("two messages have the same MAC")
		}
	}
	if wire.Same(wire.SignAnswer(secret, "n", 200, nil), wire.SignAnswer(secret, "n", 409, nil)) {
		t.Error("the status is not signed")
	}
}

func TestPlainNames(t *testing.T) {
	for name, plain := range map[string]bool{
		"imagenet": true, "org/model": true, "a/b.c/d_e-f@1:2+3=4": true, "7b": true,
		"": false, "..": false, "a/../b": false, "a//b": false, "/a": false, "a/": false, "-rf": false, "a/-x": false, ".hidden": false,
		"a b": false, "a;b": false, "$(id)": false, "a%2e": false, "a?b": false, "a#b": false, "ä": false, "a\n": false, "a\\b": false, strings.Repeat("a", 257): false,
	} {
		if wire.Plain(name) != plain {
			t.Errorf("%q: %v", name, !plain)
		}
	}
}

func TestRecipes(t *testing.T) {
	s := wire.Settings{Recipes: []wire.Recipe{
		{Kind: "prefetch", Name: "acme-*", URL: "https://a/{name}", Private: true},
		{Kind: "prefetch", Name: "*", URL: "https://b/{name}"},
		{Kind: "task", Name: "train", Command: []string{"x"}},
	}}
	for _, c := range []struct {
		kind plan.Kind
		name string
		at   int
	}{
		{plan.Prefetch, "acme-1", 0}, {plan.Prefetch, "other", 1}, {plan.Prefetch, "org/other", 1}, {plan.Task, "train", 2},
		{plan.Task, "other", -1}, {plan.Image, "x", -1}, {plan.Prefetch, "../x", -1},
	} {
		r, ok := s.Find(c.kind, c.name)
		if ok != (c.at >= 0) || ok && r != &s.Recipes[c.at] {
			t.Errorf("%v %q: %+v", c.kind, c.name, r)
		}
	}
	for _, bad := range []wire.Recipe{
		{}, {Kind: "prefetch", Name: "*"}, {Kind: "prefetch", Name: "*", Command: []string{"x"}}, {Kind: "task", Name: "*", URL: "x"},
		{Kind: "cache", Name: "*", Command: []string{"x"}}, {Kind: "task", Name: "[", Command: []string{"x"}}, {Kind: "task", Name: "*", Command: []string{""}},
		{Kind: "task", Name: "*", Command: []string{"x"}, Files: []string{"y"}}, {Kind: "later", Name: "*", Command: []string{"x"}},
	} {
		if bad.Validate() == nil {
			t.Errorf("%+v is a recipe", bad)
		}
	}
}

func TestDeliveries(t *testing.T) {
	good := wire.Delivery{Environment: map[string]string{"A_1": "x"}, Secrets: map[string]string{"KEY": "y"}, Files: map[string][]byte{"a/b": nil, "c": {1}}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]wire.Delivery{
		"climbs":        {Files: map[string][]byte{"../x": nil}},
		"climbs within": {Files: map[string][]byte{"a/../../x": nil}},
		"absolute":      {Files: map[string][]byte{"/etc/passwd": nil}},
		"unclean":       {Files: map[string][]byte{"a//b": nil}},
		"dot":           {Files: map[string][]byte{".": nil}},
		"backslash":     {Files: map[string][]byte{`a\b`: nil}},
		"zero":          {Files: map[string][]byte{"a\x00": nil}},
		"below a file":  {Files: map[string][]byte{"a": nil, "a/b": nil}},
		"ours":          {Environment: map[string]string{"SHADOWPOOL_X": "1"}},
		"loader":        {Environment: map[string]string{"LD_PRELOAD": "1"}},
		"digit":         {Environment: map[string]string{"1A": "1"}},
		"equals":        {Secrets: map[string]string{"A=B": "1"}},
		"slash":         {Secrets: map[string]string{"../A": "1"}},
		"zero value":    {Environment: map[string]string{"A": "hush\x00"}},
		"secret":        {Secrets: map[string]string{"A": "hush" + strings.Repeat("x", 200<<10)}},
	} {
		if err := bad.Validate(); err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("the error tells the value: %.100v", err)
		}
	}
}

// What is decoded is valid, and is decoded again from what it is written as.
// Neither side panics, whatever the other says.
func FuzzMessages(f *testing.F) {
	p, err := plan.Plan{Steps: []plan.Step{{Kind: plan.Task, Name: "x"}}}.JSON()
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range []any{
		wire.Registration{Version: wire.Version, Boot: "b", State: wire.Serving, Claim: "c", Done: []wire.Step{{Kind: "prefetch", Name: "d", Fraction: 0.5, Seconds: 1, Bytes: 2, Whole: 4}}},
		wire.Ask{Session: "s", After: 3, WaitS: 25},
		wire.Report{Session: "s", First: 2, Events: []wire.Event{
			{Kind: wire.EventReady, Address: "a"}, {Kind: wire.EventPromoted, Claim: "c", StoppedS: 0.1}, {Kind: wire.EventStopped},
			{Kind: wire.EventUsage, Claim: "c", Usage: &wire.Usage{Seconds: 1, Datasets: []wire.Use{{Name: "d", Read: 0.25, Size: 9, Sent: 2}}}},
		}},
		wire.Welcome{Session: "s", Settings: wire.Settings{SecretsIn: wire.SecretsInFiles, OrphanS: 1, OrphanServingS: 2, Recipes: []wire.Recipe{{Kind: "task", Name: "*", Command: []string{"x"}}}}},
		wire.Orders{Orders: []wire.Order{
			{Seq: 1, Kind: wire.OrderPlan, Plan: p}, {Seq: 2, Kind: wire.OrderRelease, Claim: "c"}, {Seq: 3, Kind: wire.OrderStop},
			{Seq: 4, Kind: wire.OrderPromote, Promotion: &wire.Promotion{Claim: "c", Delivery: wire.Delivery{Files: map[string][]byte{"a/b": {1}}, Secrets: map[string]string{"A": "b"}}}},
		}},
		wire.Received{Next: 4},
	} {
		b, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again[wire.Registration](t, data)
		again[wire.Ask](t, data)
		again[wire.Report](t, data)
		again[wire.Welcome](t, data)
		again[wire.Orders](t, data)
		again[wire.Received](t, data)
		again[wire.Identity](t, data)
		if i, _, secret, err := wire.ParseToken(string(data)); err == nil && (i.Validate() != nil || len(secret) != 32) {
			t.Errorf("%+v of a token", i)
		}
	})
}

func again[T wire.Message](t *testing.T, data []byte) {
	m, err := wire.Decode[T](data)
	if err != nil {
		return
	}
	if err := m.Validate(); err != nil {
		t.Errorf("%+v was decoded, and is not valid: %v", m, err)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wire.Decode[T](b)
	if err != nil {
		t.Fatalf("%s was written, and cannot be read: %v", b, err)
	}
	if c, _ := json.Marshal(n); !bytes.Equal(b, c) && !reflect.DeepEqual(m, n) {
		t.Errorf("%s became %s", b, c)
	}
}

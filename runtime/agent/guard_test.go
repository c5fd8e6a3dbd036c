package agent

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func guardOf(t *testing.T, prefixes ...string) *guard {
	t.Helper()
	g, err := newGuard(prefixes)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuard(t *testing.T) {
	g := guardOf(t, "https://data.example/sets/", "http://10.0.0.5:8080/")
	for text, allowed := range map[string]bool{
		"https://data.example/sets/a":                true,
		"https://DATA.example:443/sets/a/b?part=1":   true,
		"http://10.0.0.5:8080/x":                     true,
		"http://data.example/sets/a":                 false, // in the clear
		"https://data.example/secrets/a":             false,
		"https://data.example/sets":                  false,
		"https://data.example/sets/../secrets/a":     false,
		"https://data.example/sets/%2e%2e/secrets/a": false,
		"https://data.example/sets/..%2fsecrets/a":   false,
		"https://data.example/sets/a%2Fb":            false,
		"https://data.example/sets//a":               false,
		"https://data.example:444/sets/a":            false,
		"https://data.example.evil.example/sets/a":   false,
		"https://data.example@evil.example/sets/a":   false,
		"https://me:pw@data.example/sets/a":          false,
		"file:///sets/a":                             false,
		"http://10.0.0.5:8081/x":                     false,
		"http://169.254.169.254/latest/meta-data":    false,
	} {
		u, err := url.Parse(text)
		if err == nil {
			err = g.check(u)
		}
		if (err == nil) != allowed {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, bad := range []string{"", "data.example/", "https:///x/", "ftp://a/", "https://a", "https://a/b", "https://u@a/", "https://a/?q", "https://a/#f", "https://a/../", "https://a/%2e%2e/"} {
		if _, err := newGuard([]string{bad}); err == nil {
			t.Errorf("%q is a prefix", bad)
		}
	}
}

// What a name resolves to is looked at when it is dialled.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		prefix, address string
		allowed         bool
	}{
		{"https://data.example/", "93.184.216.34", true},
		{"https://data.example/", "10.1.2.3", true},
		{"https://data.example/", "127.0.0.1", false},
		{"https://data.example/", "::1", false},
		{"https://data.example/", "::ffff:127.0.0.1", false},
		{"https://data.example/", "169.254.169.254", false},
		{"https://data.example/", "::ffff:169.254.169.254", false},
		{"https://data.example/", "64:ff9b::a9fe:a9fe", false}, // the same, by NAT64
		{"https://data.example/", "fe80::1%eth0", false},
		{"https://data.example/", "fd00:ec2::254", false},
		{"https://data.example/", "100.100.100.200", false},
		{"https://data.example/", "0.0.0.0", false},
		{"https://data.example/", "224.0.0.1", false},
		{"http://localhost:9/", "127.0.0.1", true},
		{"http://127.0.0.1:9/", "127.0.0.1", true},
		{"http://127.0.0.1:9/", "127.0.0.2", false},
		{"http://169.254.10.10/", "169.254.10.10", true},
		{"http://169.254.10.10/", "169.254.169.254", false},
		{"http://[fe80::1]/", "fe80::1%eth0", true},
	} {
		err := guardOf(t, c.prefix).address(netip.MustParseAddr(c.address))
		if (err == nil) != c.allowed {
			t.Errorf("%s for %s: %v", c.address, c.prefix, err)
		}
	}
}

// A name that is allowed and leads to this machine is refused by its address.
func TestRebinding(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	// A name under localhost resolves to the loopback interface (RFC 6761).
	g := guardOf(t, "http://data.localhost:"+port+"/")
	if _, err := g.client().Get("http://data.localhost:" + port + "/x"); err == nil {
		t.Error("it was reached")
	} else {
		t.Log(err)
	}
}

func TestRedirects(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) }))
	defer inner.Close()
	hops := 0
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sets/out":
			http.Redirect(w, r, inner.URL+"/sets/x", http.StatusFound)
		case "/sets/up":
			w.Header().Set("Location", "/other/x")
			w.WriteHeader(http.StatusFound)
		case "/sets/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/sets/round":
			hops++
			http.Redirect(w, r, "/sets/round", http.StatusFound)
		case "/sets/in":
			http.Redirect(w, r, "/sets/there", http.StatusFound)
		case "/sets/there":
			_, _ = w.Write([]byte("data"))
		default:
			t.Errorf("%s was asked for", r.URL)
		}
	}))
	defer outer.Close()
	client := guardOf(t, outer.URL+"/sets/").client()
	for _, bad := range []string{"out", "up", "file", "round"} {
		if a, err := client.Get(outer.URL + "/sets/" + bad); err == nil {
			t.Errorf("%s: %s", bad, a.Status)
		}
	}
	if hops != mostRedirects+1 {
		t.Errorf("%d hops", hops)
	}
	if _, err := client.Get(outer.URL + "/sets/in"); err != nil {
		t.Error(err)
	}
}

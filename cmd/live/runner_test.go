package main

import "testing"

// TestAdvertised: others reach a server where it listens, unless that is
// everywhere, or it says where.
func TestAdvertised(t *testing.T) {
	for _, tt := range []struct{ reached, address, want string }{
		{"", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"", "https://10.0.0.7:8443", "https://10.0.0.7:8443"},
		{"", "http://0.0.0.0:8080", "http://live-1:8080"},
		{"", "https://[::]:8443", "https://live-1:8443"},
		{"https://live.internal", "http://[::]:8080", "https://live.internal"},
	} {
		got, err := (&settings{reached: tt.reached}).advertised(tt.address, "live-1")
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
}

package process

import (
	"fmt"
	"net"
	"testing"
)

// TestPorts: no port is given out that another instance has, listening or not,
// or that a stranger listens on, and few are the kernel's to give.
func TestPorts(t *testing.T) {
	t.Parallel()
	p := &Provisioner{instances: make(map[string]*instance)}
	stranger, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	seen := map[int]bool{stranger.Addr().(*net.TCPAddr).Port: true}
	for n := range 3000 {
		i := &instance{record: record{Name: fmt.Sprint("x-", n)}}
		if err := p.reserve(i); err != nil {
			t.Fatal(err)
		}
		if seen[i.Port] || i.Port < firstPort || i.Port > lastPort {
			t.Fatalf("port %d, after %d others", i.Port, n)
		}
		seen[i.Port] = true
		p.instances[i.Name] = i
	}
}

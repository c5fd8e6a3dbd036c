package postgrestest

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// A Proxy is a way to a server by TCP, which can be cut and stalled.
type Proxy struct {
	listener net.Listener
	server   string // path of its socket
	all      sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // of what follows
	cut     bool
	stalled bool
	era     int // of the connections that something passes on
	open    map[net.Conn]bool
}

// Proxy starts one, which ends with the test.
func (s *Server) Proxy(t testing.TB) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: filepath.Join(s.dir, socketOf), open: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		p.all.Wait()
	})
	return p
}

// Through is the URL of a database by way of the proxy.
func (p *Proxy) Through(database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	u.Host = p.listener.Addr().String()
	u.RawQuery = "sslmode=disable"
	return u.String(), nil
}

// Cut ends all connections, and refuses new ones until Restore.
func (p *Proxy) Cut() { p.set(true, false) }

// Stall lets nothing pass, and no end of a connection, until Restore: as a
// network does that loses everything.
func (p *Proxy) Stall() { p.set(false, true) }

// Forget lets nothing more pass on the connections that are open, and no end of
// them: as a firewall does to those that were idle for long.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.era++
}

// Restore ends what Cut and Stall began.
func (p *Proxy) Restore() { p.set(false, false) }

func (p *Proxy) set(cut, stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.stalled = cut, stalled
	if cut {
		for c := range p.open {
			_ = c.Close()
		}
	}
	p.changed.Broadcast()
}

// pass waits while nothing passes on a connection of that era, and says whether
// anything will.
func (p *Proxy) pass(era int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stalled || era != p.era && !p.cut {
		p.changed.Wait()
	}
	return !p.cut
}

func (p *Proxy) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.era
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.connect(client) })
	}
}

func (p *Proxy) connect(client net.Conn) {
	defer client.Close()
	era := p.now()
	if !p.pass(era) {
		return
	}
	server, err := net.Dial("unix", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	defer p.remove(client, server)
	if !p.add(client, server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client, era) })
	both.Go(func() { p.copy(client, server, era) })
	both.Wait()
}

func (p *Proxy) add(all ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range all {
		p.open[c] = true
	}
	return !p.cut
}

func (p *Proxy) remove(all ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range all {
		delete(p.open, c)
	}
}

// copy copies until either side ends, and then ends both.
func (p *Proxy) copy(to, from net.Conn, era int) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if !p.pass(era) || err != nil {
			break
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
}

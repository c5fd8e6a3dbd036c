package process

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// pollEvery is how often readiness is asked for over the network, or looked for
// in a file.
const pollEvery = 20 * time.Millisecond

// await returns the address of a process when it is ready.
func (r *recipe) await(ctx context.Context, c *child, port int) (string, error) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for r.line != nil {
		select {
		case address := <-c.output.ready:
			return address, nil
		case <-ticker.C:
			c.output.catchUp()
		case <-c.gone:
			return "", exited(c)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for {
		if r.answers(ctx, address) {
			if r.Ready.HTTP != "" {
				address = "http://" + address
			}
			return address, nil
		}
		select {
		case <-ticker.C:
		case <-c.gone:
			return "", exited(c)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

func exited(c *child) error {
	if c.err == nil {
		return fmt.Errorf("the process ended before it was ready")
	}
	return fmt.Errorf("the process ended before it was ready: %w", c.err)
}

// asker asks for readiness; it keeps no connection and follows nothing.
var asker = &http.Client{
	Timeout:       time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answers asks once.
func (r *recipe) answers(ctx context.Context, address string) bool {
	if r.Ready.TCP {
		d := net.Dialer{Timeout: time.Second}
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+r.Ready.HTTP, nil)
	if err != nil {
		return false
	}
	answer, err := asker.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	return answer.StatusCode/100 == 2
}

// reserve finds a port for an instance that nobody listens on, and that no other
// instance was given. A stranger may take it before the instance does: then the
// instance fails, and is launched again.
func (p *Provisioner) reserve(i *instance) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var refused []net.Listener // until the end, so as not to be offered again
	defer func() {
		for _, l := range refused {
			l.Close()
		}
	}()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return refusal(fmt.Errorf("no free port: %w", err))
		}
		port := l.Addr().(*net.TCPAddr).Port
		refused = append(refused, l)
		if !p.given(port) {
			i.Port = port
			return nil
		}
	}
}

// given tells whether an instance has a port.
func (p *Provisioner) given(port int) bool {
	for _, i := range p.instances {
		if i.Port == port {
			return true
		}
	}
	return false
}

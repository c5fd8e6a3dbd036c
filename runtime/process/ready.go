package process

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// pollEvery is how often readiness is asked for over the network, or looked for
// in a file, there sooner at first.
const pollEvery = 20 * time.Millisecond

// await returns the address of a process when it is ready.
func (r *recipe) await(ctx context.Context, c *child, name string, port int) (string, error) {
	if r.Ready.Agent {
		return r.awaitAgent(ctx, c, name, port)
	}
	if r.line != nil {
		return c.line(ctx)
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
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

// line waits for the line that says ready, and returns the address in it.
func (c *child) line(ctx context.Context) (string, error) {
	wait := time.Millisecond
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case address := <-c.output.ready:
			return address, nil
		case <-timer.C:
			c.output.catchUp()
			wait = min(2*wait, pollEvery)
			timer.Reset(wait)
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

// Ports are taken from these, where they are free: the kernel gives them to
// nobody who asks for any, so no stranger takes one between our looking and the
// instance's listening, and no question for readiness can come from the very
// port that it goes to, and so answer itself.
const (
	firstPort = 20_000
	lastPort  = 32_767
	portTries = 200 // then it is one that the kernel gives
)

// reserve finds a port for an instance that nobody listens on, and that no other
// instance was given.
func (p *Provisioner) reserve(i *instance) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	given := make(map[int]bool, len(p.instances))
	for _, other := range p.instances {
		given[other.Port] = true
	}
	for range portTries {
		port := firstPort + rand.IntN(lastPort+1-firstPort)
		if given[port] {
			continue
		}
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			i.Port = port
			return l.Close()
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return refusal(fmt.Errorf("no free port: %w", err))
	}
	i.Port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

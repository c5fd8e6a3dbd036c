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

// pollEvery is how often readiness is asked for over the network.
const pollEvery = 20 * time.Millisecond

// await returns the address of a process when it is ready.
func (r *recipe) await(ctx context.Context, c *child, name string, port int) (string, error) {
	if r.Ready.Agent {
		return r.awaitAgent(ctx, c, name, port)
	}
	if r.line != nil {
		select {
		case address := <-c.output.ready:
			return address, nil
		case <-c.gone:
			return "", exited(c)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
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

// freePort finds a port that nobody listens on. Another process may take it
// before the instance does: then the instance fails, and is launched again.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("no free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

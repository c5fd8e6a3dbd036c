package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// A call is one operation.
type call struct {
	method, path string
	body         any // JSON, or a file if it is bytes
	result       any
	once         bool // it must not be repeated
	async        bool
	gone         Kind // what a repetition is told if the first call was carried out
}

// An unreached server did not answer, or not to the end.
type unreached struct{ error }

func (u *unreached) Error() string { return "is a server running there? " + u.error.Error() }
func (u *unreached) Unwrap() error { return u.error }

// again tells whether it is worth to try once more.
func again(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status == http.StatusServiceUnavailable && !Draining.Is(p)
	}
	var lost *unreached
	return errors.As(err, &lost)
}

// tries is how often a call is made at most.
const tries = 5

// do makes a call, and again while that is safe and of use.
func (c *Client) do(ctx context.Context, a call) error {
	for tried := 0; ; tried++ {
		err := c.try(ctx, a)
		switch {
		case err == nil:
			return nil
		case tried > 0 && a.gone != "" && a.gone.Is(err):
			return nil
		case a.once || tried == tries-1 || !again(err) || ctx.Err() != nil:
			return err
		}
		if waited := pause(ctx, tried, err); waited != nil {
			return err
		}
	}
}

// pause waits before another try: longer from one to the next, by a random
// part of it so that clients do not come back together, and no less than the
// server says.
func pause(ctx context.Context, tried int, err error) error {
	most := min(100*time.Millisecond<<tried, 5*time.Second)
	wait := most/2 + rand.N(most/2)
	var p *Problem
	if errors.As(err, &p) {
		wait += time.Duration(min(p.RetryAfterS, 30) * float64(time.Second))
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) request(ctx context.Context, a call, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, a.method, c.base+a.path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if a.async {
		request.Header.Set("Prefer", "respond-async")
	}
	return request, nil
}

// try makes a call once.
func (c *Client) try(ctx context.Context, a call) error {
	var content io.Reader
	kind := "application/json"
	if file, plain := a.body.([]byte); plain {
		content, kind = bytes.NewReader(file), "application/yaml"
	} else if a.body != nil {
		b, err := json.Marshal(a.body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	request, err := c.request(ctx, a, content)
	if err != nil {
		return err
	}
	if content != nil {
		request.Header.Set("Content-Type", kind)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &unreached{err}
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return problemIn(response)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &unreached{err}
	}
	if file, plain := a.result.(*[]byte); plain {
		*file = answer
		return nil
	}
	if a.result == nil {
		return nil
	}
	if err := json.Unmarshal(answer, a.result); err != nil {
		return fmt.Errorf("the server's answer is not what was expected: %w", err)
	}
	return nil
}

// problemIn is what a server that refuses says.
func problemIn(response *http.Response) error {
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	p := &Problem{}
	if json.Unmarshal(answer, p) != nil || p.Title == "" {
		p = &Problem{Title: response.Status, Status: response.StatusCode, Detail: fmt.Sprintf("%.200s", answer)}
	}
	return p
}

// maxAnswer bounds an answer: a status has a kilobyte a category.
const maxAnswer = 64 << 20

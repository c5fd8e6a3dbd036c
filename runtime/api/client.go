package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"shadowpool/runtime"
)

// A Client talks to a server.
type Client struct {
	base string
	http *http.Client
}

// NewClient makes a client of the server at an address such as
// http://localhost:8080; http:// may be left out.
func NewClient(server string) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server %q is not an address such as http://localhost:8080", server)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1000
	return &Client{strings.TrimSuffix(server, "/"), &http.Client{Transport: transport}}, nil
}

// Claim waits for an instance. When ctx ends, the request is withdrawn. An
// error of the server is a *Problem.
func (c *Client) Claim(ctx context.Context, q ClaimRequest) (Claim, error) {
	var claim Claim
	err := c.do(ctx, http.MethodPost, "/v1/claims", q, &claim)
	return claim, err
}

// Release ends a claim.
func (c *Client) Release(ctx context.Context, claim string) error {
	return c.do(ctx, http.MethodDelete, "/v1/claims/"+url.PathEscape(claim), nil, nil)
}

// Status asks what the server does.
func (c *Client) Status(ctx context.Context) (runtime.Status, error) {
	var s runtime.Status
	err := c.do(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// Drain makes the server take no new claims and end what is idle.
func (c *Client) Drain(ctx context.Context) (runtime.Status, error) {
	var s runtime.Status
	err := c.do(ctx, http.MethodPost, "/v1/drain", nil, &s)
	return s, err
}

func (c *Client) do(ctx context.Context, method, path string, body, result any) error {
	var content io.Reader
	kind := "application/json"
	if text, raw := body.(poolYAML); raw {
		content, kind = bytes.NewReader(text), "application/yaml"
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", kind)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("is a server running there? %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		p := &Problem{}
		if json.Unmarshal(answer, p) != nil || p.Title == "" {
			p = &Problem{Title: response.Status, Status: response.StatusCode, Detail: fmt.Sprintf("%.200s", answer)}
		}
		return p
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("the server's answer is not what was expected: %w", err)
	}
	return nil
}

// maxAnswer bounds an answer: a status has a kilobyte a category.
const maxAnswer = 64 << 20

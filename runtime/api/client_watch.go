package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Watch calls f with every event of the claims that the client may see, of one
// tenant or, if that is empty, of all. It returns when ctx ends or f returns
// an error, with that. A connection that is lost is made anew, and goes on
// where it was.
func (c *Client) Watch(ctx context.Context, tenant string, f func(Event) error) error {
	last := ""
	for tried := 0; ; {
		err := c.events(ctx, "/v1/events?tenant="+url.QueryEscape(tenant), &last, func(data []byte) error {
			tried = 0
			var e Event
			if err := json.Unmarshal(data, &e); err != nil {
				return err
			}
			return f(e)
		})
		if err != nil && !again(err) {
			return err
		}
		if err := pause(ctx, tried, err); err != nil {
			return err
		}
		tried++
	}
}

// events reads a stream to its end.
func (c *Client) events(ctx context.Context, path string, last *string, f func(data []byte) error) error {
	request, err := c.request(ctx, call{method: http.MethodGet, path: path}, nil)
	if err != nil {
		return err
	}
	if *last != "" {
		request.Header.Set("Last-Event-ID", *last)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &unreached{err}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return problemIn(response)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	id := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "data":
			if err := f([]byte(value)); err != nil {
				return err
			}
			*last = id
		}
	}
	return &unreached{errors.Join(lines.Err(), io.ErrUnexpectedEOF)}
}

package api

import (
	"context"
	"net/http"
)

// poolYAML is a body that is a configuration and not JSON.
type poolYAML []byte

// Configure makes the server go on with another pool.yaml.
func (c *Client) Configure(ctx context.Context, pool []byte) error {
	return c.do(ctx, http.MethodPut, "/v1/configuration", poolYAML(pool), nil)
}

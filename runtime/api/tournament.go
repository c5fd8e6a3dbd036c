package api

import (
	"context"
	"net/http"

	"shadowpool/runtime/tournament"
)

// Tournament asks how the server's tournament stands; a *Problem of status 404 says that
// it holds none.
func (c *Client) Tournament(ctx context.Context) (tournament.Status, error) {
	var s tournament.Status
	err := c.do(ctx, http.MethodGet, "/v1/tournament", nil, &s)
	return s, err
}

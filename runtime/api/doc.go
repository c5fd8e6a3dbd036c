// Package api serves a runtime.Host over HTTP with JSON, and is its client.
//
//	POST   /v1/claims       wait for an instance: 201 and a Claim
//	DELETE /v1/claims/{id}  release it: 204
//	GET    /v1/status       runtime.Status
//	POST   /v1/drain        take no new claims, end what is idle: runtime.Status
//	GET    /healthz         200, or 503 while draining
//	GET    /metrics         Prometheus text
//
// Errors are application/problem+json (RFC 9457): 422 for a request that
// cannot be, with the field; 404 for an unknown claim; 409 for one that
// requires a warm instance when none is; 503 when the server
// drains or too many requests wait; 504 when a claim's deadline passed. A
// client that goes away withdraws its claim.
//
// There is no authentication: the server is to listen on the loopback
// interface. Requests that a browser sends from another site are refused.
package api

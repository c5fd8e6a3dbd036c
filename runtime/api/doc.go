// Package api serves a runtime.Host over HTTP with JSON, and is its client.
//
// openapi.yaml describes what is served; docs/api.md tells how the parts go
// together, docs/security.md who may do what. [Handler] is made of a table of
// routes, each with the verbs that it takes: who asks is found out by a token
// ([Tokens]) or a client certificate ([Identity]), and is for all tenants or
// for some, whose claims are all that it sees.
//
// A claim passes its tenant's limits and, where tenants take turns, its line
// ([Limits]), before the host sees it. What it brings for its instance reaches
// that by Options.Deliver before the client is answered. [Events] observe the
// host, so that claims can be watched and counted.
//
// Every error is a [Problem] of one of the kinds.
package api

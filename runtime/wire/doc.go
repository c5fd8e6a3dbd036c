// Package wire has what an agent in an instance and its server say to each
// other: JSON over HTTP under /v1/agents/NAME, every message strict and
// bounded.
//
//	POST .../register   Registration  ->  Welcome
//	POST .../orders     Ask           ->  Orders, when there are any or the wait is over
//	POST .../report     Report        ->  Received
//
// Both sides prove to each other that they hold the instance's token. It is an
// identity, which everyone may read, and a secret that is derived from it and
// the server's key, so that the server keeps nothing by instance. A request
// shows the identity, a nonce and an HMAC by the secret over method, path, nonce
// and body; an answer an HMAC over the nonce, its status and body. The secret is
// never sent: who merely takes the server's place, on a port that has become
// free, learns nothing and can order nothing.
package wire

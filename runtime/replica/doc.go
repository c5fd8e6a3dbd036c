// Package replica lets several servers share a store: one of them leads and
// runs the host, the others pass requests on to it and stand by.
//
// Who leads may die at any instant. The next goes on from the store: claims
// that were answered are held, those that wait are joined by whoever asks
// again with the same key, and instances are adopted. What a request that was
// on its way got, nobody knows: its client asks again, with its key.
package replica

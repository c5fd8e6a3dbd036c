package api

import "time"

// bring says that claims of the key that arrive from now on, until done is
// called, are ready only when delivered says so.
func (e *Events) bring(k key) (done func()) {
	if e == nil {
		return func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.brings[k]++
	if claim, known := e.keys[k]; known && !e.claims[claim].held {
		e.claims[claim].delivering = true
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.brings[k]--; e.brings[k] == 0 {
			delete(e.brings, k)
		}
	}
}

// delivered says that the claim of a key has what is for it, and what its
// client is told.
func (e *Events) delivered(k key, granted *Claim) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	claim, known := e.keys[k]
	if !known {
		return
	}
	f := e.claims[claim]
	f.granted = granted
	if f.delivering {
		f.delivering = false
		e.add(time.Now().UnixNano(), "ready", claim, f.tenant)
	}
}

// state is what the client of the claim of a key was told, nil if nothing yet,
// and whether it has an instance that it cannot use yet.
func (e *Events) state(k key) (granted *Claim, delivering bool) {
	if e == nil || k.name == "" {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	claim, known := e.keys[k]
	if !known {
		return nil, false
	}
	return e.claims[claim].granted, e.claims[claim].delivering
}

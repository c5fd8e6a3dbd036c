package api

import "slices"

// tell wakes those who watch a claim.
func (e *Events) tell(claim string) {
	for _, c := range e.watchers[claim] {
		select {
		case c <- struct{}{}:
		default: // it has not looked yet since
		}
	}
}

// failed wakes those who watch a claim that has failed here, not in the host.
func (e *Events) failed(claim string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tell(claim)
}

// watch tells of every change of a claim from now on.
func (e *Events) watch(claim string) (changed <-chan struct{}, stop func()) {
	if e == nil {
		return nil, func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c := make(chan struct{}, 1)
	e.watchers[claim] = append(e.watchers[claim], c)
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		all := slices.DeleteFunc(e.watchers[claim], func(o chan struct{}) bool { return o == c })
		if e.watchers[claim] = all; len(all) == 0 {
			delete(e.watchers, claim)
		}
	}
}

package runtime_test

import (
	"errors"
	"sync"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/virtual"
)

// memory is a provisioner whose instances are nothing but names, so that the
// host's goroutines can be tested on a clock that jumps.
type memory struct {
	*virtual.Provisioner
	lead time.Duration

	mu     sync.Mutex
	broken map[string]bool // categories whose launches fail
	starts int             // instances made
}

func newMemory(lead time.Duration) *memory {
	m := &memory{lead: lead, broken: map[string]bool{}}
	m.Provisioner = virtual.New(m.launch)
	return m
}

func (m *memory) launch(spec runtime.InstanceSpec) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.starts++
	if m.broken[spec.Pool] {
		return 0, errors.New("this one does not start")
	}
	return m.lead, nil
}

func (m *memory) breakCategory(name string, broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken[name] = broken
}

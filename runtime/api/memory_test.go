package api_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"shadowpool/runtime"
)

// memory is a provisioner whose instances are nothing but names.
type memory struct {
	lead time.Duration

	mu   sync.Mutex
	gone map[string]chan struct{}
}

func newMemory(lead time.Duration) *memory {
	return &memory{lead: lead, gone: map[string]chan struct{}{}}
}

func (m *memory) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	if m.lead > 0 {
		select {
		case <-time.After(m.lead):
		case <-ctx.Done():
			return runtime.Instance{}, ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := m.gone[spec.Name]
	if gone == nil {
		gone = make(chan struct{})
		m.gone[spec.Name] = gone
	}
	return runtime.Instance{Name: spec.Name, Address: "memory:" + spec.Name, Gone: gone}, nil
}

func (m *memory) Adopt(_ context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if gone := m.gone[spec.Name]; gone != nil {
		return runtime.Instance{Name: spec.Name, Address: "memory:" + spec.Name, Gone: gone}, nil
	}
	return runtime.Instance{}, runtime.ErrGone
}

func (m *memory) Stop(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if gone := m.gone[name]; gone != nil {
		delete(m.gone, name)
		close(gone)
	}
	return nil
}

func (m *memory) List(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.gone)), nil
}

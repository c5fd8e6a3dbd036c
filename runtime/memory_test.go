package runtime_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/provisionertest"
)

// memory is a provisioner whose instances are nothing but names, so that the
// host's goroutines can be tested on a clock that jumps.
type memory struct {
	lead time.Duration

	mu     sync.Mutex
	broken map[string]bool // categories whose launches fail
	gone   map[string]chan struct{}
	starts int
}

func newMemory(lead time.Duration) *memory {
	return &memory{lead: lead, broken: map[string]bool{}, gone: map[string]chan struct{}{}}
}

func (m *memory) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	m.mu.Lock()
	m.starts++
	if ctx.Err() != nil || m.gone[spec.Name] != nil || m.broken[spec.Pool] {
		m.mu.Unlock()
		return runtime.Instance{}, errors.New("this one does not start")
	}
	gone := make(chan struct{})
	m.gone[spec.Name] = gone
	m.mu.Unlock()
	select {
	case <-time.After(m.lead):
		return runtime.Instance{Name: spec.Name, Address: "memory:" + spec.Name, Gone: gone}, nil
	case <-ctx.Done():
		_ = m.Stop(ctx, spec.Name)
		return runtime.Instance{}, ctx.Err()
	}
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

func (m *memory) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

func (m *memory) List(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.gone)), nil
}

func (m *memory) breakCategory(name string, broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken[name] = broken
}

func TestMemory(t *testing.T) {
	provisionertest.Run(t, func(*testing.T) provisionertest.Fixture {
		m := newMemory(20 * time.Millisecond)
		m.breakCategory("broken", true)
		return provisionertest.Fixture{
			Provisioner: m, Category: "x", Broken: "broken",
			Kill: func(i runtime.Instance) error { return m.Stop(context.Background(), i.Name) },
		}
	})
}

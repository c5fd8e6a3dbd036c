package runtime_test

import (
	"context"
	"errors"
	"testing"

	"shadowpool/runtime"
)

// TestStatusIsGivenUp: who stops waiting for a status does not read what the
// loop is writing. (The race detector sees it.)
func TestStatusIsGivenUp(t *testing.T) {
	host, stop := measured(t), make(chan error, 1)
	ctx, end := context.WithCancel(t.Context())
	go func() { stop <- host.Run(ctx) }()
	gone, leave := context.WithCancel(t.Context())
	leave()
	var given int
	for range 200 {
		if s, err := host.Status(gone); err == nil {
			given++
		} else if !errors.Is(err, context.Canceled) || s.Pools != nil {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := host.Instances(gone, "", 10); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if given == 200 {
		t.Error("none was given up")
	}
	end()
	if err := <-stop; err != nil && !errors.Is(err, runtime.ErrStopped) {
		t.Error(err)
	}
}

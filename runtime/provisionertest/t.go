package provisionertest

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
)

// A T is what a test reports to; a *testing.T is one. Fatalf and Skipf end the
// test's goroutine.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// A Result is what came of a test outside go test. It has passed if it has no
// failures and was not skipped.
type Result struct {
	Test     string
	Failures []string
	Skipped  string // why it was; empty if it was not
}

// Check runs the tests on a provisioner, one after another, until ctx ends,
// and tells of each when it is done. fixture is called for each of them.
func Check(ctx context.Context, fixture func() (Fixture, error), done func(Result)) error {
	for _, test := range Tests() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f, err := fixture()
		if err != nil {
			return err
		}
		r := &report{ctx: ctx}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			test.Run(r, f)
		}()
		<-ended
		r.Test = test.Name
		done(r.Result)
	}
	return nil
}

// A report is the T of Check.
type report struct {
	ctx context.Context
	mu  sync.Mutex
	Result
}

func (r *report) Helper() {}

func (r *report) Context() context.Context { return r.ctx }

func (r *report) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

func (r *report) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	goruntime.Goexit()
}

func (r *report) Skipf(format string, args ...any) {
	r.mu.Lock()
	r.Skipped = fmt.Sprintf(format, args...)
	r.mu.Unlock()
	goruntime.Goexit()
}

//go:build !race

package trial_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"shadowpool/runtime"
)

var (
	errCrashed = errors.New("the server has crashed")
	errLost    = errors.New("no answer came")
	errFailed  = errors.New("it failed")
)

// store is one that survives all servers. Its term fences whoever led before.
type store struct {
	world    *world
	term     int64
	holder   *lead
	snapshot []byte
	lines    [][]byte
}

func newStore(w *world) *store { return &store{world: w} }

// expire lets another lead, although the leader notices only later.
func (s *store) expire() {
	if s.holder != nil {
		s.world.note("the lead of term %d expires", s.term)
		time.AfterFunc(time.Duration(s.world.rng.Int64N(int64(20*time.Second))), s.holder.lose)
		s.holder = nil
	}
}

// outdate makes the controller's state one that no program reads any more, as
// an upgrade may.
func (s *store) outdate() {
	s.world.note("the state of the controller is outdated")
	s.snapshot = version.ReplaceAll(s.snapshot, []byte("${1}0"))
}

var version = regexp.MustCompile(`("Controller":{"Version":)[1-9][0-9]*`)

// lead is a runtime.Lead of one server.
type lead struct {
	*store
	life *lifetime
	term int64
	lost chan struct{}
	once sync.Once
}

// Lead waits until nobody leads.
func (l *lifetime) lead(ctx context.Context) (*lead, error) {
	st := l.world.store
	for {
		var got *lead
		var err error
		l.world.wait(l, "lead", "", func(heard bool) {
			if st.holder != nil && st.holder.life.dead && (st.world.calm || st.world.rng.IntN(3) == 0) {
				st.holder = nil // it has not renewed it
			}
			if st.holder == nil {
				st.term++
				st.holder = &lead{store: st, life: l, term: st.term, lost: make(chan struct{})}
				if heard {
					got = st.holder
				}
			}
		}, func(e error) { err = e })
		if got != nil || errors.Is(err, errCrashed) {
			return got, err
		}
		if st.holder != nil && st.holder.life == l { // it has not heard that it leads
			st.holder = nil
		}
		if err := l.pause(ctx); err != nil {
			return nil, err
		}
	}
}

func (l *lead) Term() int64           { return l.term }
func (l *lead) Lost() <-chan struct{} { return l.lost }

func (l *lead) lose() { l.once.Do(func() { close(l.lost) }) }

// change does something if the lead is still one.
func (l *lead) change(kind, key string, do func()) error {
	err := errLost
	l.life.world.wait(l.life, kind, key, func(heard bool) {
		if l.store.term != l.term {
			err = runtime.ErrFenced
			return
		}
		do()
		if heard {
			err = nil
		}
	}, func(e error) {
		if !errors.Is(err, runtime.ErrFenced) {
			err = e
		}
	})
	return err
}

func (l *lead) Load(context.Context) (snapshot []byte, lines [][]byte, err error) {
	err = l.change("load", "", func() { snapshot, lines = slices.Clone(l.snapshot), slices.Clone(l.lines) })
	return snapshot, lines, err
}

func (l *lead) Append(_ context.Context, lines [][]byte) error {
	return l.change("append", fmt.Sprint(len(lines)), func() { l.lines = append(l.lines, lines...) })
}

func (l *lead) Snapshot(_ context.Context, b []byte) error {
	return l.change("snapshot", "", func() { l.snapshot, l.lines = b, nil })
}

func (l *lead) Release(context.Context) error {
	err := l.change("release", "", func() { l.holder = nil })
	l.lose()
	return err
}

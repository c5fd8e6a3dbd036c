package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// names is a provisioner whose instances are nothing but names.
type names struct {
	lead   time.Duration
	broken bool

	mu   sync.Mutex
	gone map[string]chan struct{}
}

func (n *names) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	select {
	case <-time.After(n.lead):
	case <-ctx.Done():
		return runtime.Instance{}, ctx.Err()
	}
	if n.broken {
		return runtime.Instance{}, errors.New("the image does not exist\nat all")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	gone := make(chan struct{})
	n.gone[spec.Name] = gone
	return runtime.Instance{Name: spec.Name, Gone: gone}, nil
}

func (n *names) Stop(_ context.Context, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if gone := n.gone[name]; gone != nil {
		delete(n.gone, name)
		close(gone)
	}
	return nil
}

func (n *names) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

func (n *names) List(context.Context) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.gone)), nil
}

// watched runs a host with a board, for as long as during takes.
func watched(t *testing.T, spec string, fleet policy.Config, p *names, during func(*runtime.Host, *Board)) {
	t.Helper()
	specs, err := policy.ParseSpecs(spec)
	if err != nil {
		t.Fatal(err)
	}
	p.gone = map[string]chan struct{}{}
	board := New(len(fleet.Categories))
	host, err := runtime.New(runtime.Options{
		Policy: specs[0], Fleet: fleet, Provisioner: p, Observers: []runtime.Observer{board}, Logger: slog.New(slog.DiscardHandler), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	go board.Run(context.Background(), host)
	during(host, board)
	stop()
	host.Hurry()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-board.ended
}

// ask gets the JSON that a handler answers.
func ask[T any](t *testing.T, h http.Handler, path string) (v T) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func sum(c column) (s float64) {
	for _, v := range c {
		if !math.IsNaN(v) {
			s += v
		}
	}
	return s
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *column) UnmarshalJSON(b []byte) error {
	var values []*float64
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	for _, v := range values {
		if v == nil {
			v = new(math.NaN())
		}
		*c = append(*c, *v)
	}
	return nil
}

// TestHistory: half an hour of a pool with a constant rate shows as it was:
// every request once, the level, what was foreseen and what came, waits, costs.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Tick: 15 * time.Second, Categories: []policy.Category{
			{Name: "busy", LeadTime: time.Minute, Price: 2, MaxInstances: 100}, {Name: "still", LeadTime: time.Minute, Price: 1},
		}}
		watched(t, "adaptive:hit_rate=0.95", fleet, &names{lead: time.Minute}, func(host *runtime.Host, board *Board) {
			const requests, apart, hold = 300, 6 * time.Second, 30 * time.Second
			var all sync.WaitGroup
			for range requests {
				time.Sleep(apart)
				all.Go(func() {
					g, err := host.Claim(t.Context(), runtime.Request{Category: "busy"})
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(hold)
					if err := host.Release(t.Context(), g.Claim); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			time.Sleep(1500 * time.Millisecond)
			status, err := host.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			h := board.Handler(host)
			for _, pool := range []string{"", "busy"} {
				p := ask[Points](t, h, "/v1/dashboard/points?span=1h&pool="+pool)
				if p.StepS != 15 || len(p.At) < requests*6/15 {
					t.Fatalf("step %d s, %d points", p.StepS, len(p.At))
				}
				if sum(p.Arrivals) != requests || sum(p.Hits) != float64(status.Hits) || sum(p.PartialHits) != float64(status.PartialHits) || sum(p.Misses) != float64(status.Misses) || sum(p.Launches) != float64(status.Launches) {
					t.Errorf("pool %q: %v arrivals, %v hits, %v partial hits, %v misses, %v launches; the status has %+v",
						pool, sum(p.Arrivals), sum(p.Hits), sum(p.PartialHits), sum(p.Misses), sum(p.Launches), status)
				}
				// In the middle ten come a minute, five are in use.
				at := len(p.At) / 2
				if math.Abs(p.Came[at]-10) > 0.2 || p.Foreseen[at] < 8 || p.Foreseen[at] > 12 || p.Low[at] > 8 || p.High[at] < 12 || p.OverS[at] != 60 {
					t.Errorf("pool %q: %v came of %v (%v to %v) in %v s", pool, p.Came[at], p.Foreseen[at], p.Low[at], p.High[at], p.OverS[at])
				}
				if p.Level[at] < 10 || math.Abs(p.InUse[at]-5) > 0.3 {
					t.Errorf("pool %q: level %v, %v in use", pool, p.Level[at], p.InUse[at])
				}
				if got, want := p.Cost[at], 2*(p.Warm[at]+p.Launching[at]+p.InUse[at]); math.Abs(got-want) > 1e-3 {
					t.Errorf("pool %q: cost %v, want %v", pool, got, want)
				}
				if math.Abs(p.None[at]-2*(5+10)) > 0.8 || math.Abs(p.Serving[at]-2*p.InUse[at]) > 1e-3 || p.Hold[at] != 2*p.Level[at] {
					t.Errorf("pool %q: none %v, serving %v, hold %v", pool, p.None[at], p.Serving[at], p.Hold[at])
				}
				if p.P99S[at] != 0 || math.Abs(p.P99S[1]-60) > 6 {
					t.Errorf("pool %q: 99th percentiles %v at the start, %v later", pool, p.P99S[1], p.P99S[at])
				}
			}
			if p := ask[Points](t, h, "/v1/dashboard/points?span=5m"); p.StepS != 1 || len(p.At) < 299 || sum(p.Arrivals) < 40 {
				t.Errorf("by the second: step %d s, %d points, %v arrivals", p.StepS, len(p.At), sum(p.Arrivals))
			}
			s := ask[State](t, h, "/v1/dashboard/state")
			if f := s.Pools[0].Recent; !s.Priced || f.HitRate == nil || *f.HitRate < 0.9 || *f.P50S != 0 || f.Requests < 40 || s.Pools[1].Recent.HitRate != nil {
				t.Errorf("recent %+v", f)
			}
			var launched, ended int
			for _, d := range ask[[]Decision](t, h, "/v1/dashboard/decisions?pool=busy") {
				if d.Pool != "busy" || d.Text == "" || d.At.IsZero() {
					t.Errorf("%+v", d)
				}
				switch d.Action {
				case "launch":
					launched++
				case "end":
					ended++
				}
			}
			if launched == 0 || ended == 0 {
				t.Errorf("%d launches and %d ends are told", launched, ended)
			}
			if other := ask[[]Decision](t, h, "/v1/dashboard/decisions?pool=still"); len(other) > 0 {
				t.Errorf("nothing was decided on the still pool: %+v", other)
			}
		})
	})
}

// TestWhyItLaunched: the sentence has what the pool held, before, and its level.
func TestWhyItLaunched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
		watched(t, "static:level=4", fleet, &names{lead: time.Second}, func(host *runtime.Host, board *Board) {
			time.Sleep(5500 * time.Millisecond) // between two looks
			for range 2 {
				if _, err := host.Claim(t.Context(), runtime.Request{}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Second)
			var told []string
			for _, d := range ask[[]Decision](t, board.Handler(host), "/v1/dashboard/decisions") {
				told = append(told, d.Text)
			}
			want := []string{
				"Launched 4 at the start: the level is 4, and there were 0 warm + 0 launching − 0 waiting = 0.",
				"Served 2 requests at once: an instance was warm.",
				"Launched 2 as 2 requests came: the level is now 4, and before the first there were 3 warm + 0 launching − 0 waiting = 3.",
			}
			if !slices.Equal(told, want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
			}
		})
	})
}

// TestAlerts: launches that fail are told, with what failed; so is draining.
func TestAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
		watched(t, "static:level=1", fleet, &names{lead: time.Second, broken: true}, func(host *runtime.Host, board *Board) {
			h := board.Handler(host)
			alerted := func() (all []string) {
				for _, a := range ask[State](t, h, "/v1/dashboard/state").Alerts {
					all = append(all, a.Name)
				}
				return all
			}
			time.Sleep(500 * time.Millisecond)
			if got := alerted(); len(got) > 0 {
				t.Errorf("at the start: %v", got)
			}
			time.Sleep(5 * time.Minute)
			if got := alerted(); !slices.Equal(got, []string{"LaunchesHeld"}) {
				t.Errorf("when all launches fail: %v", got)
			}
			told := ask[[]Decision](t, h, "/v1/dashboard/decisions")
			if !slices.ContainsFunc(told, func(d Decision) bool {
				return d.Action == "fail" && strings.Contains(d.Text, "1 launch failed: the image does not exist.")
			}) {
				t.Errorf("%+v", told)
			}
			if err := host.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if got := alerted(); !slices.Contains(got, "Draining") {
				t.Errorf("while draining: %v", got)
			}
		})
	})
}

// stuck is a page that reads nothing.
type stuck struct {
	http.ResponseWriter
	wait chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.wait
	return 0, io.ErrClosedPipe
}

// TestEvents: a page gets the history first and then what is new; one that
// reads nothing keeps nobody waiting; the stream ends with the host.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}}
		page, slow := httptest.NewRecorder(), &stuck{httptest.NewRecorder(), make(chan struct{})}
		var pages sync.WaitGroup
		watched(t, "static:level=1", fleet, &names{lead: time.Second}, func(host *runtime.Host, board *Board) {
			time.Sleep(30 * time.Second)
			h := board.Handler(host)
			pages.Go(func() { h.ServeHTTP(slow, httptest.NewRequest("GET", "/v1/dashboard/events", nil)) })
			pages.Go(func() { h.ServeHTTP(page, httptest.NewRequest("GET", "/v1/dashboard/events?span=5m", nil)) })
			time.Sleep(10 * time.Second)
			if _, err := host.Claim(t.Context(), runtime.Request{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		})
		close(slow.wait)
		pages.Wait()
		seen := map[int64]bool{}
		var decided []string
		var states int
		for _, event := range strings.Split(page.Body.String(), "\n\n") {
			name, data, _ := strings.Cut(strings.TrimPrefix(event, "event: "), "\ndata: ")
			switch name {
			case "state":
				states++
			case "points":
				var p Points
				if err := json.Unmarshal([]byte(data), &p); err != nil {
					t.Fatal(err)
				}
				if len(seen) == 0 && len(p.At) < 29 || len(seen) > 0 && len(p.At) > 3 {
					t.Errorf("%d points at once after %d", len(p.At), len(seen))
				}
				for _, at := range p.At {
					seen[at] = true
				}
			case "decisions":
				var all []Decision
				if err := json.Unmarshal([]byte(data), &all); err != nil {
					t.Fatal(err)
				}
				for _, d := range all {
					decided = append(decided, d.Action)
				}
			}
		}
		if states < 14 || len(seen) < 44 {
			t.Errorf("%d states, %d points", states, len(seen))
		}
		if want := []string{"launch", "assign", "launch"}; len(decided) < 3 || !slices.Equal(decided[:3], want) {
			t.Errorf("decisions %v", decided)
		}
	})
}

package trace

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// onGrid has n requests of which a hundred each come at once, 300 s apart.
func onGrid(n int) *Trace {
	t := &Trace{Name: "grid", Strings: Strings{Category: []string{"", "a", "b"}}}
	for i := range n {
		t.Arrival = append(t.Arrival, int64(i/100)*300e9)
		t.Duration = append(t.Duration, int64(i))
		t.Category = append(t.Category, uint32(1+i%2))
		t.Announced = append(t.Announced, t.Arrival[i])
	}
	return t
}

func TestJitterIsUniformAndKeepsRowsTogether(t *testing.T) {
	const n, width = 20_000, 300 * time.Second
	tr := onGrid(n)
	if err := tr.Jitter(width, 4); err != nil {
		t.Fatal(err)
	}
	if err := tr.Validate(); err != nil {
		t.Fatal(err)
	}
	var moves []float64
	for i, at := range tr.Arrival {
		old := int(tr.Duration[i]) // each row carries its old number
		moved := at - int64(old/100)*300e9
		if moved < 0 || moved >= int64(width) || tr.Category[i] != uint32(1+old%2) || tr.Announced[i] != int64(old/100)*300e9 {
			t.Fatalf("row %d, once %d: moved by %d ns, category %d, announced %d", i, old, moved, tr.Category[i], tr.Announced[i])
		}
		moves = append(moves, float64(moved)/float64(width))
	}
	// Kolmogorov-Smirnov against the uniform law, at 0.1 %.
	slices.Sort(moves)
	worst := 0.0
	for i, u := range moves {
		worst = max(worst, math.Abs(u-(float64(i)+0.5)/n))
	}
	if worst*math.Sqrt(n) > 1.95 {
		t.Errorf("the moves are not uniform: a distance of %v", worst)
	}
}

func TestJitterFollowsItsSeed(t *testing.T) {
	jittered := func(width time.Duration, seed uint64) []int64 {
		tr := onGrid(500)
		if err := tr.Jitter(width, seed); err != nil {
			t.Fatal(err)
		}
		return tr.Arrival
	}
	if diff := cmp.Diff(jittered(time.Minute, 1), jittered(time.Minute, 1)); diff != "" {
		t.Errorf("the same seed moves differently:\n%s", diff)
	}
	if slices.Equal(jittered(time.Minute, 1), jittered(time.Minute, 2)) {
		t.Error("two seeds move alike")
	}
	if diff := cmp.Diff(onGrid(500).Arrival, jittered(0, 1)); diff != "" {
		t.Errorf("no jitter moves requests:\n%s", diff)
	}
}

func TestJitterRefuses(t *testing.T) {
	if err := onGrid(1).Jitter(-time.Second, 1); err == nil || !strings.Contains(err.Error(), "negative") {
		t.Errorf("a negative jitter: %v", err)
	}
	late := &Trace{Name: "late", Columns: Columns{Arrival: []int64{math.MaxInt64 - 5}, Duration: []int64{0}}}
	if err := late.Jitter(time.Second, 1); err == nil || !strings.Contains(err.Error(), "row 0") {
		t.Errorf("an arrival at the end of time: %v", err)
	}
}

func TestReadingJitters(t *testing.T) {
	path := writeTrace(t, onGrid(1000))
	want := onGrid(1000)
	if err := want.Jitter(time.Minute, 9); err != nil {
		t.Fatal(err)
	}
	opt := Options{Jitter: time.Minute, Seed: 9}
	loaded, err := Load(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []*Trace{loaded, opened.(*Trace)} {
		if diff := cmp.Diff(want.Arrival, got.Arrival); diff != "" {
			t.Errorf("arrivals (-want +got):\n%s", diff)
		}
	}
}

package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// counted is what both sketches tell of a stream.
type counted struct {
	total float64
	rows  []Row
}

func fewOf(most int, stream []ID, weights []float64) counted {
	var f few
	c := counted{}
	for i, id := range stream {
		f.add(id, weights[i], most)
		c.total += weights[i]
	}
	for _, r := range f {
		c.rows = append(c.rows, Row{Key: Key{r.ID}, Count: r.Count, Error: r.Error})
	}
	return c
}

func sketchOf(most int, stream []ID, weights []float64) counted {
	s := Sketch{Most: most}
	for i, id := range stream {
		s.Add(Key{id}, weights[i])
	}
	rows := slices.Clone(s.Rows)
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Key[0], a.Key[0]))
	})
	for i := range rows {
		rows[i].place = 0
	}
	return counted{s.Total, rows}
}

// By hand, three counters: 1 2 2 3 4 4 1. The fourth name takes over the least
// of 1 (count 1), 2 (2) and 3 (1), of equal ones the lesser name's, which is 1:
// 4 gets 1+1, then 3. Then 1 takes over 3 (count 1) and gets 2.
func TestSpaceSavingByHand(t *testing.T) {
	stream := []ID{1, 2, 2, 3, 4, 4, 1}
	want := counted{7, []Row{
		{Key: Key{4}, Count: 3, Error: 1},
		{Key: Key{2}, Count: 2},
		{Key: Key{1}, Count: 2, Error: 1},
	}}
	ones := slices.Repeat([]float64{1}, len(stream))
	for name, count := range map[string]func(int, []ID, []float64) counted{"sketch": sketchOf, "few": fewOf} {
		if got := count(3, stream, ones); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// streams are hard ones in their own ways.
func streams(rng *rand.Rand, n int) map[string][]ID {
	zipf := rand.NewZipf(rng, 1.1, 1, 1e6)
	all := map[string][]ID{}
	for i := range n {
		all["zipf"] = append(all["zipf"], ID(1+zipf.Uint64()))
		all["uniform"] = append(all["uniform"], ID(1+rng.IntN(300)))
		all["all new"] = append(all["all new"], ID(1+i))
		// A frequent name that comes between floods of new ones.
		id := ID(1000 + i)
		if i%7 == 0 {
			id = 7
		}
		all["needle"] = append(all["needle"], id)
		all["in turn"] = append(all["in turn"], ID(1+i%41))
		all["change"] = append(all["change"], ID(1+rng.IntN(10)+100*(4*i/n)))
	}
	return all
}

// Every name above N/k is counted, no count is below the truth, none more than
// its error above it, and no error above N/k; with equal weights and with
// weights that fade. Of equal counts it does not matter how they were stored:
// both sketches are equal.
func TestSpaceSavingGuarantee(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, stream := range streams(rng, 4000) {
		for _, fading := range []bool{false, true} {
			d := Decay{HalfLife: int64(time.Hour)}
			at := int64(0)
			weights := make([]float64, len(stream))
			truth := map[ID]float64{}
			for i, id := range stream {
				if fading {
					at += int64(20e9 * rng.ExpFloat64())
				}
				d.advance(at)
				weights[i] = d.Weight
				truth[id] += d.Weight
			}
			for _, most := range []int{1, 2, 7, 40} {
				got := sketchOf(most, stream, weights)
				if other := fewOf(most, stream, weights); fmt.Sprint(other) != fmt.Sprint(got) {
					t.Errorf("%s, k = %d: the sketches differ", name, most)
				}
				bound, slack := got.total/float64(most), got.total*1e-12
				in := map[ID]bool{}
				sum := 0.0
				for _, r := range got.rows {
					id := r.Key[0]
					in[id] = true
					sum += r.Count
					if over := r.Count - truth[id]; over < -slack || over > r.Error+slack || r.Error > bound+slack {
						t.Errorf("%s, k = %d: %d is counted %g (error %g), was %g; N/k is %g", name, most, id, r.Count, r.Error, truth[id], bound)
					}
				}
				if math.Abs(sum-got.total) > slack {
					t.Errorf("%s, k = %d: counts add up to %g, not %g", name, most, sum, got.total)
				}
				for id, n := range truth {
					if n > bound+slack && !in[id] {
						t.Errorf("%s, k = %d: %d was %g of %g and is not counted", name, most, id, n, got.total)
					}
				}
			}
		}
	}
}

// Heap and index agree with a search through all rows after any operations,
// and a sketch that was stored goes on as the one that was not.
func TestSketchStructure(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := Sketch{Most: 50}
	for step := range 20_000 {
		s.Add(Key{ID(rng.IntN(120)), ID(rng.IntN(2)), 0, 3}, 1)
		if step%997 == 0 {
			data, err := json.Marshal(&s)
			if err != nil {
				t.Fatal(err)
			}
			before := fmt.Sprint(s.Total, s.Most)
			s = Sketch{}
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(s.Total, s.Most) != before {
				t.Fatal("not restored")
			}
		}
		if step == 10_000 {
			s.scale(math.Ldexp(1, -1100)) // all become equal
		}
		least := 0
		for i := range s.Rows {
			if s.less(int32(i), int32(least)) {
				least = i
			}
			if s.Find(s.Rows[i].Key) != i || s.heap[s.Rows[i].place] != int32(i) {
				t.Fatalf("step %d: row %d is not found", step, i)
			}
		}
		if int(s.heap[0]) != least {
			t.Fatalf("step %d: the heap's least is %d, not %d", step, s.heap[0], least)
		}
	}
	if s.Find(Key{999}) != -1 {
		t.Error("found what is not counted")
	}
}

func TestTop(t *testing.T) {
	s := Sketch{Most: 10}
	for i, n := range []float64{3, 5, 1, 5, 4} {
		s.Add(Key{ID(i + 1)}, n)
	}
	for n, want := range [][]int{{}, {1}, {1, 3}, {1, 3, 4}, {1, 3, 4, 0}, {1, 3, 4, 0, 2}, {1, 3, 4, 0, 2}} {
		if got := s.Top(nil, n); !slices.Equal(got, want) {
			t.Errorf("top %d: %v, want %v", n, got, want)
		}
	}
}

// A count is the sum of 2^-(age / half-life), whenever it was last scaled: by
// the definition, over years, and with gaps.
func TestDecay(t *testing.T) {
	const halfLife = time.Minute
	rng := rand.New(rand.NewPCG(5, 6))
	d := Decay{HalfLife: int64(halfLife)}
	at := int64(-3e18)
	var times []int64
	count, scaled := 0.0, 0
	for i := range 2000 {
		at += int64(rng.ExpFloat64() * float64(halfLife))
		if i%700 == 0 {
			at += int64(300 * halfLife)
		}
		if by := d.advance(at); by != 1 {
			count *= by
			scaled++
		}
		count += d.Weight
		times = append(times, at)
		want := 0.0
		for _, then := range times {
			want += math.Exp2(-float64(at-then) / float64(halfLife))
		}
		if got := count / d.Weight; math.Abs(got/want-1) > 1e-9 {
			t.Fatalf("observation %d: %v, want %v", i, got, want)
		}
		if by := d.advance(at - 1e9); by != 1 || d.Last != at {
			t.Fatal("time went back")
		}
	}
	if scaled < 10 {
		t.Errorf("scaled %d times", scaled)
	}
	d.advance(math.MaxInt64)
	if d.Weight < 1 || d.Weight > math.Ldexp(1, epoch) {
		t.Errorf("weight %g at the end of time", d.Weight)
	}
}

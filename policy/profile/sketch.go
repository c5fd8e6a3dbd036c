package profile

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Key is what a sketch counts: one to four names.
type Key [4]ID

// A Sketch counts the keys that are seen most, by Space-Saving: a key that is
// new when all counters are taken takes over the least one, with its count.
// With weights, a heap finds the least in O(log k). Of equal counts that of the
// lesser key is taken over, so that the sketch depends on nothing but what it
// was told.
//
// With N the weight of everything added and k counters: a key whose weight is
// above N/k is counted; its count is at least its weight, and at most N/k
// above.
type Sketch struct {
	Most  int     // counters
	Total float64 // weight of everything added
	Rows  []Row   // a key keeps its row until it is taken over

	heap  []int32 // rows, the least first
	index []int32 // row + 1 by hash; 0 is free
}

// A Row is a counter.
type Row struct {
	Key   Key
	Count float64 // at least the key's weight
	Error float64 `json:",omitzero"` // at most so much of Count is another key's
	place int32   // in heap
}

// Certain is the weight that was certainly seen.
func (r *Row) Certain() float64 { return r.Count - r.Error }

// Add counts a key with a weight. fresh says that it was not counted before:
// the row is new, or it was another key's.
func (s *Sketch) Add(k Key, weight float64) (row int, fresh bool) {
	s.Total += weight
	if row = s.Find(k); row >= 0 {
		s.Rows[row].Count += weight
		s.sink(int(s.Rows[row].place))
		return row, false
	}
	if len(s.Rows) < s.Most {
		row = len(s.Rows)
		s.Rows = append(s.Rows, Row{Key: k, Count: weight, place: int32(row)})
		s.heap = append(s.heap, int32(row))
		s.rise(row)
		if 2*len(s.Rows) > len(s.index) {
			s.reindex()
		} else {
			s.enter(row)
		}
		return row, true
	}
	row = int(s.heap[0])
	s.forget(row)
	r := &s.Rows[row]
	r.Key, r.Error = k, r.Count
	r.Count += weight
	s.enter(row)
	s.sink(0)
	return row, true
}

// Find is the row of a key, -1 if it is not counted.
func (s *Sketch) Find(k Key) int {
	if len(s.index) == 0 {
		return -1
	}
	mask := len(s.index) - 1
	for at := k.hash() & mask; s.index[at] != 0; at = (at + 1) & mask {
		if row := int(s.index[at]) - 1; s.Rows[row].Key == k {
			return row
		}
	}
	return -1
}

// Top appends the rows with the most certain weight to rows, at most n, the
// most first; of equal ones the lesser key.
func (s *Sketch) Top(rows []int, n int) []int {
	from := len(rows)
	before := func(a, b int) int {
		ra, rb := &s.Rows[a], &s.Rows[b]
		return cmp.Or(cmp.Compare(rb.Certain(), ra.Certain()), slices.Compare(ra.Key[:], rb.Key[:]))
	}
	for row := range s.Rows {
		top := rows[from:]
		if len(top) == n {
			if n == 0 || before(row, top[n-1]) > 0 {
				continue
			}
			rows = rows[:len(rows)-1]
			top = rows[from:]
		}
		at, _ := slices.BinarySearchFunc(top, row, before)
		rows = slices.Insert(rows, from+at, row)
	}
	return rows
}

// scale multiplies all weights by a power of two.
func (s *Sketch) scale(by float64) {
	s.Total *= by
	for i := range s.Rows {
		s.Rows[i].Count *= by
		s.Rows[i].Error *= by
	}
	s.reheap() // the least may have become 0, and equal
}

// UnmarshalJSON reads what encoding/json wrote.
func (s *Sketch) UnmarshalJSON(data []byte) error {
	type plain Sketch
	var p plain
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*s = Sketch(p)
	s.heap = s.heap[:0]
	for row := range s.Rows {
		s.Rows[row].place = int32(row)
		s.heap = append(s.heap, int32(row))
	}
	s.reheap()
	s.reindex()
	return nil
}

// less orders counters by count; no two are equal.
func (s *Sketch) less(a, b int32) bool {
	ra, rb := &s.Rows[a], &s.Rows[b]
	if ra.Count != rb.Count {
		return ra.Count < rb.Count
	}
	return slices.Compare(ra.Key[:], rb.Key[:]) < 0
}

func (s *Sketch) swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.Rows[s.heap[i]].place, s.Rows[s.heap[j]].place = int32(i), int32(j)
}

func (s *Sketch) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heap); child++ {
			if s.less(s.heap[child], s.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

func (s *Sketch) rise(i int) {
	for i > 0 && s.less(s.heap[i], s.heap[(i-1)/2]) {
		s.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (s *Sketch) reheap() {
	for i := len(s.heap)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
}

// hash mixes the names of k.
func (k Key) hash() int {
	h := (uint64(k[0]) | uint64(k[1])<<32) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h = (h ^ (uint64(k[2]) | uint64(k[3])<<32)) * 0xd6e8feb86659fd93
	return int((h ^ h>>32) & (1<<31 - 1))
}

// enter puts a row into the index.
func (s *Sketch) enter(row int) {
	mask := len(s.index) - 1
	at := s.Rows[row].Key.hash() & mask
	for s.index[at] != 0 {
		at = (at + 1) & mask
	}
	s.index[at] = int32(row) + 1
}

// forget takes a row out of the index and closes the gap (Knuth, The Art of
// Computer Programming, volume 3, algorithm 6.4R).
func (s *Sketch) forget(row int) {
	mask := len(s.index) - 1
	gap := s.Rows[row].Key.hash() & mask
	for s.index[gap] != int32(row)+1 {
		gap = (gap + 1) & mask
	}
	for at := (gap + 1) & mask; s.index[at] != 0; at = (at + 1) & mask {
		home := s.Rows[s.index[at]-1].Key.hash() & mask
		if (at-home)&mask >= (at-gap)&mask {
			s.index[gap] = s.index[at]
			gap = at
		}
	}
	s.index[gap] = 0
}

// reindex makes the index anew, at most half full.
func (s *Sketch) reindex() {
	size := 16
	for size < 2*len(s.Rows) {
		size *= 2
	}
	s.index = make([]int32, size)
	for row := range s.Rows {
		s.enter(row)
	}
}

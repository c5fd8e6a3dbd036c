package profile

// few is a Space-Saving sketch, see Sketch, of so few names that a list serves
// best: the most first, so that what is seen often is found at once and the
// last is the least. Of equal counts that of the lesser name is the last.
type few []Counter

// A Counter is a name, how often it was seen and the mean of what came with
// it.
type Counter struct {
	ID    ID
	Mean  float32 `json:",omitzero"`
	Count float64 // at least the name's weight
	Error float64 `json:",omitzero"` // at most so much of Count is another name's
}

// Certain is the weight that was certainly seen.
func (c *Counter) Certain() float64 { return c.Count - c.Error }

// learn takes a value of the given weight, which is in the count already.
func (c *Counter) learn(value, weight float64) {
	share := min(weight/c.Certain(), 1) // sums are rounded
	c.Mean = float32(float64(c.Mean) + float64(share*(value-float64(c.Mean))))
}

// find is nil if the name is not counted.
func (f few) find(id ID) *Counter {
	for i := range f {
		if f[i].ID == id {
			return &f[i]
		}
	}
	return nil
}

// add counts a name in at most so many counters.
func (f *few) add(id ID, weight float64, most int) *Counter {
	list := *f
	i := 0
	for i < len(list) && list[i].ID != id {
		i++
	}
	switch {
	case i < len(list):
		list[i].Count += weight
	case i < most:
		list = append(list, Counter{ID: id, Count: weight})
		*f = list
	default:
		i--
		least := list[i].Count
		list[i] = Counter{ID: id, Count: least + weight, Error: least}
	}
	c := list[i]
	for ; i > 0 && (list[i-1].Count < c.Count || list[i-1].Count == c.Count && list[i-1].ID < c.ID); i-- {
		list[i] = list[i-1]
	}
	list[i] = c
	return &list[i]
}

func (f few) scale(by float64) {
	for i := range f {
		f[i].Count *= by
		f[i].Error *= by
	}
}

package profile

// Datasets are those that are read most, and what is known of each whoever
// reads it.
type Datasets struct {
	Names Sketch
	Rows  []Dataset // as those of Names
}

// A Dataset is what is known of a dataset.
type Dataset struct {
	Bytes int64 // as last seen, 0 is unknown
	Owner ID    // the tenant that alone may read it; 0 if it is not private
	Uses  [usedBins]UsedBin
}

// A UsedBin has the requests that read about the same share of a dataset.
type UsedBin struct {
	Weight, Mean float64 // requests; the share that they read
}

// usedBins divide shares at 1/2, 1/4, 1/8 and 1/16: prefetching is of small
// parts.
const usedBins = 5

func usedBin(share float64) int {
	bin, edge := 0, 0.5
	for bin < usedBins-1 && share <= edge {
		bin++
		edge /= 2
	}
	return bin
}

func (d *Datasets) observe(o *Observation, weight float64) {
	for i := range o.Datasets {
		u := &o.Datasets[i]
		if !o.reads(i) {
			continue
		}
		row, fresh := d.Names.Add(Key{u.Dataset}, weight)
		if row == len(d.Rows) {
			d.Rows = append(d.Rows, Dataset{})
		} else if fresh {
			d.Rows[row] = Dataset{}
		}
		s := &d.Rows[row]
		if u.Bytes > 0 {
			s.Bytes = u.Bytes
		}
		s.Owner = 0
		if u.Private {
			s.Owner = o.Tenant
		}
		if u.known() {
			b := &s.Uses[usedBin(u.Share)]
			b.Weight += weight
			b.Mean += float64(weight / b.Weight * (u.Share - b.Mean))
		}
	}
}

// mostShared is how many datasets every request may need.
const mostShared = 128

// shared counts those that are read most and are not private.
func (d *Datasets) shared() few {
	var f few
	for _, row := range d.Names.Top(nil, mostShared) {
		if r := &d.Names.Rows[row]; d.Rows[row].Owner == 0 {
			f = append(f, Counter{ID: r.Key[0], Count: r.Count, Error: r.Error})
		}
	}
	return f
}

// used is the mean share of the dataset that was read, and the weight behind
// it.
func (d *Dataset) used() (mean, weight float64) {
	for _, b := range d.Uses {
		if b.Weight > 0 {
			weight += b.Weight
			mean += float64(b.Weight / weight * (b.Mean - mean))
		}
	}
	return mean, weight
}

func (d *Datasets) scale(by float64) {
	d.Names.scale(by)
	for i := range d.Rows {
		for j := range d.Rows[i].Uses {
			d.Rows[i].Uses[j].Weight *= by
		}
	}
}

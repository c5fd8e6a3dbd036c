package policy

// recent are the arrivals of a span that ends now.
type recent struct {
	Times []Time // from Head on
	Head  int
}

// drop forgets what came at or before t and says how many are left.
func (r *recent) drop(t Time) int {
	for r.Head < len(r.Times) && r.Times[r.Head] <= t {
		r.Head++
	}
	if r.Head > 64 && r.Head > len(r.Times)/2 {
		r.Times = r.Times[:copy(r.Times, r.Times[r.Head:])]
		r.Head = 0
	}
	return len(r.Times) - r.Head
}

func (r *recent) add(t Time) { r.Times = append(r.Times, t) }

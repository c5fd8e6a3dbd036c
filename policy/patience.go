package policy

// patience says how much cheaper than a new instance an idle one has to be to
// be kept, in rungs of the price ladder: at first it is ended at the level of a
// quarter of the price. Where crowds come and go, so that most launches are
// ended before their use, it grows until fewer are; where hardly any is, it
// shrinks again.
type patience struct {
	Rungs          int
	Came, Launched int32 // since the last look
}

const (
	leastPatience, mostPatience = 2, 8
	// patienceEvery is how many arrivals lie between two looks.
	patienceEvery = 250
	// Launches an arrival at which it grows and shrinks.
	muchChurn, littleChurn = 2.4, 1.6
)

// arrive counts an arrival.
func (p *patience) arrive() {
	p.Came++
	if p.Came < patienceEvery {
		return
	}
	churn := float64(p.Launched) / float64(p.Came)
	switch {
	case churn > muchChurn:
		p.Rungs = min(p.Rungs+1, mostPatience)
	case churn < littleChurn:
		p.Rungs = max(p.Rungs-1, leastPatience)
	}
	p.Came, p.Launched = 0, 0
}

package tournament

import "shadowpool/policy"

// known is what is known of reality, for all worlds.
type known struct {
	fleet    policy.Config
	terms    []terms
	leads    []leads // by pool
	now      policy.Time
	worlds   int
	requests map[policy.RequestID]*request // that a world is not done with
	// inputs are what comes to the worlds from outside, in order; the first has the
	// number first.
	inputs []input
	first  int64
}

// An input comes to every world alike.
type input struct {
	t       policy.Time
	what    inputKind
	request *request
}

type inputKind uint8

const (
	starts inputKind = iota
	arrives
	withdraws
)

// input is one by its number, and when it comes; policy.Never if that is not known yet.
func (k *known) input(n int64) (input, policy.Time) {
	if at := n - k.first; at < int64(len(k.inputs)) {
		return k.inputs[at], k.inputs[at].t
	}
	return input{}, policy.Never
}

// forget drops the inputs before a number.
func (k *known) forget(n int64) {
	gone := n - k.first
	if gone < int64(len(k.inputs))/2 && gone < int64(len(k.inputs)) {
		return // so that each is moved but once or twice
	}
	k.inputs = append(k.inputs[:0], k.inputs[gone:]...)
	k.first = n
}

// done says that one more world is done with a request.
func (k *known) done(r *request) {
	if r.open--; r.open == 0 {
		delete(k.requests, r.ID)
	}
}

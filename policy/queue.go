package policy

// waiter is a request without an instance. Those whose own launch is on its
// way hang on the instance, the others in their pool's queue.
type waiter struct {
	Request Request
	Arrived Time
	Next    uint32
	Prev    uint32
}

// queue is a list of waiters, first come first.
type queue struct {
	First, Last uint32
}

var emptyQueue = queue{First: none, Last: none}

// waiters is the table of waiting requests, with a free list through it.
type waiters struct {
	Rows  []waiter
	Empty uint32
}

func (w *waiters) add(t Time, r Request) uint32 {
	i := w.Empty
	if i == none {
		i = uint32(len(w.Rows))
		w.Rows = append(w.Rows, waiter{})
	} else {
		w.Empty = w.Rows[i].Next
	}
	w.Rows[i] = waiter{Request: r, Arrived: t, Next: none, Prev: none}
	return i
}

func (w *waiters) remove(i uint32) {
	w.Rows[i].Next = w.Empty
	w.Empty = i
}

// join adds i as the last of q.
func (w *waiters) join(q *queue, i uint32) {
	row := &w.Rows[i]
	row.Prev, row.Next = q.Last, none
	if q.Last == none {
		q.First = i
	} else {
		w.Rows[q.Last].Next = i
	}
	q.Last = i
}

// jump adds i as the first of q.
func (w *waiters) jump(q *queue, i uint32) {
	row := &w.Rows[i]
	row.Prev, row.Next = none, q.First
	if q.First == none {
		q.Last = i
	} else {
		w.Rows[q.First].Prev = i
	}
	q.First = i
}

// leave removes i from anywhere in q.
func (w *waiters) leave(q *queue, i uint32) {
	row := &w.Rows[i]
	if row.Prev == none {
		q.First = row.Next
	} else {
		w.Rows[row.Prev].Next = row.Next
	}
	if row.Next == none {
		q.Last = row.Prev
	} else {
		w.Rows[row.Next].Prev = row.Prev
	}
}

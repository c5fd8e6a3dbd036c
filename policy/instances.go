package policy

// none ends linked lists; no slot, request or shelf has this index.
const none = ^uint32(0)

// state is where an instance is in its life.
type state uint8

const (
	free state = iota // the slot has no instance
	launching
	idle
	serving
	stopped
)

func (s state) String() string {
	return [...]string{"no instance", "launching", "idle", "serving", "stopped"}[s]
}

// instance is a row of the dense table of instances; its index is its slot.
// 32 bytes, so that two share a cache line and none straddles one.
type instance struct {
	Since Time   // when it was ordered (launching), became idle or was promoted (serving)
	Next  uint32 // towards newer on its shelf; of a free slot, the next free one
	Prev  uint32 // towards older on its shelf
	// Pool is the category that it is an instance of now.
	Pool PoolID
	// Gen tells the slot's owners apart.
	Gen uint32
	// Tenant is whom it has served, under isolation; 0 is nobody.
	Tenant uint32
	State  state
	// Own is set while it launches for one request, whose index is Next.
	Own   bool
	Marks marks
}

// marks tell an instance from a plain one on demand.
type marks uint8

const (
	spot     marks = 1 << iota // on spot capacity
	noticed                    // the provider will take it back
	resumed                    // it launches from the stopped stock
	filling                    // it launches for the stopped stock
	relieved                   // the instance Next will take over its request
	relief                     // it launches to take over the request of Next

	// Of untold launches a LaunchSizer hears nothing.
	untold = resumed | filling | relief
)

func (in *instance) capacity() Capacity { return Capacity(in.Marks & spot) }

// instances is the table, with a free list threaded through it.
type instances struct {
	Rows  []instance
	Empty uint32 // first free slot
	Alive int    // slots in use
}

// add takes a slot for a launch.
func (n *instances) add(t Time, p PoolID) (uint32, *instance) {
	slot := n.Empty
	if slot == none {
		slot = uint32(len(n.Rows))
		n.Rows = append(n.Rows, instance{})
	} else {
		n.Empty = n.Rows[slot].Next
	}
	n.Alive++
	in := &n.Rows[slot]
	in.Since, in.Next, in.Prev, in.Pool = t, none, none, p
	in.Gen++
	in.Tenant, in.State, in.Own, in.Marks = 0, launching, false, 0
	return slot, in
}

// remove frees a slot.
func (n *instances) remove(slot uint32) {
	n.Alive--
	in := &n.Rows[slot]
	in.State = free
	in.Next = n.Empty
	n.Empty = slot
}

// id is the lasting name of a slot's instance.
func (n *instances) id(slot uint32) InstanceID {
	return InstanceID(uint64(n.Rows[slot].Gen)<<32 | uint64(slot))
}

// A shelf is a list of idle instances in the order in which they became idle.
type shelf struct {
	Oldest, Newest uint32
	Count          int32
	// Due is when the shelf's expiry timer comes, Never without one. A timer
	// that comes at another instant has been overtaken.
	Due Time
}

var emptyShelf = shelf{Oldest: none, Newest: none, Due: Never}

// put adds an instance, as the newest unless it has been idle for longer than
// others: what becomes prepared meanwhile changes its shelf.
func (n *instances) put(s *shelf, slot uint32) {
	in := &n.Rows[slot]
	older, newer := s.Newest, none
	for older != none && n.Rows[older].Since > in.Since {
		older, newer = n.Rows[older].Prev, older
	}
	in.Prev, in.Next = older, newer
	if older == none {
		s.Oldest = slot
	} else {
		n.Rows[older].Next = slot
	}
	if newer == none {
		s.Newest = slot
	} else {
		n.Rows[newer].Prev = slot
	}
	s.Count++
}

// take removes an instance from anywhere on its shelf.
func (n *instances) take(s *shelf, slot uint32) {
	in := &n.Rows[slot]
	if in.Prev == none {
		s.Oldest = in.Next
	} else {
		n.Rows[in.Prev].Next = in.Next
	}
	if in.Next == none {
		s.Newest = in.Prev
	} else {
		n.Rows[in.Next].Prev = in.Prev
	}
	s.Count--
}

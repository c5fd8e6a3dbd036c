package policy

// pool is the stock of one category. What every event touches comes first, in
// one cache line; the whole is two.
type pool struct {
	Warm      int32 // idle on the shared shelf
	Launching int32 // ordered for the pool
	Waiting   int32 // in the queue
	InUse     int32
	Level     Level
	Shelf     shelf // idle and free to serve anyone

	reusable   bool // of the configuration, as are the next five
	limited    bool // has a limit on instances or launches
	compatible bool // has compatible categories
	slow       bool // promotions take delay
	layer      bool // a layer of others
	terms      bool // has spot or stopped capacity, or the fleet a budget
	// Active is set while the pool is visited at the next tick.
	Active bool
	// Held is set while a launch has failed and none has become warm since, or
	// launches pause.
	Held bool

	Queue     queue
	Own       int32  // launching for a request of their own
	Tied      int32  // idle on tenants' shelves
	FirstTied uint32 // heads the list of tenants' shelves that hold something
	// WakeAt is when the pool asked for its next tick; Never if it did not.
	WakeAt Time
	delay  int64 // a promotion's, ns
	_      [24]byte
}

// configure takes over what events need of the pool's category.
func (p *pool) configure(k *Category) {
	p.reusable = k.Reusable
	p.limited = k.MaxInstances|k.MaxLaunching != 0
	p.compatible = len(k.Compatible) > 0
	p.delay = int64(k.PromotionDelay)
	p.slow = p.delay > 0
}

func (p *pool) stock() Stock {
	return Stock{Warm: p.Warm, Launching: p.Launching, Waiting: p.Waiting, InUse: p.InUse}
}

func (p *pool) position() int32 { return p.Warm + p.Launching - p.Waiting }

func (p *pool) total() int32 {
	return p.Warm + p.Launching + p.InUse + p.Own + p.Tied
}

// shelfID names a shelf: the shared one of the pool with that index, or, with
// the highest bit set, a row of the table of tenants' shelves.
type shelfID uint32

const tiedShelfBit shelfID = 1 << 31

// tiedShelf holds the idle instances of a pool that have served one tenant
// and, under isolation, may serve no other.
type tiedShelf struct {
	shelf
	Pool   PoolID
	Tenant uint32
	Next   uint32 // in the pool's list of shelves, or of the free rows
	Prev   uint32
}

// tenantKey finds a tenant's shelf.
type tenantKey struct {
	Pool   PoolID
	Tenant uint32
}

// tied is the table of tenants' shelves. A shelf exists while it holds an
// instance or its timer is pending.
type tied struct {
	Rows  []tiedShelf
	Empty uint32
	find  map[tenantKey]uint32 // never iterated
}

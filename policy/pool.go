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

	reusable   bool // of the configuration, as are the next six
	limited    bool // has a limit on instances or launches
	compatible bool // has compatible categories
	slow       bool // promotions take delay
	staged     bool // has stages of warm-up that serve some requests only
	layer      bool // a layer of others
	// Active is set while the pool is visited at the next tick.
	Active bool
	// Held is set while a launch has failed and none has become warm since, or
	// launches pause.
	Held bool
	// Paused is set while it launches nothing, as Pause has it.
	Paused bool

	Queue      queue
	Own        int32  // launching for a request of their own
	Tied       int32  // idle for one tenant only
	FirstApart uint32 // heads the list of the pool's shelves in apart
	// WakeAt is when the pool asked for its next tick; Never if it did not.
	WakeAt Time
	delay  int64 // a promotion's, ns
	terms  bool  // has spot or stopped capacity, or the fleet a budget
	facets Facet // by which its stages go
	timed  bool  // has an idle time-out
	// Aging are idle and free for all, but on their way out: no stock.
	Aging  int32
	Doomed int32  // launching in vain, see life
	scrubs bool   // its instances may go from tenant to tenant
	keeps  bool   // a stage keeps several keys
	tenant uint32 // that it is reserved for; 0 is nobody
	_      [4]byte
}

// configure takes over what events need of the pool's category.
func (p *pool) configure(k *Category) {
	p.reusable = k.Reusable
	p.limited = k.MaxInstances|k.MaxLaunching != 0
	p.compatible = len(k.Compatible) > 0
	p.delay = int64(k.PromotionDelay)
	p.slow = p.delay > 0
	p.staged, p.facets = len(k.Stages) > 0, k.Facets()
	p.timed = k.IdleTimeout > 0
	p.tenant = k.ReservedFor
	p.keeps = false
	for i := range k.Stages {
		p.keeps = p.keeps || k.Stages[i].Keeps > 1
	}
}

func (p *pool) stock() Stock {
	return Stock{Warm: p.Warm, Launching: p.Launching, Waiting: p.Waiting, InUse: p.InUse}
}

func (p *pool) position() int32 { return p.Warm + p.Launching - p.Waiting }

func (p *pool) total() int32 {
	return p.Warm + p.Launching + p.InUse + p.Own + p.Tied + p.Aging + p.Doomed
}

// shelfID names a shelf: the shared one of the pool with that index, or, with
// the highest bit set, a row of the table of tenants' shelves.
type shelfID uint32

const apartBit shelfID = 1 << 31

// apartShelf holds the idle instances of a pool that are not like all others:
// those that have served one tenant and, under isolation, may serve no other,
// and those that are prepared for a target.
type apartShelf struct {
	shelf
	Pool   PoolID
	Tenant uint32
	Target Target
	// Coming is how many are being prepared for the target.
	Coming int32
	Next   uint32 // in the pool's list of shelves, or of the free rows
	Prev   uint32
}

// apartKey finds such a shelf.
type apartKey struct {
	Pool   PoolID
	Tenant uint32
	Target Target
}

func (s *apartShelf) key() apartKey { return apartKey{s.Pool, s.Tenant, s.Target} }

// apart is the table of those shelves. A shelf exists while it holds an
// instance, one is being prepared for it, or its timer is pending.
type apart struct {
	Rows  []apartShelf
	Empty uint32
	find  map[apartKey]uint32 // never iterated
	near  targetCache
}

package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cloud is a host that keeps its own books and checks every action of a
// controller against them.
type cloud struct {
	t         testing.TB
	config    *Config
	ctrl      *Controller
	now       Time
	instances map[InstanceID]*cloudInstance
	order     []InstanceID // living, by launch
	waiting   map[RequestID]Request
	served    map[RequestID]bool
	nextID    RequestID
	launches  int
	trail     []string
}

type cloudInstance struct {
	state   state
	pool    PoolID
	tenant  uint32
	request RequestID
	uses    int
	adapt   time.Duration // to the pool that it has just moved to
	on      Capacity
	noticed bool
	stale   bool
	born    Time
}

func (c *cloud) failf(format string, args ...any) {
	c.t.Helper()
	for _, line := range c.trail[max(0, len(c.trail)-30):] {
		c.t.Log(line)
	}
	c.t.Fatalf(format, args...)
}

func (c *cloud) note(format string, args ...any) {
	c.trail = append(c.trail, fmt.Sprintf("%d ", c.now)+fmt.Sprintf(format, args...))
}

// Launch implements Host.
func (c *cloud) Launch(t Time, id InstanceID, p PoolID, on Capacity, why Reason) {
	c.note("  launch %d in %d on %v: %v", id, p, on, why)
	if on == Spot && c.config.Categories[p].Spot == nil {
		c.failf("instance %d is launched on spot, which its category does not have", id)
	}
	if c.instances[id] != nil {
		c.failf("instance %d is launched twice", id)
	}
	c.instances[id] = &cloudInstance{state: launching, pool: p, on: on}
	c.order = append(c.order, id)
	c.launches++
	c.withinBudget()
}

// Stop implements Host.
func (c *cloud) Stop(t Time, id InstanceID, p PoolID) {
	c.note("  stop %d", id)
	in := c.instances[id]
	if in == nil || in.state != idle || in.on != OnDemand || in.tenant != 0 || c.config.Categories[in.pool].Stopped == nil {
		c.failf("instance %d cannot be stopped", id)
	}
	in.state = stopped
}

// Resume implements Host.
func (c *cloud) Resume(t Time, id InstanceID, p PoolID, why Reason) {
	c.note("  resume %d: %v", id, why)
	in := c.instances[id]
	if in == nil || in.state != stopped {
		c.failf("instance %d is resumed but not stopped", id)
	}
	in.state = launching
	c.withinBudget()
}

// Replace implements Host.
func (c *cloud) Replace(t Time, from, to InstanceID) {
	c.note("  %d takes over from %d", to, from)
	a, b := c.instances[from], c.instances[to]
	switch {
	case a == nil || b == nil || a.state != serving || b.state != idle || b.uses > 0:
		c.failf("instance %d cannot take over from %d", to, from)
	case a.on != Spot || b.on != OnDemand || a.pool != b.pool:
		c.failf("instance %d on %v takes over from %d on %v", to, b.on, from, a.on)
	}
	b.state, b.request, b.uses, b.tenant = serving, a.request, 1, a.tenant
	a.state = idle
}

// withinBudget checks what all instances cost.
func (c *cloud) withinBudget() {
	sum := 0.0
	for _, in := range c.instances {
		k := &c.config.Categories[in.pool]
		switch {
		case in.state == stopped:
			sum += k.Stopped.Price
		case in.on == Spot:
			sum += k.Spot.Price
		default:
			sum += k.Price
		}
	}
	if c.config.Budget > 0 && sum > c.config.Budget+1e-9 {
		c.failf("the fleet costs %v $/h, above its budget", sum)
	}
}

// Assign implements Host.
func (c *cloud) Assign(t Time, a Assignment) {
	c.note("  assign %d to %d: %v, %v", a.Instance, a.Request, a.Outcome, a.Reason)
	in := c.instances[a.Instance]
	r, waits := c.waiting[a.Request]
	switch {
	case in == nil || in.state != idle:
		c.failf("instance %d is assigned but not warm", a.Instance)
	case !waits || c.served[a.Request]:
		c.failf("request %d is assigned but does not wait", a.Request)
	case c.config.Isolation == ByTenant && in.tenant != 0 && in.tenant != r.Tenant:
		c.failf("instance %d of tenant %d serves tenant %d", a.Instance, in.tenant, r.Tenant)
	case in.noticed:
		c.failf("instance %d is assigned under notice", a.Instance)
	case in.uses > 0 && !c.config.Categories[in.pool].Reusable:
		c.failf("single-use instance %d serves again", a.Instance)
	case a.Pool != r.Pool:
		c.failf("request %d of pool %d is assigned in pool %d", a.Request, r.Pool, a.Pool)
	case in.stale && c.config.Categories[in.pool].Stale == ForbidStale:
		c.failf("instance %d serves although it is stale", a.Instance)
	case c.ctrl.due(in.born, a.Instance.Slot(), in.pool) <= t:
		c.failf("instance %d serves past its due", a.Instance)
	case r.Warm == NeverWarm && (a.Reason != OwnLaunch || in.uses > 0):
		c.failf("request %d wants an instance of its own and gets %d", a.Request, a.Instance)
	case r.Warm == RequireWarm && (a.Reason > WasCompatible || in.adapt > 0):
		c.failf("request %d requires a warm instance and gets %d", a.Request, a.Instance)
	}
	if a.Delay < int64(in.adapt) {
		c.failf("adapting took %d ns", a.Delay)
	}
	in.adapt = 0
	if a.Pool != in.pool && !slices.ContainsFunc(c.config.Categories[a.Pool].Compatible, func(o Compatible) bool {
		return o.Serves(&r) && o.Becomes(a.Pool) == in.pool && a.Delay >= int64(o.Adapt) && (a.Outcome != Hit || o.Adapt == 0)
	}) {
		c.failf("instance %d of pool %d serves pool %d", a.Instance, in.pool, a.Pool)
	}
	in.state, in.request, in.uses = serving, a.Request, in.uses+1
	if c.config.Isolation == ByTenant {
		in.tenant = r.Tenant
	}
	delete(c.waiting, a.Request)
	c.served[a.Request] = true
}

// Move implements Host.
func (c *cloud) Move(t Time, id InstanceID, to PoolID, why Reason) {
	c.note("  move %d to %d: %v", id, to, why)
	in := c.instances[id]
	if in == nil || in.state != idle {
		c.failf("instance %d moves but is not idle", id)
	}
	below := c.config.Categories[in.pool].Below
	if why == Demoted && (below == nil || *below != to) {
		c.failf("instance %d moves from %d down to %d", id, in.pool, to)
	}
	if why == WasCompatible {
		for p, k := range c.config.Categories {
			for _, o := range k.Compatible {
				if o.Pool == in.pool && o.Becomes(PoolID(p)) == to {
					in.adapt = o.Adapt
				}
			}
		}
		if in.adapt == 0 {
			c.failf("instance %d of pool %d is adapted to %d", id, in.pool, to)
		}
	}
	in.pool, in.uses = to, 0
}

// Prepare implements Host.
func (c *cloud) Prepare(Time, InstanceID, Target, uint8) { c.failf("no category has stages") }

// Refuse implements Host.
func (c *cloud) Refuse(t Time, id RequestID, p PoolID, why Reason) {
	c.note("  refuse %d: %v", id, why)
	r, waits := c.waiting[id]
	switch {
	case !waits || r.Pool != p:
		c.failf("request %d is refused but does not wait in %d", id, p)
	case why == NothingWarm && (r.Warm != RequireWarm || c.ctrl.pools[p].Warm > 0):
		c.failf("request %d is refused beside %d warm instances", id, c.ctrl.pools[p].Warm)
	case why == Drained && (r.Warm != NeverWarm || !c.ctrl.draining):
		c.failf("request %d is refused", id)
	}
	delete(c.waiting, id)
}

// boots makes an instance warm.
func (c *cloud) boots(id InstanceID, in *cloudInstance) {
	in.state = idle
	if in.born == 0 { // it was not resumed
		in.born = c.now
	}
	c.ctrl.Warm(c.now, id)
}

// End implements Host.
func (c *cloud) End(t Time, id InstanceID, p PoolID, why Reason) {
	c.note("  end %d: %v", id, why)
	in := c.instances[id]
	if in == nil || in.state != idle && in.state != stopped && !(in.state == launching && why == Reclaimed) {
		c.failf("instance %d is ended but not idle", id)
	}
	c.remove(id)
}

func (c *cloud) remove(id InstanceID) {
	delete(c.instances, id)
	for i, o := range c.order {
		if o == id {
			c.order = append(c.order[:i], c.order[i+1:]...)
			return
		}
	}
}

// check compares the controller's books with the cloud's.
func (c *cloud) check() {
	stocks := make([]Stock, len(c.config.Categories))
	for _, in := range c.instances {
		switch in.state {
		case launching:
			stocks[in.pool].Launching++
		case idle:
			stocks[in.pool].Warm++
		case serving:
			stocks[in.pool].InUse++
		}
	}
	own := make([]int32, len(stocks))
	for _, in := range c.ctrl.instances.Rows {
		if in.State == launching && in.Own {
			own[in.Pool]++
		}
	}
	for _, r := range c.waiting {
		stocks[r.Pool].Waiting++
	}
	for i := c.ctrl.loners.First; i != none; i = c.ctrl.waiters.Rows[i].Next {
		own[c.ctrl.waiters.Rows[i].Request.Pool]++
	}
	if c.ctrl.lived {
		stale := make([]int, len(stocks))
		for id, in := range c.instances {
			if in.stale {
				stale[in.pool]++
			}
			if in.stale && in.state == idle && c.config.Categories[in.pool].Stale == ForbidStale {
				c.failf("instance %d is idle although it is stale", id)
			}
		}
		for i, want := range stale {
			if got, _ := c.ctrl.Rollout(PoolID(i)); got != want {
				c.failf("pool %d: %d stale instances are counted, of %d", i, got, want)
			}
		}
	}
	for i, want := range stocks {
		want.Waiting -= own[i] // those wait for launches of their own
		got := c.ctrl.Stock(PoolID(i))
		if got != want {
			c.failf("pool %d: the controller counts %+v, the cloud %+v", i, got, want)
		}
		k := c.config.Categories[i]
		if k.MaxInstances > 0 && int(got.Warm+got.Launching+got.InUse) > k.MaxInstances {
			c.failf("pool %d: %+v is above the limit of %d", i, got, k.MaxInstances)
		}
		if k.MaxLaunching > 0 && int(got.Launching) > k.MaxLaunching {
			c.failf("pool %d: %+v launches, the limit is %d", i, got, k.MaxLaunching)
		}
		if got.Waiting > 0 && c.ctrl.pools[i].Warm+c.ctrl.pools[i].Aging > 0 && !c.ctrl.draining {
			c.failf("pool %d: requests wait beside warm instances: %+v", i, got)
		}
	}
}

// find returns the n-th living instance in a state.
func (c *cloud) find(s state, n int) (InstanceID, *cloudInstance) {
	var ids []InstanceID
	for _, id := range c.order {
		if c.instances[id].state == s {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	id := ids[n%len(ids)]
	return id, c.instances[id]
}

// advance fires the timers that are due before an event of a class at t.
func (c *cloud) advance(t Time, class Class) {
	for {
		due, of := c.ctrl.NextTimer()
		if due > t || due == t && of > class {
			break
		}
		c.now = due
		c.note("timer of class %d", of)
		c.ctrl.Fire()
		c.check()
	}
	c.now = t
}

// do carries out one step chosen by three bytes.
func (c *cloud) do(op, arg, wait byte) {
	t := c.now + int64(wait)*int64(wait)*int64(7*time.Millisecond)
	pools := len(c.config.Categories)
	switch op % 64 % 17 {
	case 0, 1, 2, 3, 4:
		c.advance(t, ClassArrival)
		r := Request{ID: c.nextID, Pool: PoolID(int(arg) % pools), Tenant: uint32(arg>>4) % 4, TaskType: uint32(arg) % 3, Anywhere: arg&8 != 0}
		switch {
		case op >= 240:
			r.Warm = RequireWarm
		case op >= 224:
			r.Warm = NeverWarm
		}
		c.nextID++
		c.waiting[r.ID] = r
		c.note("arrival of %d in %d for tenant %d", r.ID, r.Pool, r.Tenant)
		c.ctrl.Arrive(t, r)
	case 5, 6, 7, 8:
		if id, in := c.find(launching, int(arg)); in != nil {
			c.advance(t, ClassRelease)
			if in = c.instances[id]; in == nil || in.state != launching {
				return
			}
			c.note("warm %d", id)
			c.boots(id, in)
		}
	case 9, 10, 11, 12:
		if id, in := c.find(serving, int(arg)); in != nil {
			c.advance(t, ClassRelease)
			c.note("release %d", id)
			in.state = idle
			c.ctrl.Release(t, id)
		}
	case 13:
		if id, in := c.find(launching, int(arg)); in != nil {
			c.advance(t, ClassRelease)
			c.note("fail %d", id)
			c.remove(id)
			c.ctrl.Fail(t, id, Failure(arg>>4)%4)
		}
	case 14:
		id, in := c.find(state(1+arg%4), int(arg))
		if in == nil {
			return
		}
		c.advance(t, ClassRelease)
		if in = c.instances[id]; in == nil {
			return
		}
		if arg&8 != 0 && in.on == Spot {
			c.note("notice of %d, %v", id, in.state)
			in.noticed = true
			c.ctrl.Notice(t, id)
			if in.state != serving && c.instances[id] != nil {
				c.failf("instance %d is under notice and still held", id)
			}
			break
		}
		c.note("lose %d, %v", id, in.state)
		was := *in
		c.remove(id)
		c.ctrl.Lose(t, id)
		if was.state == serving {
			c.check()
			r := Request{ID: c.nextID, Pool: was.pool, Tenant: was.tenant}
			c.nextID++
			c.waiting[r.ID] = r
			c.note("requeue as %d", r.ID)
			c.ctrl.Requeue(t, r)
		}
	case 16: // another policy takes over, and a category is added
		c.advance(t, ClassArrival)
		c.note("configure %s", specimens[int(arg)%len(specimens)])
		config := *c.config
		config.Categories = slices.Clone(config.Categories)
		if len(config.Categories) < 5 {
			config.Categories = append(config.Categories, Category{Name: fmt.Sprint("new", len(config.Categories)), LeadTime: time.Second, Reusable: arg&1 != 0})
		}
		if k := int(arg) % len(config.Categories); arg&3 == 0 && c.ctrl.lived {
			config.Categories[k].Generation += "i"
			for _, in := range c.instances {
				in.stale = in.stale || in.pool == PoolID(k)
			}
		}
		*c.config = config
		if err := c.ctrl.Configure(t, config, buildSizer(c.t, specimens[int(arg)%len(specimens)], config)); err != nil {
			c.failf("configure: %v", err)
		}
	case 15:
		for n := RequestID(0); n < c.nextID; n++ {
			if r, ok := c.waiting[(n+RequestID(arg))%c.nextID]; ok {
				c.advance(t, ClassArrival)
				if _, still := c.waiting[r.ID]; !still {
					return
				}
				c.note("cancel %d", r.ID)
				delete(c.waiting, r.ID)
				if !c.ctrl.Cancel(t, r.Pool, r.ID) {
					c.failf("request %d waits but cannot be cancelled", r.ID)
				}
				if c.ctrl.Cancel(t, r.Pool, r.ID) {
					c.failf("request %d was cancelled twice", r.ID)
				}
				break
			}
		}
	}
	c.check()
}

// specimens are settings of every family that can run live.
var specimens = []string{
	"none", "static:level=3", "static:level=2,stopped=2", "static:level=1,level.b=4", "keepalive:ttl=20s", "keepalive:ttl=0s",
	"headroom:spare=2,cooldown=30s", "headroom:share=0.5,min=1",
	"static-rolling:hit_rate=0.9", "schedule:timetable=Sun-Sat 00:00-24:00 2", "ewma:quantile=0.9",
	"fourier:quantile=0.9", "nhpp:target=0.9", "nhpp:form=wait", "nhpp:form=idle,target=0.7", "ssa-saa:weight=0.9,ramp=2,block=1m",
	"aws-predictive:target=0.3", "adaptive:hit_rate=0.9",
	"openwhisk-reactive:ttl=1m,increment=2,max=3", "ec2-warm-pool:prepared=5,min=1", "break-even", "break-even:scale=3,seed=1",
	"hybrid-histogram:range=3m", "greedy-dual:memory=4", "cidre:ttl=20s", "lazy-capacity:scale=3", "spes:scale=0.2", "layered:price=1",
}

// variant is a fleet drawn from ten bits.
func variant(b uint16) Config {
	c := Config{Categories: []Category{
		{Name: "a", LeadTime: 20 * time.Second, Reusable: b&1 != 0},
		{Name: "b", LeadTime: 45 * time.Second, Reusable: b&2 != 0, PromotionDelay: time.Second},
		{Name: "c", LeadTime: 5 * time.Second, Reusable: b&1 != 0},
	}}
	if b&4 != 0 {
		c.Binding = Early
	}
	if b&8 != 0 {
		c.Isolation = ByTenant
	}
	if b&16 != 0 {
		c.Categories[0].MaxInstances, c.Categories[1].MaxLaunching = 4, 2
		c.Categories[2].MaxInstances, c.Categories[2].MaxLaunching = 3, 1
	}
	if b&32 != 0 {
		c.Categories[0].Compatible = []Compatible{{Pool: 1, Adapt: 3 * time.Second}, {Pool: 2}}
	}
	if b&512 != 0 && b&32 != 0 {
		other := PoolID(1)
		c.Categories[0].Compatible = []Compatible{
			{Pool: 1, To: &other, For: ForAnywhere}, {Pool: 2, For: ForBound}, {Pool: 1, Adapt: 3 * time.Second, To: &other, For: ForBound},
		}
		c.Categories[2].Compatible = []Compatible{{Pool: 0, Adapt: 2 * time.Second, To: &other}}
	}
	if b&256 != 0 {
		c.Categories[0].Lifecycle = Lifecycle{MaxAge: 4 * time.Minute, MinRemaining: 20 * time.Second, Generation: "i", Stale: Staleness(b >> 1 & 1)}
		c.Categories[1].Lifecycle = Lifecycle{MaxAge: 10 * time.Minute, Stale: ForbidStale, IdleTimeout: time.Minute}
		c.Categories[2].Lifecycle = Lifecycle{Stale: Staleness(b & 1), IdleTimeout: 10 * time.Second, Surge: 2, RolloutDeadline: time.Minute}
	}
	if b&128 != 0 && b&64 == 0 {
		for i, price := range [...]float64{1, 1 + float64(1-b>>5&1), 0.7} {
			c.Categories[i].Price = price
		}
		c.Categories[0].Spot = &SpotTerms{Price: 0.3, Interruptions: 0.1, Refused: 0.1, Replace: b&2 != 0}
		c.Categories[0].Stopped = &StoppedTerms{Price: 0.05, Resume: 5e9}
		c.Categories[1].Spot = &SpotTerms{Price: 0.3, Interruptions: 1}
		if b&1 != 0 {
			c.Budget = 4.4
		}
	}
	if b&64 != 0 {
		var err error
		if c.Categories, err = AddLayers(c.Categories, [][]Layer{
			{{"bare", 15 * time.Second, 0.2}, {"language", 6 * time.Second, 0.5}}, {{"bare", 40 * time.Second, 0.2}}, {},
		}); err != nil {
			panic(err)
		}
	}
	return c
}

func buildSizer(t testing.TB, spec string, config Config) Sizer {
	t.Helper()
	specs, err := ParseSpecs(spec)
	if err != nil {
		t.Fatal(err)
	}
	sizer, err := Build(specs[0], Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return sizer
}

func newCloud(t testing.TB, spec string, config Config) *cloud {
	t.Helper()
	sizer := buildSizer(t, spec, config)
	c := &cloud{t: t, config: &config, now: 1_750_000_000e9, instances: map[InstanceID]*cloudInstance{}, waiting: map[RequestID]Request{}, served: map[RequestID]bool{}}
	var err error
	if c.ctrl, err = New(config, sizer, c); err != nil {
		t.Fatal(err)
	}
	c.ctrl.Start(c.now)
	c.check()
	return c
}

// play runs the steps of a tape of bytes.
func play(t testing.TB, tape []byte) {
	if len(tape) < 2 {
		return
	}
	c := newCloud(t, specimens[int(tape[0])%len(specimens)], variant(uint16(tape[1])|uint16(int(tape[0])/len(specimens)%4)<<8))
	for tape = tape[2:]; len(tape) >= 3; tape = tape[3:] {
		if tape[0]>>5 == 6 {
			c.herald(tape[0], tape[1], tape[2])
		} else {
			c.do(tape[0], tape[1], tape[2])
		}
	}
	if len(tape) > 0 && tape[0]&1 != 0 {
		c.ctrl.Drain(c.now)
		c.check()
	}
	c.settle()
}

// settle lets every launch and request end: then nobody may wait.
func (c *cloud) settle() {
	for step := 0; ; step++ {
		if id, in := c.find(launching, 0); in != nil {
			c.now++
			c.advance(c.now, ClassRelease)
			if in = c.instances[id]; in != nil && in.state == launching {
				c.boots(id, in)
			}
		} else if id, in := c.find(serving, 0); in != nil {
			c.now++
			c.advance(c.now, ClassRelease)
			in.state = idle
			c.ctrl.Release(c.now, id)
		} else if due, _ := c.ctrl.NextTimer(); len(c.waiting) > 0 && due != Never {
			c.advance(due, ClassTick)
		} else {
			break
		}
		if step > 100000 {
			c.failf("the pools do not settle")
		}
	}
	c.check()
	if len(c.waiting) > 0 && !c.ctrl.draining {
		c.failf("%d requests wait for ever", len(c.waiting))
	}
}

// Conservation, at every event, whatever happens in whatever order.
func TestMachine(t *testing.T) {
	for seed := range uint64(900) {
		rng := rand.New(rand.NewPCG(seed, 11))
		tape := make([]byte, 2+3*(50+rng.IntN(250))+rng.IntN(2))
		for i := range tape {
			tape[i] = byte(rng.Uint32())
		}
		tape[0] = byte(seed)
		play(t, tape)
	}
}

func FuzzStep(f *testing.F) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 12))
		tape := make([]byte, 2+3*100)
		for i := range tape {
			tape[i] = byte(rng.Uint32())
		}
		f.Add(tape)
	}
	f.Fuzz(func(t *testing.T, tape []byte) {
		play(t, tape[:min(len(tape), 3000)])
	})
}

// restored is a copy of a cloud whose controller restores a snapshot.
func (c *cloud) restored(t testing.TB, spec string, config Config, data []byte) *cloud {
	t.Helper()
	b := newCloud(t, spec, config)
	b.now, b.nextID, b.order = c.now, c.nextID, append([]InstanceID(nil), c.order...)
	b.instances, b.waiting, b.served = map[InstanceID]*cloudInstance{}, map[RequestID]Request{}, map[RequestID]bool{}
	for id, in := range c.instances {
		copied := *in
		b.instances[id] = &copied
	}
	for id, r := range c.waiting {
		b.waiting[id] = r
	}
	for id := range c.served {
		b.served[id] = true
	}
	var err error
	if b.ctrl, err = New(config, buildSizer(t, spec, config), b); err != nil {
		t.Fatal(err)
	}
	if err := b.ctrl.Restore(data); err != nil {
		t.Fatal(err)
	}
	return b
}

// A controller that restores a snapshot goes on as the one that made it.
func TestSnapshotGoesOn(t *testing.T) {
	for i, spec := range specimens {
		for v := range byte(6) {
			config := variant(uint16(v%4)<<8 | uint16(v*17+byte(i)))
			if v >= 4 {
				config = variant(uint16(v&1)<<8 | uint16(128|(v*17+byte(i))&^64))
			}
			a := newCloud(t, spec, config)
			rng := rand.New(rand.NewPCG(uint64(i), uint64(v)))
			step := func(c *cloud, tape []byte) {
				op := tape[0] % 16
				if tape[0] >= 224 {
					op = 226 + tape[0]%2*17 // requests that never want, or require, warm instances
				}
				c.do(op, tape[1], tape[2])
			}
			random := func() []byte { return []byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())} }
			for range 300 {
				step(a, random())
			}
			data, err := a.ctrl.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			b := a.restored(t, spec, config, data)
			a.trail, b.trail = nil, nil
			for range 300 {
				tape := random()
				step(a, tape)
				step(b, tape)
			}
			if diff := cmp.Diff(a.trail, b.trail); diff != "" {
				t.Fatalf("%s: after the snapshot the actions differ:\n%s", spec, diff)
			}
		}
	}
}

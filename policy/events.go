package policy

import "math"

// Time is an instant in nanoseconds since the Unix epoch, UTC.
type Time = int64

// Never is an instant after every other.
const Never Time = math.MaxInt64

// A Class orders events of one instant: lower classes first.
type Class uint8

// The classes, in their order. Of instance events at one instant those that
// became warm come before those that were released, failed or lost.
const (
	ClassWarm Class = iota
	ClassRelease
	ClassExpiry
	ClassArrival
	ClassTick
)

// PoolID is the index of a category in Config.Categories.
type PoolID uint32

// RequestID names a request; the host chooses it. Unique among the requests
// that wait at one time.
type RequestID int64

// InstanceID names an instance for ever: its slot in the table of instances
// and, so that a late message cannot hit the slot's next owner, a generation.
type InstanceID uint64

// Slot is a small number that no other living instance has; hosts use it to
// index their own tables.
func (id InstanceID) Slot() uint32 { return uint32(id) }

// A Request asks a pool for an instance. What the future holds (how long it
// will run) is not in it.
type Request struct {
	ID       RequestID
	Pool     PoolID
	Tenant   uint32 // 0 is unknown
	TaskType uint32 // 0 is unknown, as are the next two
	Image    uint32
	Dataset  uint32
	Warm     Warmth // what it wants of the instances that are warm
	Anywhere bool   // it is bound to no place, see Compatible.For
	Hint     HintID // that announced it; 0 is none
}

// An Outcome says what a request found.
type Outcome uint8

// The outcomes. A PartialHit was served by an instance that was ordered before
// it arrived but was not warm yet, that another request released (whenever it
// was ordered), or that was warm for something else; a Miss by one that became
// warm and was ordered at its arrival or later.
const (
	Hit Outcome = iota
	PartialHit
	Miss
)

func (o Outcome) String() string {
	return [...]string{"hit", "partial_hit", "miss"}[o]
}

// A Reason says why an action was taken.
type Reason uint8

// Reasons to launch, to assign and to end.
const (
	ForLevel      Reason = iota // position was below the level
	ForMiss                     // a miss launches its own instance
	WasWarm                     // the request found it warm
	WasCompatible               // warm for a compatible category
	BecameWarm                  // first to become warm for the head of the queue
	WasReleased                 // first to be released for the head of the queue
	OwnLaunch                   // the request's own launch became warm
	SingleUse                   // it has served its one request
	Surplus                     // idle above the level
	Expired                     // idle for longer than its keep-alive
	NotKept                     // the policy keeps no idle instances
	Drained                     // the pool is being drained
	ForRoom                     // tied to another tenant, at the limit, while a request waits
	ForMemory                   // of least worth when the fleet had no room
	Demoted                     // idle for longer than its keep-alive, moved to the layer below
	ForStopped                  // to be stopped once it is warm
	ForRelief                   // to take over a request from spot
	Relieved                    // on spot, and its request has moved
	Reclaimed                   // the provider takes it back
	ForMoney                    // idle while a request waits for its money or its place
	TooOld                      // too little was left of its life to be handed out
	Outdated                    // of an earlier generation
	IdleTooLong                 // idle beyond the level for longer than the category's time-out
	NothingWarm                 // the request required a warm instance, and none suited
	WasScrubbed                 // idle after another tenant's request
	Reserved                    // free for all, and from its request on that tenant's, as it is
)

func (r Reason) String() string {
	return [...]string{
		"level", "miss", "warm", "compatible", "became_warm", "released", "own_launch",
		"single_use", "surplus", "expired", "not_kept", "drained", "room", "memory", "demoted",
		"stopped", "relief", "relieved", "reclaimed", "money",
		"too_old", "outdated", "idle_timeout", "nothing_warm", "scrubbed", "reserved",
	}[r]
}

// An Assignment promotes an instance for a request.
type Assignment struct {
	Request  RequestID
	Instance InstanceID
	Pool     PoolID // the pool of the request
	Outcome  Outcome
	Reason   Reason
	// Delay is what the promotion itself takes, ns: the promotion delay, and
	// the missing warm-up stages of an instance of a compatible category.
	Delay int64
	// Missing are the stages of the instance's category, by the bits of their
	// index, that are still to be carried out for the request. They take as
	// long as they take, beside Delay.
	Missing uint8
}

// A Host carries out the controller's actions. Its methods only record or
// schedule; see the package comment for the host's duties.
type Host interface {
	// Launch orders an instance of a capacity type. It ends in Warm, Fail or
	// Lose.
	Launch(t Time, id InstanceID, pool PoolID, on Capacity, why Reason)
	// Assign promotes a warm instance for a request. It ends in Release or
	// Lose.
	Assign(t Time, a Assignment)
	// Move makes an idle instance one of another pool: of the layer below, or of
	// the category that it is adapted to, or which is reserved for a tenant, for
	// which it is assigned at once. Nothing is left of what it was prepared for,
	// unless it is Reserved and the stages of both are the same.
	Move(t Time, id InstanceID, to PoolID, why Reason)
	// Prepare has an instance, which is launching or idle, carry out stages of its
	// category, by the bits of their index, as far as it lacks them for a target,
	// once it is warm. It ends in Prepared, unless the instance is assigned, lost,
	// ended or prepared for something else before. A single stage, of those that
	// keep several keys, is done beside what the instance is prepared for.
	Prepare(t Time, id InstanceID, to Target, stages uint8)
	// End terminates an instance; the controller has forgotten it.
	End(t Time, id InstanceID, pool PoolID, why Reason)
	// Stop hibernates an instance, until Resume or End.
	Stop(t Time, id InstanceID, pool PoolID)
	// Resume makes a stopped instance launch again. It ends in Warm, Fail or
	// Lose.
	Resume(t Time, id InstanceID, pool PoolID, why Reason)
	// Replace moves the request that an instance serves to another, which has
	// become warm for it. The request's Release is of that one; the first is
	// ended next.
	Replace(t Time, from, to InstanceID)
	// Refuse turns a request away that asked for what there is not. It is not
	// waiting any more.
	Refuse(t Time, r RequestID, pool PoolID, why Reason)
}

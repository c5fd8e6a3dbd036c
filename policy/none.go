package policy

// None holds nothing: every request provisions its own instance, as without a
// pool, and no instance is kept after its request.
type None struct{}

// Traits implements Sizer.
func (None) Traits() Traits { return Traits{OwnLaunch: true, Idle: KeepNone, ByPool: true} }

// Start implements Sizer.
func (None) Start(Time, PoolID) Level { return Level{} }

// Arrive implements Sizer.
func (None) Arrive(Time, Request, Stock) Level { return Level{} }

// Tick implements Sizer.
func (None) Tick(Time, PoolID, Stock) (Level, Time) { return Level{}, Never }

var _ = register(&Family{
	Name:    "none",
	Summary: "no pool: every request provisions its own instance",
	Build:   func(Fleet, Values) (Sizer, error) { return None{}, nil },
})

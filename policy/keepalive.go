package policy

import "time"

// KeepAlive holds no stock; a reusable instance stays idle for a fixed time
// after its last use (OpenWhisk: 10 min, Azure Functions: 20 min).
type KeepAlive struct {
	ttl int64
}

// NewKeepAlive keeps idle instances for ttl.
func NewKeepAlive(ttl time.Duration) *KeepAlive { return &KeepAlive{int64(ttl)} }

// Traits implements Sizer.
func (k *KeepAlive) Traits() Traits { return Traits{Idle: KeepForAge, ByPool: true} }

// Start implements Sizer.
func (k *KeepAlive) Start(Time, PoolID) Level { return Level{Keep: k.ttl} }

// Arrive implements Sizer.
func (k *KeepAlive) Arrive(Time, Request, Stock) Level { return Level{Keep: k.ttl} }

// Tick implements Sizer.
func (k *KeepAlive) Tick(Time, PoolID, Stock) (Level, Time) { return Level{Keep: k.ttl}, Never }

var _ = register(&Family{
	Name:    "keepalive",
	Summary: "reusable instances stay idle for a fixed time after their last use",
	Knob:    "ttl",
	Params: []Param{
		{Name: "ttl", Kind: Span, Default: "10m", Help: "how long an idle instance is kept"},
	},
	Build: func(_ Fleet, v Values) (Sizer, error) { return NewKeepAlive(v.Span("ttl")), nil },
})

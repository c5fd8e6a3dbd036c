package policy

// WarmPool is an Amazon EC2 Auto Scaling warm pool: it prepares a capacity in
// advance, of which what is in use or asked for is subtracted,
//
//	S = max(min, prepared - in use - waiting)
//
// so that by default the pool shrinks as the group grows ("Warm pools for
// Amazon EC2 Auto Scaling", user guide: maximum prepared capacity less desired
// capacity, and the minimum warm pool size). EC2's default of the prepared
// capacity is the group's maximum: here the category's limit on instances.
type WarmPool struct {
	prepared []int32 // by pool
	least    int32
}

// Traits implements Sizer.
func (w *WarmPool) Traits() Traits { return Traits{Arrivals: true, Ticks: true, ByPool: true} }

// Start implements Sizer.
func (w *WarmPool) Start(_ Time, p PoolID) Level { return w.level(p, Stock{}) }

// Arrive implements Sizer.
func (w *WarmPool) Arrive(_ Time, r Request, s Stock) Level { return w.level(r.Pool, s) }

// Release implements ReleaseSizer.
func (w *WarmPool) Release(_ Time, p PoolID, _ int64, s Stock) Level { return w.level(p, s) }

// Tick implements Sizer.
func (w *WarmPool) Tick(_ Time, p PoolID, s Stock) (Level, Time) { return w.level(p, s), Never }

func (w *WarmPool) level(p PoolID, s Stock) Level {
	return Hold(max(w.least, w.prepared[p]-s.InUse-s.Waiting))
}

// unlimitedPrepared is the prepared capacity of a category without a limit
// when none is given.
const unlimitedPrepared = 10

var _ = register(&Family{
	Name:    "ec2-warm-pool",
	Summary: "a prepared capacity less what is in use",
	Knob:    "prepared",
	Params: []Param{
		{Name: "prepared", Kind: Count, Optional: true, ByCategory: true, Help: "warm and in use together; the category's limit by default, else 10"},
		{Name: "min", Kind: Count, Default: "0", Help: "instances held warm at least"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		w := &WarmPool{least: int32(v.Count("min"))}
		for _, k := range f.Categories {
			n := int32(unlimitedPrepared)
			switch {
			case v.Has("prepared") || v.Has("prepared."+k.Name):
				n = int32(v.CountFor("prepared", k.Name))
			case k.MaxInstances > 0:
				n = int32(min(k.MaxInstances, maxCount))
			}
			w.prepared = append(w.prepared, n)
		}
		return w, nil
	},
})

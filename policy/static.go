package policy

// Static is base-stock with a constant level per category: what most warm
// pools do (a count of replicas, stem cells, a warm pool's size).
type Static struct {
	levels  []int32
	stopped []int32 // nil: none
}

// NewStatic holds levels[p] instances in pool p.
func NewStatic(levels []int32) *Static { return &Static{levels: levels} }

// Traits implements Sizer.
func (s *Static) Traits() Traits { return Traits{ByPool: true} }

// Start implements Sizer.
func (s *Static) Start(_ Time, p PoolID) Level { return Hold(s.levels[p]) }

// Arrive implements Sizer.
func (s *Static) Arrive(_ Time, r Request, _ Stock) Level { return Hold(s.levels[r.Pool]) }

// Tick implements Sizer.
func (s *Static) Tick(_ Time, p PoolID, _ Stock) (Level, Time) { return Hold(s.levels[p]), Never }

// stoppingStatic also holds stopped instances.
type stoppingStatic struct{ *Static }

// Stopped implements StoppingSizer.
func (s stoppingStatic) Stopped(p PoolID) int32 { return s.stopped[p] }

var _ = register(&Family{
	Name:    "static",
	Summary: "a constant number of warm instances per category",
	Knob:    "level",
	Params: []Param{
		{Name: "level", Kind: Count, Default: "1", ByCategory: true, Help: "instances held in each category"},
		{Name: "stopped", Kind: Count, Optional: true, ByCategory: true, Help: "stopped instances held beside them, where a category can be stopped"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		levels := make([]int32, len(f.Categories))
		for i, k := range f.Categories {
			levels[i] = int32(v.CountFor("level", k.Name))
		}
		s := NewStatic(levels)
		for i, k := range f.Categories {
			if v.Has("stopped") || v.Has("stopped."+k.Name) {
				if s.stopped == nil {
					s.stopped = make([]int32, len(levels))
				}
				s.stopped[i] = int32(v.CountFor("stopped", k.Name))
			}
		}
		if s.stopped == nil {
			return s, nil
		}
		return stoppingStatic{s}, nil
	},
})

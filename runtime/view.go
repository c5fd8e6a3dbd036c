package runtime

import "shadowpool/policy"

// A View is what an observer may look at while it is told of an event: the
// controller after what it decided on it.
type View interface {
	Stock(policy.PoolID) policy.Stock
	LevelOf(policy.PoolID) policy.Level
}

// A Viewer is an Observer that wants to see more than the events. It may use
// the view during Observe only, and replaces it by a later one.
type Viewer interface {
	Observer
	View(View)
}

func show(to []Observer, v View) {
	for _, o := range to {
		if viewer, ok := o.(Viewer); ok {
			viewer.View(v)
		}
	}
}

package runtime

import "shadowpool/policy"

// A View is what an observer may look at while it is told of an event: the
// controller after what it decided on it.
type View interface {
	Stock(policy.PoolID) policy.Stock
	LevelOf(policy.PoolID) policy.Level
}

// A Viewer is an Observer that wants to see more than the events. It may use
// the view during Observe only.
type Viewer interface {
	Observer
	View(View)
}

// A view is of the controller that a host has at the time: it may get another.
type view struct{ host *Host }

func (v view) Stock(p policy.PoolID) policy.Stock   { return v.host.ctrl.Stock(p) }
func (v view) LevelOf(p policy.PoolID) policy.Level { return v.host.ctrl.LevelOf(p) }

// show gives the observers that want one a view.
func (h *Host) show() {
	for _, o := range h.opt.Observers {
		if viewer, ok := o.(Viewer); ok {
			viewer.View(view{h})
		}
	}
}

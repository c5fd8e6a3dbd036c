package tournament

import "shadowpool/policy"

// reality is what the live pool really did, reckoned as the worlds are.
type reality struct {
	books     *books
	instances map[policy.InstanceID]*instance
	torn      bool // something is missing: the figures are not whole
}

// An instance is a real one.
type instance struct {
	pool    policy.PoolID
	ordered policy.Time
	warm    policy.Time // 0 until it is
	request policy.RequestID
	serving bool
	served  bool // ever
}

func (r *reality) launched(n note) {
	r.books.open.launches++
	r.instances[n.instance] = &instance{pool: n.pool, ordered: n.t}
}

// became says that a launch is over, and how long it took.
func (r *reality) became(n note) (policy.PoolID, took, bool) {
	i := r.instances[n.instance]
	if i == nil || i.warm != 0 {
		return 0, took{}, false
	}
	t := took{n.t - i.ordered, n.what == failed}
	if t.failed {
		r.books.open.failed++
		r.books.wasted(i.pool, t.span)
		delete(r.instances, n.instance)
	} else {
		i.warm = n.t
		r.books.idles(n.t, i.pool)
	}
	return i.pool, t, true
}

func (r *reality) assigned(n note) {
	i := r.instances[n.instance]
	if i == nil { // it was launched while notes were missing, or before there was a tournament
		r.torn = true
		i = &instance{pool: n.pool, ordered: n.t, warm: n.t}
		r.instances[n.instance] = i
		r.books.idles(n.t, i.pool)
	}
	r.books.engage(n.t, i.pool)
	i.request, i.serving, i.served = n.request.ID, true, true
}

// released is the request that an instance has served; false if it is not known.
func (r *reality) released(n note) (policy.RequestID, bool) {
	i := r.instances[n.instance]
	if i == nil || !i.serving {
		return 0, false
	}
	i.serving = false
	r.books.idles(n.t, i.pool)
	return i.request, true
}

func (r *reality) moved(n note) {
	if i := r.instances[n.instance]; i != nil {
		r.books.engage(n.t, i.pool)
		r.books.idles(n.t, n.pool)
		i.pool = n.pool
	}
}

// ended takes an idle instance, or a launch, off the books.
func (r *reality) ended(n note) {
	i := r.instances[n.instance]
	if i == nil {
		return
	}
	end := n.t
	if i.warm != 0 {
		r.books.engage(n.t, i.pool)
		end = i.warm
	}
	if !i.served {
		r.books.wasted(i.pool, end-i.ordered)
	}
	delete(r.instances, n.instance)
}

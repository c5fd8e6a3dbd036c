package referee

import (
	"slices"

	"shadowpool/policy"
)

// done is what an instance of a category with stages has done.
type done struct {
	is policy.Target
	// kept are further keys of stages that keep several, the longest kept first.
	kept []policy.KeptKey
}

// keyOf is what a stage is done for where a target is needed; no key if it is
// not needed at all.
func keyOf(k *policy.Category, stage int, t policy.Target) (policy.KeptKey, bool) {
	s := &k.Stages[stage]
	return policy.KeptKey{Stage: uint8(stage), Key: s.Key(t)}, s.Needs(t)
}

// missing is which stages lack for a target.
func (d *done) missing(k *policy.Category, needs policy.Target) (stages uint8) {
	for i := range k.Stages {
		want, needed := keyOf(k, i, needs)
		has, _ := keyOf(k, i, d.is)
		if needed && has != want && !slices.Contains(d.kept, want) {
			stages |= 1 << i
		}
	}
	return stages
}

// become makes is the target. The keys of the former one that go stay where a stage
// keeps several.
func (d *done) become(k *policy.Category, is policy.Target) {
	for i := range k.Stages {
		was, had := keyOf(k, i, d.is)
		now, has := keyOf(k, i, is)
		if was == now {
			continue
		}
		if has {
			d.kept = slices.DeleteFunc(d.kept, func(o policy.KeptKey) bool { return o == now })
		}
		if had {
			d.keep(k, was)
		}
	}
	d.is = is
}

// keep adds a key; one of them is the target's, so that one less has room.
func (d *done) keep(k *policy.Category, key policy.KeptKey) {
	most := k.Stages[key.Stage].Keeps
	if most <= 1 {
		return
	}
	d.kept = append(d.kept, key)
	same := func(o policy.KeptKey) bool { return o.Stage == key.Stage }
	n := 0
	for _, o := range d.kept {
		if same(o) {
			n++
		}
	}
	if n > most-1 {
		i := slices.IndexFunc(d.kept, same)
		d.kept = slices.Delete(d.kept, i, i+1)
	}
}

// served is what an instance has become by serving a request that needs a
// target: a facet that the request does not know is not vouched for, if others change.
func (d *done) served(k *policy.Category, needs policy.Target) {
	is := d.is.Over(needs)
	if is != d.is {
		is = d.is.Kept(needs).Over(needs)
	}
	d.become(k, is)
}

package plan

import (
	"fmt"
	"slices"
)

// Saving is the expected wait that done steps spare a request, s, on a shadow
// that is a tenant's, or anyone's. Items count with all that they need only.
func Saving(items []Item, tenant string, done []Step) (float64, error) {
	if err := validate(items); err != nil {
		return 0, err
	}
	return saving(items, tenant, done), nil
}

func saving(items []Item, tenant string, done []Step) float64 {
	pieces := divide(items, tenant, progress(items, done))
	sum := 0.0
	there := make([]bool, len(pieces))
	for i := range pieces { // what is needed comes first
		there[i] = pieces[i].done
		for _, n := range pieces[i].needs {
			there[i] = there[i] && there[n]
		}
		if there[i] {
			sum += pieces[i].saves
		}
	}
	return sum
}

// Better says whether a shadow that runs the plan old, and has done some steps,
// should change to another: what remains to be done of that saves more than
// what remains of old, by more than margin as a share of it (0.1: a tenth), so
// that a shadow does not change for nothing. A shadow that has begun the plan
// of a tenant never becomes another's.
func Better(items []Item, done []Step, old, other Plan, margin float64) (bool, error) {
	if err := validate(items); err != nil {
		return false, err
	}
	if !(margin >= 0) {
		return false, fmt.Errorf("plan: margin %v is no share of what is saved; want 0 or more", margin)
	}
	if old.Tenant != "" && old.Tenant != other.Tenant && len(done) > 0 {
		return false, nil
	}
	remains := func(p Plan) float64 {
		all := slices.Concat(done, p.Remaining(done))
		return saving(items, p.Tenant, all) - saving(items, p.Tenant, done)
	}
	return remains(other) > float64(remains(old)*(1+margin))+1e-9, nil
}

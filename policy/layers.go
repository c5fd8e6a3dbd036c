package policy

import (
	"fmt"
	"time"
)

// A Layer is a stage of warm-up at which idle instances can be held. All
// categories that name it share them: each makes one its own in Adapt.
type Layer struct {
	Name   string
	Adapt  time.Duration // the stages of warm-up that are missing
	Memory float64       // that it takes, as a share of a whole instance's
}

// AddLayers appends the pools of layers to categories and links them: a
// category's requests may be served from its layers, the highest first, and an
// idle instance may move to the layer below. layers has those of each category,
// the lowest first; an error names what does not fit together.
func AddLayers(categories []Category, layers [][]Layer) ([]Category, error) {
	all := append([]Category(nil), categories...)
	pools := map[string]PoolID{}
	for i, stack := range layers {
		var below *PoolID
		var last Layer
		for _, l := range stack {
			switch {
			case l.Name == "":
				return nil, fmt.Errorf("category %q: a layer has no name", all[i].Name)
			case !(l.Memory > last.Memory && l.Memory < 1):
				return nil, fmt.Errorf("category %q: layer %q takes %v of an instance's memory; give a share below 1 and above that of the layer below it", all[i].Name, l.Name, l.Memory)
			case l.Adapt <= 0 || l.Adapt > maxSpan || below != nil && l.Adapt >= last.Adapt:
				return nil, fmt.Errorf("category %q: layer %q lacks %v to warm; give more than 0, and less than the layer below it lacks", all[i].Name, l.Name, l.Adapt)
			}
			p, known := pools[l.Name]
			if !known {
				p = PoolID(len(all))
				pools[l.Name] = p
				all = append(all, Category{Name: l.Name, LeadTime: max(all[i].LeadTime-l.Adapt, 0), Reusable: true, Memory: l.Memory, Below: below, ReservedFor: all[i].ReservedFor})
			} else if k := &all[p]; k.ReservedFor != all[i].ReservedFor {
				return nil, fmt.Errorf("category %q: layer %q is another tenant's; what is reserved for one is not shared", all[i].Name, l.Name)
			} else if k.Memory != l.Memory || !samePool(k.Below, below) {
				return nil, fmt.Errorf("category %q: layer %q has another memory or another layer below it than where it was named first; layers that are shared are alike", all[i].Name, l.Name)
			}
			all[i].Compatible = append([]Compatible{{Pool: p, Adapt: l.Adapt}}, all[i].Compatible...)
			below, last = &p, l
		}
		all[i].Below = below
	}
	return all, nil
}

func samePool(a, b *PoolID) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// demote moves an idle instance, which is due to be ended, to the pool of the
// layer below, where there is one that has room and a sizer that fills it. It
// says whether it did.
func (c *Controller) demote(t Time, slot uint32, p PoolID) bool {
	below := c.config.Categories[p].Below
	if c.layers == nil || below == nil || !c.hasRoom(*below) {
		return false
	}
	if c.lived { // what is on its way out does not stay for another layer
		if _, unfit := c.unfit(t, slot, p); unfit || c.lives[slot].Stale {
			return false
		}
	}
	to := &c.pools[*below]
	c.unshelve(slot)
	c.move(t, slot, *below, Demoted)
	c.setLevel(*below, to, c.layers.Demoted(t, *below, to.stock()))
	c.offer(t, slot, outcomePartial, Demoted)
	return true
}

// move makes an instance that is on no shelf one of another pool.
func (c *Controller) move(t Time, slot uint32, to PoolID, why Reason) {
	in := &c.instances.Rows[slot]
	if c.staged {
		c.unprepare(slot, in.Pool)
		if why != Reserved || !c.config.Categories[in.Pool].SameStages(&c.config.Categories[to]) {
			c.wipe(slot)
		}
	}
	if c.lived {
		c.changesPool(slot, to)
	}
	in.Pool = to
	if c.pools[to].tenant != 0 {
		in.Tenant = 0 // like all others of the pool it is that tenant's
	}
	id := c.instances.id(slot)
	if c.log != nil {
		c.log.move(t, id, to, why)
	}
	c.host.Move(t, id, to, why)
}

// markLayers notes which pools are layers.
func (c *Controller) markLayers() {
	for _, k := range c.config.Categories {
		if k.Below != nil {
			c.pools[*k.Below].layer = true
		}
	}
}

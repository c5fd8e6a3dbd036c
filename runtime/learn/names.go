package learn

import (
	"shadowpool/policy/profile"
)

// leastNames is how many names there must be until those go that nothing uses.
const leastNames = 1 << 12

// names gives numbers to names. A number is given out again when its name has
// gone.
type names struct {
	texts []string // by number; empty: free
	ids   map[string]profile.ID
	free  []profile.ID // the least last
	most  int          // beyond which the names are swept
}

func newNames() names {
	return names{texts: []string{""}, ids: make(map[string]profile.ID), most: leastNames}
}

// Facets of a request have numbers of their own.
const (
	ofTaskType = "t:"
	ofTenant   = "o:"
	ofImage    = "i:"
	ofDataset  = "d:"
	ofStage    = "s:"
)

// room sweeps the names when there are twice as many as were in use at the last
// time, so that a name costs the same however many there are. used marks the
// numbers that are in use: what histories know is bounded, and so is this.
func (n *names) room(used func(mark func(profile.ID))) {
	if len(n.ids) > n.most {
		n.sweep(used)
		n.most = max(leastNames, 2*len(n.ids))
	}
}

// id is the number of a facet's name.
func (n *names) id(facet, name string) profile.ID {
	text := facet + name
	if id, ok := n.ids[text]; ok {
		return id
	}
	var id profile.ID
	if last := len(n.free) - 1; last >= 0 {
		id, n.free = n.free[last], n.free[:last]
		n.texts[id] = text
	} else {
		id = profile.ID(len(n.texts))
		n.texts = append(n.texts, text)
	}
	n.ids[text] = id
	return id
}

// find is the number of a name that is known already, else 0.
func (n *names) find(facet, name string) profile.ID { return n.ids[facet+name] }

// name is what a number stands for, of a facet.
func (n *names) name(facet string, id profile.ID) (string, bool) {
	if int(id) >= len(n.texts) || len(n.texts[id]) < len(facet) || n.texts[id][:len(facet)] != facet {
		return "", false
	}
	return n.texts[id][len(facet):], true
}

// sweep forgets the names that nothing uses.
func (n *names) sweep(used func(mark func(profile.ID))) {
	keep := make([]bool, len(n.texts))
	used(func(id profile.ID) {
		if int(id) < len(keep) {
			keep[id] = true
		}
	})
	n.free = n.free[:0]
	for i := len(n.texts) - 1; i > 0; i-- {
		if keep[i] {
			continue
		}
		if n.texts[i] != "" {
			delete(n.ids, n.texts[i])
			n.texts[i] = ""
		}
		n.free = append(n.free, profile.ID(i))
	}
}

// mark names every number that a history has a use for.
func mark(h *profile.History, use func(profile.ID)) {
	counters := func(p *profile.Profile) {
		for _, c := range p.Images {
			use(c.ID)
		}
		for _, c := range p.Dependencies {
			use(c.ID)
		}
		for _, c := range p.Datasets {
			use(c.ID)
		}
		for _, c := range p.Own {
			use(c.ID)
		}
		for _, c := range p.Stages {
			use(c.ID)
		}
	}
	keys := func(s *profile.Sketch) {
		for i := range s.Rows {
			for _, id := range s.Rows[i].Key {
				use(id)
			}
		}
	}
	counters(&h.All)
	for _, p := range []*profile.Profiles{&h.Types, &h.Pairs} {
		keys(&p.Kinds)
		for i := range p.Rows {
			counters(&p.Rows[i])
		}
	}
	for i := range h.Targets.Memories {
		keys(&h.Targets.Memories[i].Sketch)
	}
	keys(&h.Datasets.Names)
	for i := range h.Datasets.Rows {
		use(h.Datasets.Rows[i].Owner)
	}
	keys(&h.Stages.Names)
	keys(&h.Stages.Keys)
	for i := range h.Stages.Rows {
		use(h.Stages.Rows[i].Key)
	}
}

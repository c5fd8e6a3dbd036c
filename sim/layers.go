package sim

import "shadowpool/policy"

// AddLayers gives a fleet that has none the pools of its categories' layers;
// layers has those of each category, the lowest first. A layer has the price
// and billing of the category that names it first.
func (f *Fleet) AddLayers(layers [][]policy.Layer) error {
	plain := f.PolicyConfig().Categories
	all, err := policy.AddLayers(plain, layers)
	if err != nil {
		return err
	}
	f.Layers = len(all) - len(plain)
	for _, k := range all[len(plain):] {
		f.Categories = append(f.Categories, Category{Category: k, Lead: Constant(k.LeadTime)})
	}
	for i := len(plain) - 1; i >= 0; i-- {
		k := &f.Categories[i]
		k.Compatible, k.Below = all[i].Compatible, all[i].Below
		for below := k.Below; below != nil; below = all[*below].Below {
			f.Categories[*below].Price, f.Categories[*below].Billing = k.Price, k.Billing
		}
	}
	return nil
}

package policy

// Stopped implements StoppingSizer.
func (a *Adaptive) Stopped(id PoolID) int32 { return a.Pools[id].Stopped }

// stopped is what the level at the price of storage has more than that at the
// price of running.
func (a *Adaptive) stopped(p *adaptivePool, id PoolID) int32 {
	share := a.storage[id]
	if share == 0 {
		return 0
	}
	return max(a.levelAt(p, float64(a.Calibration.price()*share))-p.Level.Stock, 0)
}

// storagePrice is that of a stopped instance, as a share of a running one's. It
// saves a request only the part of the lead time that resuming does not take,
// and is by so much the dearer. Zero if it is not worth stopping, as where
// shadows are on spot: what stopped stock saves them of idling at that price, its
// launches and services on demand cost more.
func storagePrice(k *Category) float64 {
	if k.Stopped == nil || k.spotFirst() || k.Stopped.Resume >= int64(k.LeadTime) {
		return 0
	}
	saved := 1 - float64(k.Stopped.Resume)/float64(k.LeadTime)
	if share := k.Stopped.Price / float64(k.Price*saved); share < 1 {
		return share
	}
	return 0
}

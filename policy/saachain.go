package policy

// saaChain finds the sizes N_1, N_2, ... of consecutive blocks that minimise
//
//	sum over b of E of (1-weight) (N_b - D_b)+ + weight (D_b - N_b)+
//	subject to N_b <= N_(b-1) + ramp, N_0 given
//
// by a dynamic programme over whole numbers, from the last block back: the cost
// to go of a size is its own and the least that a next size within reach can
// have. It is exact: with whole N_0 and ramp the linear programme has an optimum
// at the corners of its costs, which are whole numbers.
type saaChain struct {
	weight float64
	ramp   int
	blocks []saaBlock
	toGo   []float64 // the least cost from a block on, by the most it may be
	own    []float64
}

// A saaBlock is a block's demand: probabilities of 0, 1, 2, ...
type saaBlock struct {
	demand []float64
	mean   float64
}

func (c *saaChain) begin(weight float64) { c.weight, c.blocks = weight, c.blocks[:0] }

func (c *saaChain) addBlock() {
	if len(c.blocks) == cap(c.blocks) {
		c.blocks = append(c.blocks, saaBlock{})
	} else {
		c.blocks = c.blocks[:len(c.blocks)+1]
	}
	b := &c.blocks[len(c.blocks)-1]
	b.demand, b.mean = b.demand[:0], 0
}

// addDemand adds a part of the last block's mixture.
func (c *saaChain) addDemand(p []float64, share float64) {
	b := &c.blocks[len(c.blocks)-1]
	for len(b.demand) < len(p) {
		b.demand = append(b.demand, 0)
	}
	for k, v := range p {
		b.demand[k] += float64(share * v)
		b.mean += float64(float64(share*v) * float64(k))
	}
}

// best is a block's own best size: the newsvendor's, the smallest that covers
// the demand with probability weight.
func (c *saaChain) best(b *saaBlock) int {
	sum := 0.0
	for k, v := range b.demand {
		sum += v
		if sum >= c.weight {
			return k
		}
	}
	return len(b.demand)
}

// first is N_1.
func (c *saaChain) first(before int) int {
	least, free := before, true
	most := 0
	for i := range c.blocks {
		b := c.best(&c.blocks[i])
		free = free && b <= least+c.ramp
		least = b
		most = max(most, b)
	}
	if free { // every block can have its own best
		return c.best(&c.blocks[0])
	}
	// Beyond most every block would only cost more.
	c.toGo = append(c.toGo[:0], make([]float64, most+1)...)
	at := 0
	for i := len(c.blocks) - 1; i >= 0; i-- {
		c.costs(&c.blocks[i], most)
		for n := range c.own {
			if i < len(c.blocks)-1 {
				c.own[n] += c.toGo[min(n+c.ramp, most)]
			}
		}
		if i == 0 {
			for n, v := range c.own[:min(before+c.ramp, most)+1] {
				if v < c.own[at] {
					at = n
				}
			}
			break
		}
		least := c.own[0]
		for n, v := range c.own {
			least = min(least, v)
			c.toGo[n] = least
		}
	}
	return at
}

// costs fills in own: of the sizes 0 to most in a block. From n to n+1 the cost
// grows by P(D <= n) less weight.
func (c *saaChain) costs(b *saaBlock, most int) {
	cost, below := c.weight*b.mean, 0.0
	c.own = c.own[:0]
	for n := range most + 1 {
		c.own = append(c.own, cost)
		if n < len(b.demand) {
			below += b.demand[n]
		}
		cost += below - c.weight
	}
}

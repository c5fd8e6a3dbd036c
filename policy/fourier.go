package policy

import "shadowpool/forecast"

// Fourier is IceBreaker (Basu Roy, Patel, Tiwari: IceBreaker: Warming Serverless
// Functions Better with Heterogeneity, ASPLOS 2022): the demand of every
// category is extrapolated from its trend and its strongest Fourier components
// (forecast.Fourier), and instances are warmed a lead time ahead. The paper
// warms as many as are forecast; here the level is a quantile of the forecast
// demand over the lead time, whose scatter is learned, so that any service can
// be asked for. The paper's utility score chooses between cheap and fast
// servers; a pool has one capacity type, so there is nothing to choose.
func newFourier(f Fleet, v Values) Sizer {
	models := byLead(f, func(step, lead float64) *forecast.FourierModel {
		return forecast.NewFourierModel(step, lead)
	})
	q := &quantiles{share: v.Float("quantile")}
	return newPlanned(len(f.Categories), func(p PoolID) plan {
		return &quantilePlan[*forecast.Fourier]{Forecast: models[p].New(), lead: leadSeconds(f, p), rule: q}
	})
}

var _ = register(&Family{
	Name:    "fourier",
	Summary: "IceBreaker: trend and strongest Fourier components, extrapolated",
	Knob:    "quantile",
	Params: []Param{
		{Name: "quantile", Kind: Share, Default: "0.99", Help: "probability that the demand over a lead time is covered"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) { return newFourier(f, v), nil },
})

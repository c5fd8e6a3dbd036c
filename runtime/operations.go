package runtime

import (
	"github.com/prometheus/client_golang/prometheus"

	"shadowpool/policy"
)

// operations are the figures that alerts go by, and what was foreseen.
type operations struct {
	draining, recordingFailed                     *prometheus.Desc
	held, failing, most, price, forecast, horizon *prometheus.Desc
}

func newOperations(gauge func(name, help string, labels ...string) *prometheus.Desc) operations {
	return operations{
		draining:        gauge("draining", "1 while no new claims are taken."),
		recordingFailed: gauge("recording_failed", "1 when the recording has stopped for an error."),
		held:            gauge("launches_held", "1 while launches are held back because others have failed.", "category"),
		failing:         gauge("launch_failures_in_a_row", "Launches that have failed since the last that succeeded.", "category"),
		most:            gauge("max_instances", "The limit on instances; absent where there is none.", "category"),
		price:           gauge("price_dollars", "Price of an instance for an hour; absent where none is configured.", "category"),
		forecast:        gauge("forecast_requests", "Requests that the policy expects over the forecast's span: mean, p05 or p95.", "category", "bound"),
		horizon:         gauge("forecast_span_seconds", "The span of the forecast, the lead time as it is learned.", "category"),
	}
}

func (o *operations) describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{o.draining, o.recordingFailed, o.held, o.failing, o.most, o.price, o.forecast, o.horizon} {
		out <- d
	}
}

func (o *operations) collect(out chan<- prometheus.Metric, s *Status) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	flag := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	set(o.draining, flag(s.Draining))
	set(o.recordingFailed, flag(s.RecordingError != ""))
	for _, p := range s.Pools {
		set(o.held, flag(p.LaunchesHeldUntil != nil), p.Category)
		set(o.failing, float64(p.LaunchFailures), p.Category)
		if p.MaxInstances > 0 {
			set(o.most, float64(p.MaxInstances), p.Category)
		}
		if p.PriceUSD > 0 {
			set(o.price, p.PriceUSD, p.Category)
		}
		if f := p.Forecast; f != nil {
			set(o.forecast, f.Mean, p.Category, "mean")
			set(o.forecast, float64(f.P05), p.Category, "p05")
			set(o.forecast, float64(f.P95), p.Category, "p95")
			set(o.horizon, f.OverS, p.Category)
		}
	}
}

// begin makes the series that rates are taken of: one that appears with its
// first event hides it.
func (m *metrics) begin() {
	for i := range m.host.opt.Fleet.Categories {
		name := m.host.poolName(policy.PoolID(i))
		for o := policy.Hit; o <= policy.Miss; o++ {
			m.requests.WithLabelValues(name, o.String())
		}
		m.launches.WithLabelValues(name, policy.ForLevel.String())
		for _, v := range []*prometheus.CounterVec{m.withdrawn, m.refused, m.failures, m.lost} {
			v.WithLabelValues(name)
		}
		m.waits.WithLabelValues(name)
		m.leads.WithLabelValues(name)
	}
}

package proxy

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the proxy's figures.
type metrics struct {
	wait    prometheus.Histogram
	ended   *prometheus.CounterVec
	refused *prometheus.CounterVec
}

func newMetrics(p *Proxy) *metrics {
	m := &metrics{
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "shadowpool", Subsystem: "proxy", Name: "first_request_wait_seconds",
			Help:    "From a session's first request until it has its instance.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600},
		}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "shadowpool", Subsystem: "proxy", Name: "sessions_ended_total",
			Help: "Sessions that ended, by why: idle, lost, released by someone else, left before there was an instance, failed, closed.",
		}, []string{"reason"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "shadowpool", Subsystem: "proxy", Name: "refused_total",
			Help: "Requests that were not forwarded, by the status of their answer.",
		}, []string{"code"}),
	}
	if p.opt.Metrics == nil {
		return m
	}
	sessions := func(of state, name string) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "shadowpool", Subsystem: "proxy", Name: "sessions", Help: "Sessions by whether they have their instance.",
			ConstLabels: prometheus.Labels{"state": name},
		}, func() float64 { return float64(p.count(of)) })
	}
	p.opt.Metrics.MustRegister(m.wait, m.ended, m.refused, sessions(waiting, "waiting"), sessions(open, "open"))
	return m
}

func (p *Proxy) count(of state) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		if s.state == of {
			n++
		}
	}
	return n
}

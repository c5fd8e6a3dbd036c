package api

import "github.com/prometheus/client_golang/prometheus"

// traffic counts what is asked, for Prometheus. Routes and kinds of problems
// are known, so the number of series is bounded.
type traffic struct {
	answers *prometheus.CounterVec
	done    []prometheus.Counter // by route
}

func newTraffic(s *server, to *prometheus.Registry) traffic {
	t := traffic{answers: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "shadowpool", Name: "api_requests_total", Help: "Requests to the API, by what became of them: done, or the kind of problem.",
	}, []string{"route", "result"})}
	for _, r := range routes {
		t.done = append(t.done, t.answers.WithLabelValues(r.method+" "+r.path, "done"))
	}
	standing := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "shadowpool", Name: "api_claims_in_line", Help: "Claims that wait for their tenant's turn.",
	}, func() float64 { return float64(s.gate.lines.length()) })
	to.MustRegister(t.answers, standing)
	return t
}

func (t *traffic) problem(r *route, p *Problem) {
	t.answers.WithLabelValues(r.method+" "+r.path, p.Type[len(prefix):]).Inc()
}

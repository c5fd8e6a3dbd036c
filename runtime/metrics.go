package runtime

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the host's figures for Prometheus. Categories are configured,
// so the number of series is bounded.
type metrics struct {
	host     *Host
	registry *prometheus.Registry

	requests, withdrawn, refused, launches, terminations, failures, lost *prometheus.CounterVec
	waits, leads, stages                                                 *prometheus.HistogramVec
	ended, cpu, unclaimedCPU                                             *prometheus.CounterVec
	unseen                                                               prometheus.Counter

	instances, level, waiting, memory, memoryShare *prometheus.Desc
	shadows                                        []shadowGauge
	operations
}

// spans are the buckets of waits and lead times, in seconds: a hit takes
// microseconds, a machine minutes.
var spans = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1800}

func newMetrics(h *Host) *metrics {
	m := &metrics{host: h, registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "shadowpool", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		c := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "shadowpool", Name: name, Help: help, Buckets: spans}, append([]string{"category"}, labels...))
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("shadowpool_"+name, help, labels, nil)
	}
	m.requests = counter("requests_total", "Requests that got an instance, by what they found.", "category", "outcome")
	m.withdrawn = counter("requests_withdrawn_total", "Requests that left before they got an instance.", "category")
	m.refused = counter("requests_refused_total", "Requests that required a warm instance when none was.", "category")
	m.launches = counter("launches_total", "Launches ordered, by reason.", "category", "reason")
	m.terminations = counter("terminations_total", "Instances ended, by reason.", "category", "reason")
	m.failures = counter("launch_failures_total", "Launches that failed.", "category")
	m.lost = counter("instances_lost_total", "Instances that were gone without having been ended.", "category")
	m.waits = histogram("wait_seconds", "From arrival to promotion.")
	m.leads = histogram("lead_time_seconds", "From the order of an instance until it is warm.")
	m.stages = histogram("stage_seconds", "Stages of a launch: until it is ready, and from then until it is warm.", "stage")
	m.ended = counter("warm_instances_ended_total", "Instances that were warm and are gone, by whether they have served.", "category", "claimed")
	m.cpu = counter("cpu_seconds_total", "CPU time of instances.", "category")
	m.unclaimedCPU = counter("unclaimed_cpu_seconds_total", "CPU time of instances that were warm and are gone without having served.", "category")
	m.unseen = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "shadowpool", Name: "usage_failures_total", Help: "Looks at what the instances use that failed.",
	})
	m.memory = gauge("memory_bytes", "Resident memory of instances by what they do, when they were last seen.", "category", "state")
	m.memoryShare = gauge("memory_ratio", "Memory of an idle instance as a share of one that serves.", "category")
	m.shadows = shadowGauges(gauge)
	m.instances = gauge("instances", "Instances by what they do.", "category", "state")
	m.level = gauge("level", "The base-stock level that the policy holds.", "category")
	m.waiting = gauge("waiting_requests", "Requests in the queue.", "category")
	m.operations = newOperations(gauge)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "shadowpool", Name: "build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": h.opt.Version, "policy": h.opt.Policy.String()},
	})
	build.Set(1)
	m.begin()
	m.registry.MustRegister(m, build, m.unseen, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Metrics is the registry of the host's figures.
func (h *Host) Metrics() *prometheus.Registry { return h.metrics.registry }

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.instances
	out <- m.level
	out <- m.waiting
	out <- m.memory
	out <- m.memoryShare
	for _, g := range m.shadows {
		out <- g.desc
	}
	m.operations.describe(out)
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := m.host.Status(ctx)
	if err != nil { // it has stopped
		return
	}
	for _, p := range s.Pools {
		for _, by := range []struct {
			state string
			count int32
		}{{"launching", p.Launching}, {"idle", p.Warm}, {"serving", p.InUse}} {
			out <- prometheus.MustNewConstMetric(m.instances, prometheus.GaugeValue, float64(by.count), p.Category, by.state)
		}
		out <- prometheus.MustNewConstMetric(m.level, prometheus.GaugeValue, float64(p.Level), p.Category)
		out <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(p.Waiting), p.Category)
		m.collectUsage(out, &p)
	}
	m.operations.collect(out, &s)
}

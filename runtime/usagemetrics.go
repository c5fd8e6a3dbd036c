package runtime

import "github.com/prometheus/client_golang/prometheus"

// A shadowGauge is a figure of ShadowUsage; its value is nil if it is unknown.
type shadowGauge struct {
	desc  *prometheus.Desc
	value func(*ShadowUsage) *float64
}

func shadowGauges(gauge func(name, help string, labels ...string) *prometheus.Desc) []shadowGauge {
	bytes := func(name, help string, of func(*ShadowUsage) *int64) shadowGauge {
		return shadowGauge{gauge("shadow_"+name, help, "category"), func(s *ShadowUsage) *float64 {
			if v := of(s); v != nil {
				return new(float64(*v))
			}
			return nil
		}}
	}
	return []shadowGauge{
		bytes("memory_mean_bytes", "Resident memory of a warm, unassigned instance.", func(s *ShadowUsage) *int64 { return s.MemoryMeanBytes }),
		bytes("memory_max_bytes", "Resident memory of the largest one.", func(s *ShadowUsage) *int64 { return s.MemoryMaxBytes }),
		bytes("cached_mean_bytes", "What of it are copies of files, or shared memory.", func(s *ShadowUsage) *int64 { return s.CachedMeanBytes }),
		bytes("read_mean_bytes", "What it has read from storage since its start.", func(s *ShadowUsage) *int64 { return s.ReadMeanBytes }),
		bytes("written_mean_bytes", "What it has written to storage since its start.", func(s *ShadowUsage) *int64 { return s.WrittenMeanBytes }),
		{gauge("shadow_cpu_ratio", "What it takes of one processor.", "category"), func(s *ShadowUsage) *float64 { return s.CPUShare }},
	}
}

// collectUsage leaves out what is unknown.
func (m *metrics) collectUsage(out chan<- prometheus.Metric, p *PoolStatus) {
	if b := p.MemoryBytes; b != nil {
		for _, by := range []struct {
			state string
			bytes *int64
		}{{"launching", b.Launching}, {"idle", b.Idle}, {"serving", b.Serving}} {
			if by.bytes != nil {
				out <- prometheus.MustNewConstMetric(m.memory, prometheus.GaugeValue, float64(*by.bytes), p.Category, by.state)
			}
		}
	}
	if p.MemoryShare != nil {
		out <- prometheus.MustNewConstMetric(m.memoryShare, prometheus.GaugeValue, *p.MemoryShare, p.Category)
	}
	if p.Shadows == nil {
		return
	}
	for _, g := range m.shadows {
		if v := g.value(p.Shadows); v != nil {
			out <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, *v, p.Category)
		}
	}
}

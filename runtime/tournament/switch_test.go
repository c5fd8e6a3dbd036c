package tournament

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shadowpool/policy"
)

// trialOf is a tournament whose blocks are made up: no host, no requests.
func trialOf(t *testing.T, change func(*Options)) *Tournament {
	t.Helper()
	o := Options{
		Fleet: policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}}},
		Live:  specs(t, "static:level=9")[0], Contenders: specs(t, "static:level=5,static:level=2"),
	}
	o.Logger = slog.New(slog.DiscardHandler)
	change(&o)
	held, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(held.Close)
	held.began = 1
	return held
}

// observe makes an observation up: what each contender wastes, $, its share of hits,
// and what the live pool really wastes.
func (t *Tournament) madeUp(day int64, real float64, of func(i int) (usd, hitRate float64)) {
	length := int64(t.opt.Observation)
	b := BlockFigures{Whole: true}
	figures := func(usd, hitRate float64) Figures {
		return Figures{Requests: 1000, Hits: int64(1000 * hitRate), HitRate: hitRate, WasteUSD: usd}
	}
	for i := range t.all {
		b.All = append(b.All, figures(of(i)))
	}
	_, hits := of(t.live)
	b.Real = figures(real, hits)
	t.now = (day + 1) * length
	t.observe(&b, day*length, (day+1)*length)
	if to := t.decide(); to >= 0 {
		t.mu.Unlock()
		t.change(to)
		t.mu.Lock()
	}
}

// TestProposes: what is cheaper at a service that is hardly worse is proposed, once the
// evidence is there; what is cheaper still, at a worse service, is not.
func TestProposes(t *testing.T) {
	held := trialOf(t, func(o *Options) { o.Observation, o.Block = 24*time.Hour, 24*time.Hour })
	random := rand.New(rand.NewPCG(1, 1))
	held.mu.Lock()
	at := int64(0)
	for day := range int64(60) {
		common := 20 * random.Float64() // days differ by more than policies do
		held.madeUp(day, common+31, func(i int) (float64, float64) {
			return common + []float64{30, 0, 25, 10}[i] + 2*random.Float64(), []float64{0.95, 0, 0.949, 0.9}[i]
		})
		if held.proposal != nil && at == 0 {
			at = day + 1
		}
	}
	held.mu.Unlock()
	if s := held.Status(); at != 14 || s.Proposal.Policy != "static:level=5" || len(s.Switches) > 0 || !s.Contenders[2].Better || s.Contenders[3].Better || !s.Contenders[3].Worse || s.Contenders[2].Worse || s.Contenders[3].Dearer || s.Observations != 60 {
		t.Errorf("at %d: %+v", at, s)
	}
}

// TestDoesNotCryWolf: of 200 tournaments of alike policies, looked at every day of 60, a
// share of alpha at most ever proposes.
func TestDoesNotCryWolf(t *testing.T) {
	wolves := 0
	for run := range uint64(200) {
		held := trialOf(t, func(o *Options) { o.Observation, o.Block = 24*time.Hour, 24*time.Hour })
		random := rand.New(rand.NewPCG(run, 1))
		held.mu.Lock()
		ever := false
		for day := range int64(60) {
			held.madeUp(day, 30, func(int) (float64, float64) { return 30 + random.NormFloat64(), 0.95 })
			ever = ever || held.proposal != nil
		}
		held.mu.Unlock()
		held.Close()
		if ever {
			wolves++
		}
	}
	t.Logf("%d of 200", wolves)
	if wolves > 10 {
		t.Errorf("%d of 200 propose what is no better", wolves)
	}
}

// TestSwitchesAndTakesItBack: what is proposed is run, if that is allowed; when reality
// then is dearer than the model of the former policy, it comes back and stays.
func TestSwitchesAndTakesItBack(t *testing.T) {
	for _, tt := range []struct {
		really float64 // what the new policy really wastes beyond what the model says
		want   string
	}{{0, "[static:level=5]"}, {20, "[static:level=5 static:level=9]"}} {
		var made []string
		refuse := true
		held := trialOf(t, func(o *Options) {
			o.Observation, o.Block = 24*time.Hour, 24*time.Hour
			o.Switch = func(_ context.Context, to policy.Spec) error {
				if refuse { // the first time
					refuse = false
					return errRefused
				}
				made = append(made, to.String())
				return nil
			}
		})
		random := rand.New(rand.NewPCG(1, 1))
		held.mu.Lock()
		for day := range int64(150) {
			waste := []float64{30, 0, 25, 10}
			real := waste[held.live] + 3 // the model is always wrong by that
			if held.live == 2 {
				real += tt.really
			}
			held.madeUp(day, real+random.Float64(), func(i int) (float64, float64) {
				return waste[i] + random.Float64(), []float64{0.95, 0, 0.949, 0.9}[i]
			})
		}
		held.mu.Unlock()
		s := held.Status()
		if fmt.Sprint(made) != tt.want || s.Switches[0].Err == "" || s.Switches[len(s.Switches)-1].Back != (tt.really > 0) {
			t.Errorf("%v: %v, %+v", tt.really, made, s.Switches)
		}
		if tt.really > 0 && (!s.Contenders[2].Barred || s.Live != "static:level=9") {
			t.Errorf("%+v", s)
		}
		if tt.really == 0 && (s.Trial == nil || *s.Trial.USDPerHour.High >= 0) {
			t.Errorf("the trial says %+v", s.Trial)
		}
	}
}

// An observation without requests says what the pools cost, and nothing of the service.
func TestQuietDays(t *testing.T) {
	held := trialOf(t, func(o *Options) { o.Observation, o.Block = 24*time.Hour, 24*time.Hour })
	held.mu.Lock()
	for day := range int64(20) {
		held.madeUp(day, 30, func(i int) (float64, float64) { return float64(30 - i + int(day%3)*(i+1)), 0.9 - 0.1*float64(i) })
		b := BlockFigures{Whole: true, All: make([]Figures, len(held.all))}
		start := (100 + day) * int64(24*time.Hour)
		held.observe(&b, start, start+int64(24*time.Hour))
	}
	held.mu.Unlock()
	c := held.Status().Contenders[2].Against
	if c.Observations != 40 || math.Abs(c.HitRate.Mean+0.2) > 1e-12 || math.Abs(c.USDPerHour.Mean) > 2.0/24 {
		t.Errorf("%+v", c)
	}
}

package tournament

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"shadowpool/runtime/tournament/confidence"
)

// saved is what outlives the server: the evidence, not the worlds.
type saved struct {
	Terms    savedTerms  `json:"terms"`
	Live     string      `json:"live"`
	Policies []string    `json:"policies"`
	Counted  int64       `json:"observations"`
	Lost     int64       `json:"observations_lost"`
	Evidence []sums      `json:"evidence"` // by policy
	Barred   []bool      `json:"barred"`
	Wrong    bias        `json:"model_error"`
	Trial    *savedTrial `json:"trial,omitempty"`
	Switches []Switched  `json:"switches"`
}

// savedTerms are those on which evidence was gathered; under others it means nothing.
type savedTerms struct {
	ObservationS float64 `json:"observation_s"`
	Alpha        float64 `json:"alpha"`
	Least        int     `json:"least"`
}

type sums struct {
	Cost, Hits, Wait confidence.State
}

type savedTrial struct {
	Former   int
	Bias     rate
	Evidence sums
}

func (e *evidence) sums() sums { return sums{e.cost.State(), e.hits.State(), e.wait.State()} }

func (e *evidence) restore(s sums) error {
	if err := e.cost.Restore(s.Cost); err != nil {
		return err
	}
	if err := e.hits.Restore(s.Hits); err != nil {
		return err
	}
	return e.wait.Restore(s.Wait)
}

func (o *Options) terms() savedTerms {
	return savedTerms{o.Observation.Seconds(), o.Alpha, o.Least}
}

// save is the evidence as it is.
func (t *Tournament) save() ([]byte, error) {
	s := saved{
		Terms: t.opt.terms(), Live: t.all[t.live].spec.String(), Counted: t.counted, Lost: t.lost, Wrong: t.wrong, Switches: t.switches,
	}
	for _, c := range t.all {
		s.Policies = append(s.Policies, c.spec.String())
		s.Evidence = append(s.Evidence, c.evidence.sums())
		s.Barred = append(s.Barred, c.barred)
	}
	if t.trial != nil {
		s.Trial = &savedTrial{t.trial.former, t.trial.bias, t.trial.evidence.sums()}
	}
	return json.Marshal(s)
}

// restore goes on with evidence that was saved under the same terms. It says why it
// cannot; nothing has changed then.
func (t *Tournament) restore(data []byte) error {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if s.Terms != t.opt.terms() {
		return errors.New("it was gathered for other observations, another alpha or another least number")
	}
	if s.Live != t.all[t.live].spec.String() {
		return fmt.Errorf("the live policy was %s", s.Live)
	}
	at := make([]int, len(t.all)) // where each is in the saved
	for i, c := range t.all {
		at[i] = slices.Index(s.Policies, c.spec.String())
	}
	if len(s.Policies) != len(t.all) || len(s.Evidence) != len(t.all) || len(s.Barred) != len(t.all) || slices.Contains(at, -1) {
		return fmt.Errorf("the policies were %s", strings.Join(s.Policies, ", "))
	}
	if s.Trial != nil && (s.Trial.Former < 0 || s.Trial.Former >= len(t.all)) {
		return errors.New("it is damaged: a trial of no policy")
	}
	for i, c := range t.all {
		if err := c.evidence.restore(s.Evidence[at[i]]); err != nil {
			t.restart()
			return err
		}
	}
	for i, c := range t.all {
		c.barred = s.Barred[at[i]]
	}
	if s.Trial != nil {
		e := newEvidence(t.opt.Alpha, t.opt.Least)
		if err := e.restore(s.Trial.Evidence); err != nil {
			t.restart()
			return err
		}
		t.trial = &trial{slices.Index(at, s.Trial.Former), s.Trial.Bias, e}
	}
	t.counted, t.lost, t.wrong, t.switches = s.Counted, s.Lost, s.Wrong, s.Switches
	return nil
}

// keep hands the evidence over, once an observation is added.
func (t *Tournament) keep() {
	if t.opt.Keep == nil {
		return
	}
	t.mu.Lock()
	if !t.unsaved {
		t.mu.Unlock()
		return
	}
	t.unsaved = false
	data, err := t.save()
	t.mu.Unlock()
	if err == nil {
		err = t.opt.Keep(data)
	}
	if err != nil {
		t.opt.Logger.Warn("the tournament's evidence cannot be kept for a next start", "error", err)
	}
}

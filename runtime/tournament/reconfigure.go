package tournament

import (
	"time"

	"shadowpool/policy"
)

// Reconfigure begins anew, after the host has been configured otherwise than by
// Options.Switch: with empty worlds and no evidence. What is kept are the lead times that
// were learned, by the names of pools, and what is known of the real instances, whose
// pools have kept their numbers. On an error everything goes on as it was.
func (t *Tournament) Reconfigure(fleet policy.Config, live policy.Spec, contenders []policy.Spec) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	opt := t.opt
	opt.Fleet, opt.Live, opt.Contenders = fleet, live, contenders
	if err := opt.validate(); err != nil {
		return err
	}
	before, all, at := t.known, t.all, t.live
	old := t.real
	t.line(&opt)
	if err := t.begin(t.now); err != nil {
		t.known, t.all, t.live, t.real = before, all, at, old
		return err
	}
	t.opt.Fleet, t.opt.Live, t.opt.Contenders = opt.Fleet, opt.Live, opt.Contenders
	if t.began != 0 {
		t.began = t.now
		t.inputs = append(t.inputs, input{t: t.now, what: starts})
	}
	t.real.instances, t.real.torn = old.instances, old.torn
	for _, i := range old.instances {
		if i.warm != 0 && !i.serving {
			t.real.books.idles(t.now, i.pool)
		}
	}
	t.restart()
	t.sum, t.damage, t.wrong, t.trial, t.history = observation{}, damage{}, bias{}, nil, nil
	t.undecided, t.unsaved = false, true
	t.opt.Logger.Info("the tournament begins anew", "live", live.String(), "at", time.Unix(0, t.now).UTC())
	return nil
}

package agents

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

func quickOffice(t *testing.T) *Office {
	t.Helper()
	l, err := learn.New(learn.Options{
		Budget: plan.Budget{Time: time.Minute, Bytes: 1 << 30},
		Has:    func(plan.Kind, string) (bool, time.Duration, bool) { return false, time.Second, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	o, err := New(Options{Key: bytes.Repeat([]byte{1}, wire.KeyBytes), Learner: l, Settings: wire.Settings{SecretsIn: wire.SecretsInFiles, OrphanS: 1, OrphanServingS: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ask speaks as the agent of an instance.
func ask[T wire.Message](t *testing.T, o *Office, name, path string, message any) (T, int) {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	identity := wire.Identity{Name: name, Pool: "gpu", Category: "gpu"}.Encode()
	nonce := strings.Repeat("n", 32)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/agents/"+name+"/"+path, bytes.NewReader(body))
	r.Header.Set(wire.HeaderIdentity, identity)
	r.Header.Set(wire.HeaderNonce, nonce)
	r.Header.Set(wire.HeaderMAC, wire.SignRequest(wire.Secret(o.opt.Key, identity), r.Method, r.URL.Path, nonce, body))
	w := httptest.NewRecorder()
	o.Handler().ServeHTTP(w, r)
	answer, err := wire.Decode[T](w.Body.Bytes())
	if err != nil && w.Code == http.StatusOK {
		t.Errorf("%s: %v", path, err)
	}
	return answer, w.Code
}

// A request is learned once, when both its end and its usage are known, or when
// one was waited for long enough.
func TestOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quickOffice(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go o.Run(ctx)
		over := func(claim string) {
			o.Finish(claim, learn.Finished{At: time.Now(), Category: "gpu", TaskType: "train", Duration: time.Second})
			synctest.Wait()
		}
		session := ""
		use := func(claim string, first int64) {
			if got, code := ask[wire.Received](t, o, "i-1", "report", wire.Report{Session: session, First: first, Events: []wire.Event{
				{Kind: wire.EventUsage, Claim: claim, Usage: &wire.Usage{Seconds: 1, Datasets: []wire.Use{{Name: "faces", Read: 0.5, Size: 100}}}},
			}}); code != http.StatusOK || got.Next != max(first+1, got.Next) {
				t.Errorf("%+v %d", got, code)
			}
			synctest.Wait()
		}
		learned := int64(0)
		expect := func(what string, more int64) {
			t.Helper()
			learned += more
			if got := o.opt.Learner.Requests(); got != learned {
				t.Errorf("%s: %d requests are learned, want %d", what, got, learned)
			}
		}
		over("c-0")
		expect("no agent has served it", 1)
		for _, claim := range []string{"c-1", "c-2", "c-3"} { // what it serves, when it registers
			w, code := ask[wire.Welcome](t, o, "i-1", "register", wire.Registration{Version: wire.Version, Boot: "b", State: wire.Serving, Claim: claim})
			if code != http.StatusOK {
				t.Fatal(code)
			}
			session = w.Session
		}
		over("c-1")
		expect("its usage is not known", 0)
		use("c-1", 0)
		expect("both are known", 1)
		use("c-1", 0)
		expect("told twice", 0)
		use("c-2", 1)
		expect("it is not over", 0)
		over("c-2")
		expect("both are known", 1)
		over("c-3")
		time.Sleep(patience / 2)
		synctest.Wait()
		expect("its usage may come", 0)
		time.Sleep(patience)
		synctest.Wait()
		expect("its usage never came", 1)
		use("c-3", 2)
		expect("too late", 0)
	})
}

// An agent that is silent is forgotten; it registers anew when it is there after
// all.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quickOffice(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go o.Run(ctx)
		w, _ := ask[wire.Welcome](t, o, "i-1", "register", wire.Registration{Version: wire.Version, Boot: "b", State: wire.Ready})
		began := time.Now()
		if _, code := ask[wire.Orders](t, o, "i-1", "orders", wire.Ask{Session: w.Session, WaitS: 25}); code != http.StatusOK || time.Since(began) != 25*time.Second {
			t.Errorf("%d after %v", code, time.Since(began))
		}
		time.Sleep(silence - 30*time.Second)
		synctest.Wait()
		if len(o.Agents()) != 1 {
			t.Error("it is forgotten already")
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if len(o.Agents()) != 0 {
			t.Error("it is known for ever")
		}
		if _, code := ask[wire.Orders](t, o, "i-1", "orders", wire.Ask{Session: w.Session}); code != http.StatusConflict {
			t.Errorf("%d", code)
		}
	})
}

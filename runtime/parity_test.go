package runtime_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/sim"
	"shadowpool/trace"
)

// A session is what a live run has recorded.
type session struct {
	events, leadTimes bytes.Buffer
	requests          string // a Parquet file
}

// asTrace writes requests as cmd/live does.
type asTrace struct{ *trace.Writer }

func (a asTrace) Write(s runtime.Served) error {
	return a.Writer.Write(trace.Record{
		Arrival: s.Arrival, Duration: s.Duration, Wait: s.Wait, Announced: trace.NoTime,
		Category: s.Category, Tenant: s.Tenant, TaskType: s.TaskType,
	})
}

// fleet has a category of each kind.
func fleet(b policy.Binding, i policy.Isolation) policy.Config {
	return policy.Config{
		Categories: []policy.Category{
			{Name: "sandbox", LeadTime: 30 * time.Millisecond, MaxInstances: 12},
			{Name: "model", LeadTime: 30 * time.Millisecond, Reusable: true},
		},
		Binding: b, Isolation: i, Tick: 20 * time.Millisecond,
	}
}

// places are where the categories of a fleet serve; what is behind a ~ is the tenant.
func places(f policy.Config) (all []config.Place) {
	for _, k := range f.Categories {
		category, tenant, _ := strings.Cut(k.Name, "~")
		all = append(all, config.Place{Category: category, Tenant: tenant})
	}
	return all
}

func spec(t *testing.T, s string) policy.Spec {
	t.Helper()
	specs, err := policy.ParseSpecs(s)
	if err != nil {
		t.Fatal(err)
	}
	return specs[0]
}

// live records a session of several clients with real processes.
func live(t *testing.T, p policy.Spec, f policy.Config) *session {
	t.Helper()
	s := &session{requests: filepath.Join(t.TempDir(), "requests.parquet")}
	file, err := os.Create(s.requests)
	if err != nil {
		t.Fatal(err)
	}
	writer := trace.NewWriter(file)
	var pools []string
	for _, k := range f.Categories {
		pools = append(pools, k.Name)
	}
	provisioner := workers(t, 40*time.Millisecond, pools...)
	host, err := runtime.New(runtime.Options{
		Policy: p, Fleet: f, Places: places(f), Provisioner: provisioner,
		Recording: runtime.Recording{Events: &s.events, LeadTimes: &s.leadTimes, Requests: asTrace{writer}},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- host.Run(running) }()

	use := func(client, i int) error {
		r := runtime.Request{Category: []string{"sandbox", "model"}[(client+i)%2], Tenant: fmt.Sprint("t", client%2)}
		g, err := host.Claim(ctx, r)
		if err != nil {
			return err
		}
		hold := time.NewTimer(time.Duration(1+(5*client+7*i)%13) * time.Millisecond)
		defer hold.Stop()
		<-hold.C
		return host.Release(ctx, g.Claim)
	}
	var clients sync.WaitGroup
	for client := range 5 {
		clients.Go(func() {
			for i := range 7 {
				if err := use(client, i); err != nil {
					t.Errorf("client %d: %v", client, err)
				}
			}
		})
	}
	clients.Wait()
	// The last arrival, when all else is released: the simulated run ends
	// with it.
	if err := use(0, 0); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if left, err := provisioner.List(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return s
}

// actions are those of the event log.
func (s *session) actions(t *testing.T) (all []policy.Record) {
	t.Helper()
	for i, line := range bytes.Split(bytes.TrimSpace(s.events.Bytes()), []byte("\n")) {
		var e runtime.Entry
		if i == 0 {
			continue
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		for _, d := range e.Actions {
			all = append(all, d.Record)
		}
	}
	return all
}

// simulated are the actions of a simulation of the recorded trace under the
// recorded lead times.
func (s *session) simulated(t *testing.T, p policy.Spec, f policy.Config) (all []policy.Record) {
	t.Helper()
	recorded, err := trace.Load(s.requests, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start, latencies := s.leads(t)
	simulated := sim.Fleet{Binding: f.Binding, Isolation: f.Isolation, Tick: f.Tick, Budget: f.Budget}
	for i, k := range f.Categories {
		lead, err := sim.NewRecorded(k.Name, latencies[k.Name], k.LeadTime)
		if err != nil {
			t.Fatal(err)
		}
		in := sim.Category{Category: k, Lead: lead, Price: k.Price}
		if at := places(f)[i]; at.Tenant != "" { // the trace has numbers of its own
			in.Of, in.Tenant = at.Category, at.Tenant
			in.ReservedFor = uint32(slices.Index(recorded.Strings.Tenant, at.Tenant))
		}
		simulated.Categories = append(simulated.Categories, in)
	}
	sizer, err := policy.Build(p, policy.Fleet{Config: f})
	if err != nil {
		t.Fatal(err)
	}
	log := policy.NewLog(func(batch []policy.Record) error {
		all = append(all, batch...)
		return nil
	})
	if _, err := sim.Run(recorded, simulated, sizer, sim.Options{StartAt: start, Log: log}); err != nil {
		t.Fatal(err)
	}
	return all
}

// leads reads the instant of the start and each category's lead times in the
// order of launches.
func (s *session) leads(t *testing.T) (start policy.Time, by map[string][]int64) {
	t.Helper()
	first, table, _ := strings.Cut(s.leadTimes.String(), "\n")
	if _, err := fmt.Sscanf(first, "# the pool was started at %d ns", &start); err != nil {
		t.Fatalf("%q: %v", first, err)
	}
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	by = map[string][]int64{}
	// A launch without a row was not warm by the end: never, here.
	const never = int64(time.Hour)
	samples, err := config.ReadSamples(&s.leadTimes)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows[1:] {
		ordinal, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		for len(by[row[1]]) < ordinal+100 {
			by[row[1]] = append(by[row[1]], never)
		}
		by[row[1]][ordinal] = samples[i]
	}
	return start, by
}

var sessions = []struct {
	policy    string
	binding   policy.Binding
	isolation policy.Isolation
}{
	{"static:level=3", policy.Late, policy.NoIsolation},
	{"static:level=2", policy.Early, policy.ByTenant},
	{"keepalive:ttl=15ms", policy.Late, policy.ByTenant},
	{"keepalive:ttl=25ms", policy.Early, policy.NoIsolation},
	{"ewma", policy.Late, policy.NoIsolation},
	{"adaptive", policy.Late, policy.ByTenant},
	{"greedy-dual:memory=2", policy.Late, policy.NoIsolation},
}

// TestParity: what is simulated is what runs. A live session with real
// processes is verified, and then simulated from its trace and its lead
// times: every action is the same, to the nanosecond.
func TestParity(t *testing.T) {
	for _, tt := range sessions {
		t.Run(fmt.Sprintf("%s/%v/%v", tt.policy, tt.binding, tt.isolation), func(t *testing.T) {
			t.Parallel()
			parity(t, spec(t, tt.policy), fleet(tt.binding, tt.isolation))
		})
	}
}

// TestParityUnderBudget: the same where the fleet may cost no more than four
// instances of two categories.
func TestParityUnderBudget(t *testing.T) {
	t.Parallel()
	f := fleet(policy.Late, policy.NoIsolation)
	f.Budget = 4
	for i := range f.Categories {
		f.Categories[i].Price = 1
	}
	parity(t, spec(t, "static:level=3"), f)
}

// TestParityOfReserved: the same where a pool is reserved for the second tenant.
func TestParityOfReserved(t *testing.T) {
	for _, name := range []string{"static:level=1", "adaptive"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fleet(policy.Late, policy.ByTenant)
			own := policy.PoolID(len(f.Categories))
			f.Categories = append(f.Categories, policy.Category{
				Name: "model~t1", LeadTime: 30 * time.Millisecond, Reusable: true, ReservedFor: 1,
				Compatible: []policy.Compatible{{Pool: 1, To: &own}},
			})
			parity(t, spec(t, name), f)
		})
	}
}

func parity(t *testing.T, p policy.Spec, f policy.Config) {
	t.Helper()
	s := live(t, p, f)
	if t.Failed() {
		return
	}
	v, err := runtime.Verify(bytes.NewReader(s.events.Bytes()))
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	ran, simulated := s.actions(t), s.simulated(t, p, f)
	if int64(len(ran)) != v.Actions {
		t.Errorf("verified %d actions of %d", v.Actions, len(ran))
	}
	// After the last assignment only its release and the drain follow.
	end := len(simulated)
	if end > len(ran) || end < 2*36 {
		t.Fatalf("%d actions simulated, %d live", end, len(ran))
	}
	if d := cmp.Diff(ran[:end], simulated); d != "" {
		t.Errorf("live (-) and simulated (+) differ:\n%s", d)
	}
	for _, a := range ran[end:] {
		if a.Action == policy.Assigned {
			t.Errorf("not simulated: %+v", a)
		}
	}
	t.Logf("%d actions alike, %d events", end, v.Events)
}

// TestSwapped: a log in which two events have changed places is not verified,
// whichever they are; nor is a session simulated alike under another policy.
func TestSwapped(t *testing.T) {
	t.Parallel()
	p, f := spec(t, "static:level=2"), fleet(policy.Late, policy.NoIsolation)
	s := live(t, p, f)
	if t.Failed() {
		return
	}
	lines := bytes.SplitAfter(s.events.Bytes(), []byte("\n"))
	lines = lines[:len(lines)-1] // what follows the last line's end
	for i := 1; i+1 < len(lines); i++ {
		swapped := slices.Clone(lines)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		_, err := runtime.Verify(bytes.NewReader(bytes.Join(swapped, nil)))
		var difference *runtime.Difference
		if !errors.As(err, &difference) || difference.Line != i+1 && difference.Line != i+2 {
			t.Errorf("events %d and %d swapped, line %d first:\n%s%s%v", i, i+1, i+1, lines[i], lines[i+1], err)
		}
	}
	if cmp.Equal(s.actions(t), s.simulated(t, spec(t, "static:level=3"), f)) {
		t.Error("another level decides the same")
	}
}

package importers

import (
	"strings"
	"testing"
	"time"

	"shadowpool/trace"

	"github.com/google/go-cmp/cmp"
)

// The inputs below are written by hand in the documented formats.

func seconds(ns []int64) []float64 {
	out := make([]float64, len(ns))
	for i, n := range ns {
		out[i] = float64(n) / 1e9
	}
	return out
}

func TestSWFRules(t *testing.T) {
	r := imported(t, "swf", Options{}, text(`; UnixStartTime: 1000
; Queue:  1  batch
; Partition: 2 gpu
1 0 5 10 3 -1 -1 4 -1 -1 1 7 1 9 1 2 -1 -1
2 1 -1 20 -1 -1 -1 5 -1 -1 1 7 3 -1 -1 -1 -1 -1
3 2 5 -1 4 -1 -1 4 -1 -1 0 7 1 1 1 -1 -1 -1
4 3 5 0 4 -1 -1 4 -1 -1 5 7 1 1 1 -1 -1 -1
5 4 5 9 4 -1 -1 4 -1 -1 3 7 1 1 1 -1 -1 -1
6 5 0 0 4 -1 -1 4 -1 -1 1 7 1 1 1 -1 -1 -1
`))
	want := []plainRow{
		{0, 10000, "batch", "u7", "gpu-p4", "app9"},
		{1000, 20000, "g3", "u7", "p8", ""},
		{5000, 0, "batch", "u7", "p4", "app1"},
	}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{5e9, trace.NoTime, 0}, r.Trace.Wait); diff != "" {
		t.Error(diff)
	}
	dropped := []Dropped{{"cancelled before it ran", 1}, {"part of a job that has its own line", 1}, {"run time unknown", 1}}
	if diff := cmp.Diff(dropped, r.Dropped); diff != "" {
		t.Error(diff)
	}
}

const sacctOutput = `JobID|Submit|Start|End|Elapsed|Partition|User|Account|State|NCPUS|ReqTRES
101|2026-06-01T09:00:00|2026-06-01T09:00:30|2026-06-01T10:00:30|01:00:00|cpu|ada|lab|COMPLETED|12|billing=12,cpu=12,mem=48G,node=1
101.batch|2026-06-01T09:00:30|2026-06-01T09:00:30|2026-06-01T10:00:30|01:00:00|||lab|COMPLETED|12|
101.extern|2026-06-01T09:00:30|2026-06-01T09:00:30|2026-06-01T10:00:30|01:00:00|||lab|COMPLETED|12|
101.0|2026-06-01T09:00:31|2026-06-01T09:00:31|2026-06-01T10:00:30|00:59:59|||lab|COMPLETED|12|
102_3|2026-06-01T08:30:00|2026-06-01T09:30:00|2026-06-01T09:30:05|00:00:05|gpu||lab|CANCELLED by 1000|8|billing=8,cpu=8,gres/gpu:a100=2,gres/gpu=2,node=1
103|2026-06-01T09:10:00|Unknown|Unknown|00:00:00|cpu|bob|lab|PENDING|1|cpu=1
104|2026-06-01T09:20:00|None|2026-06-01T09:21:00|00:00:00|cpu|bob|lab|CANCELLED|1|cpu=1
105|2026-06-01T09:20:00|2026-06-01T09:22:00|Unknown|02:00:00|cpu|bob|lab|RUNNING|1|cpu=1
106_[8-10]|2026-06-01T09:20:00|2026-06-02T00:00:00|Unknown|00:00:00|cpu|bob|lab|PENDING|1|cpu=1
`

func TestSacct(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	r := imported(t, "slurm-sacct", Options{Location: berlin}, text(sacctOutput))
	want := []plainRow{
		{0, 5000, "gpu", "lab", "gpu-p8-2a100", ""},
		{1800_000, 3600_000, "cpu", "ada", "cpu-p16", ""},
	}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{3600, 30}, seconds(r.Trace.Wait)); diff != "" {
		t.Error(diff)
	}
	if got := time.Unix(0, r.Trace.Arrival[0]).UTC().Format(time.TimeOnly); got != "06:30:00" {
		t.Errorf("half past eight in Berlin became %s UTC", got)
	}
	if diff := cmp.Diff([]Dropped{{"job step", 3}, {"never started", 3}, {"still running", 1}}, r.Dropped); diff != "" {
		t.Error(diff)
	}

	// --parsable ends lines with a bar; times may be seconds since 1970.
	r = imported(t, "slurm-sacct", Options{}, text("JobID|Submit|Start|End|State%20|\n7|100|160|200|COMPLETED|\n"))
	if diff := cmp.Diff([]plainRow{{0, 40_000, "", "", "", ""}}, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
}

const podList = `{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":[
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"team-a","creationTimestamp":"2026-06-01T09:00:00Z","ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"j"}]},
 "spec":{"containers":[{"name":"main","image":"registry.example/train:1"},{"name":"side","image":"proxy:2"}]},
 "status":{"phase":"Succeeded","conditions":[
   {"type":"PodScheduled","status":"True","lastTransitionTime":"2026-06-01T09:00:05Z"},
   {"type":"Ready","status":"False","reason":"PodCompleted","lastTransitionTime":"2026-06-01T10:00:00Z"}],
  "containerStatuses":[
   {"name":"main","restartCount":0,"state":{"terminated":{"exitCode":0,"startedAt":"2026-06-01T09:00:40Z","finishedAt":"2026-06-01T09:59:40Z"}},"lastState":{}},
   {"name":"side","restartCount":1,"state":{"terminated":{"exitCode":0,"startedAt":"2026-06-01T09:10:00Z","finishedAt":"2026-06-01T10:00:00Z"}},
    "lastState":{"terminated":{"exitCode":1,"startedAt":"2026-06-01T09:00:30Z","finishedAt":"2026-06-01T09:09:00Z"}}}]}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"team-b","creationTimestamp":"2026-06-01T08:00:00Z"},
 "spec":{"containers":[{"name":"main","image":"notebook:3"}]},
 "status":{"phase":"Running","conditions":[
   {"type":"PodScheduled","status":"True","lastTransitionTime":"2026-06-01T08:01:00Z"},
   {"type":"Ready","status":"True","lastTransitionTime":"2026-06-01T08:02:10Z"}],
  "containerStatuses":[{"name":"main","state":{"running":{"startedAt":"2026-06-01T08:01:30Z"}},"lastState":{}}]}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","namespace":"team-b","creationTimestamp":"2026-06-01T08:30:00Z"},
 "spec":{"containers":[{"name":"main","image":"notebook:3"}]},"status":{"phase":"Pending"}}
]}`

func TestKubernetesPods(t *testing.T) {
	r := imported(t, "kubernetes-pods", Options{Stages: true}, text(podList))
	want := []plainRow{{0, 3570_000, "Job", "team-a", "registry.example/train:1", ""}}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{30}, seconds(r.Trace.Wait)); diff != "" {
		t.Error(diff)
	}
	if got := r.Trace.Strings.Image[r.Trace.Image[0]]; got != "registry.example/train:1" {
		t.Errorf("image %q", got)
	}
	dropped := []Dropped{{"never started", 1}, {"still running: no duration (give a law of durations)", 1}}
	if diff := cmp.Diff(dropped, r.Dropped); diff != "" {
		t.Error(diff)
	}
	stages := []Sample{
		{"schedule", 5 * time.Second}, {"start", 25 * time.Second},
		{"schedule", time.Minute}, {"start", 30 * time.Second}, {"ready", 40 * time.Second},
	}
	if diff := cmp.Diff(stages, r.Stages); diff != "" {
		t.Error(diff)
	}

	law := trace.Lognormal{Mid: time.Minute, P99: time.Minute}
	r = imported(t, "kubernetes-pods", Options{Duration: law}, text(podList))
	if r.Trace.Len() != 2 || r.Trace.Duration[0] != int64(time.Minute) {
		t.Errorf("with a law of durations: %v", rows(r.Trace))
	}
}

const eventList = `{"apiVersion":"v1","kind":"EventList","items":[
{"kind":"Event","metadata":{"name":"p.1","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"FailedScheduling","message":"0/3 nodes are available","eventTime":"2026-06-01T09:00:00.000000Z","firstTimestamp":null},
{"kind":"Event","metadata":{"name":"p.2","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Scheduled","message":"Successfully assigned ns/p to node-1","eventTime":"2026-06-01T09:00:20.500000Z"},
{"kind":"Event","metadata":{"name":"p.4","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Pulled","message":"Successfully pulled image \"train:1\" in 8s (8s including waiting). Image size: 1000 bytes.","firstTimestamp":"2026-06-01T09:00:30Z","lastTimestamp":"2026-06-01T09:00:30Z","eventTime":null},
{"kind":"Event","metadata":{"name":"p.3","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Pulling","message":"Pulling image \"train:1\"","firstTimestamp":"2026-06-01T09:00:22Z"},
{"kind":"Event","metadata":{"name":"p.5","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Created","message":"Created container main","firstTimestamp":"2026-06-01T09:00:30Z"},
{"kind":"Event","metadata":{"name":"p.6","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Started","message":"Started container main","firstTimestamp":"2026-06-01T09:00:31Z"},
{"kind":"Event","metadata":{"name":"p.7","namespace":"ns"},"involvedObject":{"kind":"Pod","namespace":"ns","name":"p","uid":"u1"},"reason":"Killing","message":"Stopping container main","firstTimestamp":"2026-06-01T09:30:31Z"},
{"kind":"Event","metadata":{"name":"j.1"},"involvedObject":{"kind":"Job","namespace":"ns","name":"j","uid":"u9"},"reason":"SuccessfulCreate","firstTimestamp":"2026-06-01T09:00:00Z"}
]}
{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"q.1"},"regarding":{"kind":"Pod","namespace":"ns","name":"q","uid":"u2"},"reason":"Scheduled","note":"ok","eventTime":"2026-06-01T08:00:00.000000Z"}
{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"q.2"},"regarding":{"kind":"Pod","namespace":"ns","name":"q","uid":"u2"},"reason":"Pulled","note":"Container image \"base:1\" already present on machine","eventTime":null,"deprecatedFirstTimestamp":"2026-06-01T08:00:02Z"}
{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"q.3"},"regarding":{"kind":"Pod","namespace":"ns","name":"q","uid":"u2"},"reason":"Started","note":"","deprecatedFirstTimestamp":"2026-06-01T08:00:03Z"}
`

func TestKubernetesEvents(t *testing.T) {
	r := imported(t, "kubernetes-events", Options{Stages: true}, text(eventList))
	if diff := cmp.Diff([]plainRow{{0, 1800_000, "", "ns", "train:1", ""}}, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{31}, seconds(r.Trace.Wait)); diff != "" {
		t.Error(diff)
	}
	dropped := []Dropped{{`event of a "Job"`, 1}, {"pod's end is not among the events: no duration (give a law of durations)", 1}}
	if diff := cmp.Diff(dropped, r.Dropped); diff != "" {
		t.Error(diff)
	}
	stages := []Sample{
		{"schedule", 20500 * time.Millisecond}, {"prepare", 1500 * time.Millisecond}, {"pull", 8 * time.Second}, {"start", time.Second},
		{"schedule", 0}, {"prepare", 2 * time.Second}, {"start", time.Second},
	}
	if diff := cmp.Diff(stages, r.Stages); diff != "" {
		t.Error(diff)
	}
}

const jobPage = `{"total_count":4,"jobs":[
{"id":1,"run_id":5,"name":"build","workflow_name":"CI","status":"completed","conclusion":"success","created_at":"2026-06-01T09:00:00Z","started_at":"2026-06-01T09:00:12Z","completed_at":"2026-06-01T09:03:12Z","labels":["ubuntu-24.04"],"runner_id":3,"runner_name":"GitHub Actions 3","runner_group_id":0,"runner_group_name":"GitHub Actions","url":"https://api.github.com/repos/octo/hello/actions/jobs/1"},
{"id":2,"run_id":5,"name":"train","workflow_name":"CI","status":"completed","conclusion":"failure","created_at":"2026-06-01T09:00:01Z","started_at":"2026-06-01T09:01:01Z","completed_at":"2026-06-01T09:01:02Z","labels":["self-hosted","gpu"],"runner_group_name":"big","url":"https://api.github.com/repos/octo/hello/actions/jobs/2"},
{"id":3,"run_id":5,"name":"deploy","workflow_name":"CI","status":"completed","conclusion":"skipped","created_at":"2026-06-01T09:00:02Z","started_at":"2026-06-01T09:00:02Z","completed_at":"2026-06-01T09:00:01Z","labels":[]},
{"id":4,"run_id":6,"name":"build","workflow_name":"CI","status":"in_progress","conclusion":null,"created_at":"2026-06-01T09:00:02Z","started_at":"2026-06-01T09:00:02Z","completed_at":null,"labels":["ubuntu-24.04"]}
]}`

func TestGitHubActions(t *testing.T) {
	want := []plainRow{
		{0, 180_000, "CI", "octo/hello", "ubuntu-24.04", ""},
		{1000, 1000, "CI", "octo/hello", "big/gpu+self-hosted", ""},
	}
	bare := jobPage[strings.Index(jobPage, "[") : strings.LastIndex(jobPage, "]")+1]
	hook := `{"action":"completed","workflow_job":` + strings.Split(bare[1:], "\n")[1]
	for name, in := range map[string]string{
		"page": jobPage, "array": bare, "pages": jobPage + "\n" + `{"total_count":4,"jobs":[]}`, "slurped": "[" + jobPage + "]",
	} {
		r := imported(t, "github-actions", Options{Stages: true}, text(in))
		if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]Dropped{{"skipped: it never needed a runner", 1}, {"status in_progress", 1}}, r.Dropped); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]Sample{{"queue", 12 * time.Second}, {"queue", time.Minute}}, r.Stages); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	r := imported(t, "github-actions", Options{}, text(strings.TrimSuffix(hook, ",")+"}"))
	if diff := cmp.Diff(want[:1], rows(r.Trace)); diff != "" {
		t.Errorf("webhook: %s", diff)
	}
}

func TestPrometheus(t *testing.T) {
	const frame = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","model":"m1"},"values":[VALUES]}]}}`
	const base = 1780272000
	law := trace.Lognormal{Mid: time.Second, P99: time.Second}
	for name, c := range map[string]struct {
		values, points string
		want           []int // requests per minute after base
		dropped        []Dropped
	}{
		"counter": {
			"counter", `[1780272000,"100"],[1780272060,"103"],[1780272120,"103"],[1780272180,"4"],[1780272240,"5"]`,
			[]int{3, 0, 4, 1}, nil,
		},
		"counter with a gap": {
			"", `[1780272000,"0"],[1780272060,"2"],[1780272120,"NaN"],[1780272180,"2"]`,
			[]int{2, 0, 0}, []Dropped{{"point is not a number", 1}},
		},
		"rate": {
			"rate", `[1780272060,"0.1"],[1780272120,"0.025"],[1780272180,"0.025"],[1780272240,"0"]`,
			[]int{6, 1, 2, 0}, nil,
		},
		"count": {
			"count", `[1780272060,"2"],[1780272120,"0"],[1780272180,"-1"],[1780272240,"3"]`,
			[]int{2, 0, 0, 3}, []Dropped{{"point is negative", 1}},
		},
	} {
		in := strings.Replace(frame, "VALUES", c.points, 1)
		r := imported(t, "prometheus", Options{Values: c.values, Duration: law}, text(in))
		got := make([]int, len(c.want))
		for i, at := range r.Trace.Arrival {
			got[(at-base*1e9)/60e9]++
			if r.Trace.Strings.Category[r.Trace.Category[i]] != "m1" {
				t.Errorf("%s: category %q", name, r.Trace.Strings.Category[r.Trace.Category[i]])
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.dropped, r.Dropped); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if again := imported(t, "prometheus", Options{Values: c.values, Duration: law}, text(in)); !cmp.Equal(again.Trace, r.Trace) {
			t.Errorf("%s: the same seed gave another trace", name)
		}
	}
	_, err := Import("prometheus", []Input{text(frame)}, Options{})
	if err == nil || !strings.Contains(err.Error(), "--duration") {
		t.Errorf("without durations: error %v", err)
	}
}

// Whatever the input, an importer returns: a valid trace or an error.
func FuzzImport(f *testing.F) {
	formats := Formats()
	seeds := []string{
		"; UnixStartTime: 1000\n1 0 5 10 3 -1 -1 4 -1 -1 1 7 1 9 1 2 -1 -1\n", sacctOutput, podList, eventList, jobPage,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"m":"1"},"values":[[1,"1"],[2,"4"],[3,"2"]]}]}}`,
		"app,func,end_timestamp,duration\na,f,10.5,0.5\n",
		"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n",
		"HashOwner,HashApp,HashFunction,Trigger,1,2\na,b,c,timer,3,0\n",
		"gmt_create,predict_type,predict_status,exec_time_seconds,groupId,checkpoint_model_version_id\n2024-11-15 16:57:50,T,SUCCEED,32.0,G,M\n",
		"num_gpu,gpu_milli,gpu_spec,qos,creation_time,deletion_time,scheduled_time\n1,460,,LS,1,9,2\n0,0,,BE,2,10,\n",
		"stage,latency_ms\npull,1200\n",
	}
	for i := range formats {
		for _, s := range seeds {
			f.Add(uint8(i), []byte(s))
		}
	}
	defer func(n int) { maxRequests = n }(maxRequests)
	maxRequests = 10_000
	law := trace.Lognormal{Mid: time.Second, P99: time.Minute}
	f.Fuzz(func(t *testing.T, format uint8, in []byte) {
		name := formats[int(format)%len(formats)].Name
		for _, o := range []Options{{Stages: true}, {Duration: law, Values: "rate"}} {
			r, err := Import(name, []Input{{"in", strings.NewReader(string(in))}}, o)
			if err != nil {
				continue
			}
			if err := r.Trace.Validate(); err != nil {
				t.Fatal(err)
			}
			if n := r.Trace.Len(); n > maxRequests {
				t.Fatalf("%d requests", n)
			}
			for _, s := range r.Stages {
				if s.Latency < 0 {
					t.Fatalf("stage %s took %s", s.Stage, s.Latency)
				}
			}
		}
	})
}

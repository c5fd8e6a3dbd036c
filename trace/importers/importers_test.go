package importers

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shadowpool/trace"

	"github.com/google/go-cmp/cmp"
)

const shared = "../../../shared/traces"

// realInput opens a file of the shared traces, or skips the test.
func realInput(t *testing.T, name string) Input {
	t.Helper()
	f, err := os.Open(filepath.Join(shared, name))
	if err != nil {
		t.Skipf("the shared traces are not here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return Input{Name: filepath.Base(name), Reader: f}
}

func text(s string) Input { return Input{Name: "in", Reader: strings.NewReader(s)} }

func imported(t *testing.T, format string, o Options, inputs ...Input) *Result {
	t.Helper()
	r, err := Import(format, inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Trace.Validate(); err != nil {
		t.Fatal(err)
	}
	return r
}

// A plainRow is a request as the shared tables write it.
type plainRow struct {
	Arrival, Duration                   int64 // ms
	TaskType, Tenant, Category, Dataset string
}

func rows(t *trace.Trace) []plainRow {
	out := make([]plainRow, t.Len())
	for i := range out {
		out[i] = plainRow{
			Arrival: (t.Arrival[i] - t.Arrival[0]) / 1e6, Duration: t.Duration[i] / 1e6,
			TaskType: word(t.TaskType, t.Strings.TaskType, i), Tenant: word(t.Tenant, t.Strings.Tenant, i),
			Category: word(t.Category, t.Strings.Category, i), Dataset: word(t.Dataset, t.Strings.Dataset, i),
		}
	}
	return out
}

func word[T uint16 | uint32](column []T, words []string, i int) string {
	if column == nil {
		return ""
	}
	return words[column[i]]
}

func sharedRows(t *testing.T, name string) []plainRow {
	t.Helper()
	z, err := gzip.NewReader(realInput(t, name).Reader)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []plainRow
	for _, f := range lines[1:] {
		arrival, err1 := strconv.ParseInt(f[0], 10, 64)
		duration, err2 := strconv.ParseInt(f[1], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		out = append(out, plainRow{arrival, duration, f[2], f[3], f[4], f[5]})
	}
	return out
}

func TestGenTD26EqualsTheSharedTable(t *testing.T) {
	r := imported(t, "alibaba-gentd26", Options{}, realInput(t, "raw/alibaba_gentd26_lora_request_trace.csv.gz"))
	want := sharedRows(t, "genai.csv.gz")
	if len(want) != 26790 {
		t.Fatalf("%d rows in the table, want 26,790", len(want))
	}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Errorf("differs (-table +import):\n%.2000s", diff)
	}
	if diff := cmp.Diff([]Dropped{{"status PENDING", 30}, {"status PROCESSING", 3}}, r.Dropped); diff != "" {
		t.Error(diff)
	}
	if got := time.Unix(0, r.Trace.Arrival[0]).UTC().Format(time.DateTime); got != "2024-11-15 16:57:50" {
		t.Errorf("begins at %s", got)
	}
}

func TestSWFEqualsTheSharedTable(t *testing.T) {
	r := imported(t, "swf", Options{}, realInput(t, "raw/NASA-iPSC-1993-3.1-cln.swf.gz"))
	got, want := rows(r.Trace), sharedRows(t, "nasa_ipsc.csv.gz")
	if len(want) != 18239 {
		t.Fatalf("%d rows in the table, want 18,239", len(want))
	}
	// The table names things in its own way: n128 for p128, and the two
	// groups by what they are.
	for i := range want {
		want[i].Category = "p" + strings.TrimPrefix(want[i].Category, "n")
		want[i].TaskType = map[string]string{"user": "g1", "system": "g2", "staff": "g2"}[want[i].TaskType]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-table +import):\n%.2000s", diff)
	}
	if r.Trace.Arrival[0] != 749458803e9 || r.Trace.Relative {
		t.Errorf("begins at %d, relative %v, want the header's UnixStartTime", r.Trace.Arrival[0], r.Trace.Relative)
	}
	if r.Trace.Wait != nil || len(r.Dropped) != 0 {
		t.Errorf("waits %v, dropped %v, want neither", r.Trace.Wait != nil, r.Dropped)
	}
}

func TestOpenbAgreesWithTheSharedTable(t *testing.T) {
	r := imported(t, "alibaba-openb", Options{}, realInput(t, "raw/alibaba_openb_pod_list_default.csv.gz"))
	got, want := rows(r.Trace), sharedRows(t, "alibaba_gpu_pods.csv.gz")
	if len(want) != 7205 {
		t.Fatalf("%d rows in the table, want 7,205", len(want))
	}
	// The table was made from the variant of the file whose pods name GPU
	// models; times, shares and task types are the same.
	for i := range want {
		share, _, isGPU := strings.Cut(want[i].Category, "-")
		if isGPU {
			share += "-any"
		}
		want[i].Category = share
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-table +import):\n%.2000s", diff)
	}
	dropped := []Dropped{{"created before the record begins", 33}, {"never scheduled", 897}, {"still running", 17}}
	if diff := cmp.Diff(dropped, r.Dropped); diff != "" {
		t.Error(diff)
	}
	if !r.Trace.Relative || r.Trace.Arrival[0] != 0 {
		t.Error("its origin is unknown: it must be relative and begin at the epoch")
	}
}

func TestAzureFunctions2019(t *testing.T) {
	run := func(seed uint64, with ...string) *Result {
		var inputs []Input
		for _, name := range with {
			inputs = append(inputs, realInput(t, "raw/azure_functions_2019_sample_"+name+".csv.gz"))
		}
		return imported(t, "azure-functions-2019", Options{Seed: seed}, inputs...)
	}
	r := run(1, "invocations", "durations")

	// Count the invocations minute by minute, apart from the importer.
	z, err := gzip.NewReader(realInput(t, "raw/azure_functions_2019_sample_invocations.csv.gz").Reader)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int, 1440)
	total, first := 0, -1
	for _, f := range lines[1:] {
		for m, s := range f[4:] {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			want[m] += n
			total += n
			if n > 0 && (first < 0 || m < first) {
				first = m
			}
		}
	}
	if r.Trace.Len() != total || len(r.Dropped) != 0 {
		t.Fatalf("%d requests, dropped %v, want %d and none", r.Trace.Len(), r.Dropped, total)
	}
	// The origin is the first arrival, somewhere within the first minute: a
	// minute's requests lie in two minutes of the trace.
	counts := make([]int, 1442)
	for _, at := range r.Trace.Arrival {
		counts[first+int(at/60e9)]++
	}
	for m := 1; m < 1440; m++ {
		if sum := counts[m-1] + counts[m]; sum < want[m] && m > first {
			t.Errorf("minutes %d and %d have %d requests, want at least %d", m-1, m, sum, want[m])
		}
	}
	// Durations lie within their function's percentiles: 99 to 501 ms.
	if low, high := slices.Min(r.Trace.Duration), slices.Max(r.Trace.Duration); low < 99e6 || high > 501e6 {
		t.Errorf("durations from %d to %d ns, want 99 to 501 ms", low, high)
	}
	if got := len(r.Trace.Strings.Category) - 1; got != len(lines)-1 {
		t.Errorf("%d categories, want %d", got, len(lines)-1)
	}
	if !slices.Equal(r.Trace.Arrival, run(1, "durations", "invocations").Trace.Arrival) {
		t.Error("the same seed gave other arrivals")
	}
	if slices.Equal(r.Trace.Arrival, run(2, "durations", "invocations").Trace.Arrival) {
		t.Error("another seed gave the same arrivals")
	}
	if alone := run(1, "invocations"); alone.Trace.Len() != 0 || alone.Dropped[0].Count != int64(total) {
		t.Errorf("without durations: %d requests, dropped %v", alone.Trace.Len(), alone.Dropped)
	}
	if _, err := Import("azure-functions-2019", []Input{realInput(t, "raw/azure_functions_2019_sample_memory.csv.gz")}, Options{}); err == nil {
		t.Error("a file of memory use was taken")
	}
}

func TestQuantileIsStraightBetweenPercentiles(t *testing.T) {
	table := []float64{10, 20, 30, 40, 50, 100, 200}
	for p, want := range map[float64]int64{0: 10e6, 0.5: 15e6, 1: 20e6, 13: 25e6, 50: 40e6, 87: 75e6, 99.5: 150e6, 100: 200e6} {
		if got := quantile(table, p); got != want {
			t.Errorf("percentile %v is %d ns, want %d", p, got, want)
		}
	}
}

func TestAzureFunctions2021(t *testing.T) {
	r := imported(t, "azure-functions-2021", Options{}, realInput(t, "raw/azure_functions_2021_sample.csv.gz"))
	if r.Trace.Len() != 199 {
		t.Fatalf("%d requests, want 199", r.Trace.Len())
	}
	r = imported(t, "azure-functions-2021", Options{}, text(
		"app,func,end_timestamp,duration\na,f,10.5,0.5\na,g,9,8\n"))
	want := []plainRow{{0, 8000, "", "a", "a/g", ""}, {9000, 500, "", "a", "a/f", ""}}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
}

func TestAzureLLM(t *testing.T) {
	o := Options{Prefill: time.Millisecond, Decode: 10 * time.Millisecond}
	r := imported(t, "azure-llm", o, realInput(t, "raw/AzureLLMInferenceTrace_code.csv.gz"))
	if r.Trace.Len() != 8819 {
		t.Fatalf("%d requests, want 8,819", r.Trace.Len())
	}
	if got, want := r.Trace.Duration[0], int64(4808e6+100e6); got != want {
		t.Errorf("4,808 tokens in and 10 out take %d ns, want %d", got, want)
	}
	if got := time.Unix(0, r.Trace.Arrival[0]).UTC().Format(time.RFC3339Nano); got != "2023-11-16T18:17:03.97996Z" {
		t.Errorf("begins at %s", got)
	}
	r = imported(t, "azure-llm", o, text("TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n"))
	if got := time.Unix(0, r.Trace.Arrival[0]).UTC().Format(time.RFC3339Nano); got != "2024-05-10T00:00:00.00993Z" {
		t.Errorf("begins at %s", got)
	}
}

func TestStagesCSV(t *testing.T) {
	r := imported(t, "stages-csv", Options{Stages: true}, realInput(t, "genai_coldstart_ms.csv.gz"))
	counts := map[string]int{}
	for _, s := range r.Stages {
		counts[s.Stage]++
	}
	want := map[string]int{"basemodel": 7531, "lora": 27415, "controlnet": 29221, "pipeline": 36046}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func TestCSVWithColumns(t *testing.T) {
	name := filepath.Join(t.TempDir(), "jobs.csv")
	if err := os.WriteFile(name, []byte("kind,dur_s,ts\nx,2,7.5\ny,1.5,9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{Table: trace.Options{Columns: map[string]string{"arrival": "ts", "duration": "dur_s", "category": "kind"}, TimeUnit: time.Second}}
	r := imported(t, "csv", o, Input{Name: name})
	want := []plainRow{{0, 2000, "", "", "x", ""}, {1500, 1500, "", "", "y", ""}}
	if diff := cmp.Diff(want, rows(r.Trace)); diff != "" {
		t.Error(diff)
	}
	if _, err := Import("csv", []Input{{Name: name}, {Name: name}}, o); err == nil {
		t.Error("two tables were taken")
	}
}

func TestStartPlacesARelativeTrace(t *testing.T) {
	const in = "app,func,end_timestamp,duration\na,f,10.5,0.5\n"
	r := imported(t, "azure-functions-2021", Options{Start: "2021-01-31T00:00:00"}, text(in))
	if got := time.Unix(0, r.Trace.Arrival[0]).UTC().Format(time.RFC3339); got != "2021-01-31T00:00:00Z" || r.Trace.Relative {
		t.Errorf("begins at %s, relative %v", got, r.Trace.Relative)
	}
	if _, err := Import("kubernetes-pods", []Input{text(podList)}, Options{Start: "2021-01-31T00:00:00"}); err == nil {
		t.Error("a start was taken for a source that knows its own")
	}
}

func TestInputMayBeCompressed(t *testing.T) {
	const plain = "app,func,end_timestamp,duration\na,f,10.5,0.5\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(plain))
	z.Close()
	a := imported(t, "azure-functions-2021", Options{}, text(plain))
	b := imported(t, "azure-functions-2021", Options{}, Input{"in.gz", &packed})
	if diff := cmp.Diff(rows(a.Trace), rows(b.Trace)); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	const swfLine = "1 0 5 10 4 -1 -1 4 -1 -1 1 1 1 1 1 -1 -1 -1\n"
	for name, c := range map[string]struct{ format, in, want string }{
		"format":         {"nothing", "", "slurm-sacct"},
		"empty":          {"swf", "", "no job"},
		"fields":         {"swf", swfLine + "1 2 3\n", "in:2: 3 fields"},
		"number":         {"swf", strings.Replace(swfLine, "10", "ten", 1), "in:1: field 4"},
		"far":            {"swf", strings.Replace(swfLine, "1 0", "1 1e300", 1), "1700"},
		"column":         {"azure-functions-2021", "app,func\n", `"end_timestamp"`},
		"negative":       {"azure-functions-2021", "app,func,end_timestamp,duration\na,f,1,-1\n", "in:2: -1 s"},
		"nan":            {"azure-functions-2021", "app,func,end_timestamp,duration\na,f,NaN,1\n", "in:2: end_timestamp"},
		"ragged":         {"azure-llm", "TIMESTAMP,ContextTokens,GeneratedTokens\n1\n", "wrong number of fields"},
		"time":           {"azure-llm", "TIMESTAMP,ContextTokens,GeneratedTokens\nnoon,1,1\n", `"noon" is no time`},
		"gzip":           {"swf", "\x1f\x8bnot really", "gzip"},
		"sacct header":   {"slurm-sacct", "JobID|State\n", "no field Submit"},
		"json":           {"kubernetes-pods", `{"items":[{"metadata":{}}`, "item 1"},
		"json short":     {"kubernetes-pods", `{"items":[`, "ends in the middle"},
		"json kind":      {"github-actions", `7`, "where an object"},
		"not a matrix":   {"prometheus", `{"status":"success","data":{"resultType":"vector","result":[]}}`, "query_range"},
		"no success":     {"prometheus", `{"status":"error","error":"parse error"}`, "parse error"},
		"percentiles":    {"azure-functions-2019", "HashOwner,HashApp,HashFunction,percentile_Average_0,percentile_Average_1,percentile_Average_25,percentile_Average_50,percentile_Average_75,percentile_Average_99,percentile_Average_100\na,b,c,1,2,3,2,5,6,7\n", "must ascend"},
		"no invocations": {"azure-functions-2019", "HashOwner,HashApp,HashFunction\n", "no file of invocations"},
	} {
		o := Options{Duration: trace.Lognormal{Mid: time.Second, P99: time.Second}}
		_, err := Import(c.format, []Input{text(c.in)}, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.want)
		}
	}
	if _, err := Import("swf", nil, Options{}); err == nil || !strings.Contains(err.Error(), "no input") {
		t.Errorf("no input: error %v", err)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	defer func(n int) { maxRequests = n }(maxRequests)
	maxRequests = 2
	_, err := Import("azure-functions-2021", []Input{text("app,func,end_timestamp,duration\na,f,1,0\na,f,2,0\na,f,3,0\n")}, Options{})
	if err == nil || !strings.Contains(err.Error(), "in:4: more than 2 requests") {
		t.Errorf("error %v", err)
	}
}

func TestFormatsAreSortedAndDescribed(t *testing.T) {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
		if f.About == "" || f.Inputs == "" || f.read == nil {
			t.Errorf("%s lacks a description or a reader", f.Name)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("formats %v are not sorted or not unique", names)
	}
}

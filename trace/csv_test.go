package trace

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shared is where the real traces are, if they are.
const shared = "../../shared/traces"

func sharedFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(shared, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is missing: real traces are not part of the repository", path)
	}
	return path
}

func TestRealTraces(t *testing.T) {
	tests := map[string]struct {
		rows                                 int
		days                                 float64
		types, tenants, categories, datasets int // as README says, without unknown
	}{
		"genai":            {26_790, 23.0, 3, 4_244, 86, 86},
		"azure_vm":         {631_807, 9.15, 0, 0, 16, 0},
		"unilu_gaia":       {51_860, 89.0, 3, 84, 11, 27_929},
		"cea_curie":        {298_096, 253.7, 6, 581, 83, 0},
		"nasa_ipsc":        {18_239, 92.0, 2, 69, 8, 493},
		"alibaba_gpu_pods": {7_205, 34.0, 4, 0, 35, 0},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			path := sharedFile(t, name+".csv.gz")
			started := time.Now()
			tr, err := Load(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d rows in %v", tr.Len(), time.Since(started))
			if err := tr.Validate(); err != nil {
				t.Error(err)
			}
			days := float64(tr.Arrival[tr.Len()-1]) / float64(24*time.Hour)
			if tr.Len() != want.rows || !tr.Relative || tr.Name != name || days < want.days-0.06 || days > want.days+0.06 {
				t.Errorf("%s: %d rows over %.2f days, relative %v", tr.Name, tr.Len(), days, tr.Relative)
			}
			got := []int{len(tr.Strings.TaskType) - 1, len(tr.Strings.Tenant) - 1, len(tr.Strings.Category) - 1, len(tr.Strings.Dataset) - 1}
			if diff := cmp.Diff([]int{want.types, want.tenants, want.categories, want.datasets}, got); diff != "" {
				t.Errorf("task types, tenants, categories, datasets: %s", diff)
			}
			if (tr.Tenant == nil) != (want.tenants == 0) {
				t.Errorf("an unknown column takes memory")
			}

			again, err := Load(writeTrace(t, tr), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := diff(tr, again); diff != "" {
				t.Errorf("through Parquet: %s", diff)
			}
		})
	}
}

func TestStart(t *testing.T) {
	path := sharedFile(t, "genai.csv.gz")
	tr, err := Load(path, Options{Start: "2024-11-15T16:57:50", Timezone: "Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2024, 11, 15, 8, 57, 50, 0, time.UTC)
	if got := time.Unix(0, tr.Arrival[0]).UTC(); !got.Equal(want) || tr.Relative {
		t.Errorf("first arrival %v, want %v; relative %v", got, want, tr.Relative)
	}
	// The same origin, given when the trace is read back from Parquet.
	relative, err := Load(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	parquet := writeTrace(t, relative)
	for name, read := range map[string]func(string, Options) (Source, error){
		"load": func(p string, o Options) (Source, error) { return Load(p, o) }, "open": Open,
	} {
		src, err := read(parquet, Options{Start: "2024-11-15T16:57:50+08:00"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := diff(tr, collect(t, src)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := Load(writeTrace(t, tr), Options{Start: "2024-11-15"}); err == nil || !strings.Contains(err.Error(), "cannot be given a start") {
		t.Errorf("a second start: %v", err)
	}
}

func readText(text string, opt Options) (*Trace, error) {
	o, err := opt.prepare()
	if err != nil {
		return nil, err
	}
	return readCSV(strings.NewReader(text), "text", o)
}

func TestCSVShapes(t *testing.T) {
	second := int64(time.Second)
	at := time.Date(2024, 3, 10, 7, 0, 0, 0, time.UTC).UnixNano()
	two := Columns{Arrival: []int64{0, second}, Duration: []int64{2 * second, 1500 * 1e6}}
	absolute := Columns{Arrival: []int64{at, at + second}, Duration: two.Duration}
	tests := map[string]struct {
		text string
		opt  Options
		want Columns
	}{
		"milliseconds":           {"arrival_ms,duration_ms\n0,2000\n1000,1500\n", Options{}, two},
		"no newline at the end":  {"arrival_ms,duration_ms\n0,2000\n1000,1500", Options{}, two},
		"carriage returns":       {"arrival_ms,duration_ms\r\n0,2000\r\n1000,1500\r\n", Options{}, two},
		"byte order mark":        {"\ufeffarrival_ms,duration_ms\n0,2000\n1000,1500\n", Options{}, two},
		"other order and extras": {"x,duration_s,arrival_us\n,2,0\n9,1.5,1e6\n", Options{}, two},
		"seconds by option":      {"arrival,duration\n0,2\n1,1.5\n", Options{TimeUnit: time.Second, DurationUnit: time.Second}, two},
		"mapping":                {"ts,dur_s\n0,2\n1,1.5\n", Options{TimeUnit: time.Second, Columns: map[string]string{"arrival": "ts", "duration": "dur_s"}}, two},
		"sorted on request":      {"arrival_ms,duration_ms\n1000,1500\n0,2000\n", Options{Sort: true}, two},
		"instants":               {"arrival,duration_s\n2024-03-10T07:00:00Z,2\n2024-03-10T08:00:01+01:00,1.5\n", Options{}, absolute},
		"instants with a blank":  {"arrival,duration_s\n2024-03-10 07:00:00Z,2\n2024-03-10 07:00:01,1.5\n", Options{}, absolute},
		"local instants":         {"arrival,duration_s\n2024-03-10T03:00:00,2\n2024-03-10T03:00:01,1.5\n", Options{Timezone: "America/New_York"}, absolute},
		"epoch seconds":          {"arrival_s,duration_s\n1710054000,2\n1710054001,1.5\n", Options{}, absolute},
		"quotes": {"arrival_ms,duration_ms,category\n0,2000,\"a,\"\"b\"\"\"\n1000,1500,\n", Options{},
			Columns{Arrival: two.Arrival, Duration: two.Duration, Category: []uint32{1, 0}}},
		"notice and wait": {"arrival_ms,duration_ms,announced_at_ms,wait_ms\n0,2000,,\n1000,1500,400,7\n", Options{},
			Columns{Arrival: two.Arrival, Duration: two.Duration, Announced: []int64{NoTime, 4e8}, Wait: []int64{NoTime, 7e6}}},
		"header only": {"arrival_ms,duration_ms\n", Options{}, Columns{Arrival: []int64{}, Duration: []int64{}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readText(test.text, test.opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Columns); diff != "" {
				t.Error(diff)
			}
			if want := got.Len() > 0 && got.Arrival[0] == 0; got.Relative != want {
				t.Errorf("relative is %v", got.Relative)
			}
		})
	}
}

func TestCSVErrors(t *testing.T) {
	head := "arrival_ms,duration_ms\n"
	tests := []struct {
		text string
		opt  Options
		want string
	}{
		{"", Options{}, "the file is empty"},
		{"arrival_ms,category\n", Options{}, "line 1: no column duration (columns are arrival_ms, category; say which one it is: --columns duration=NAME)"},
		{"arrival_ms,arrival_s,duration_ms\n", Options{}, "columns arrival_ms and arrival_s could both be arrival"},
		{head, Options{Columns: map[string]string{"tenant": "who"}}, "no column who for tenant"},
		{head, Options{Columns: map[string]string{"who": "tenant"}}, `no field "who"`},
		{"arrival,duration_ms\n3,4\n", Options{}, "line 2: column arrival holds numbers of no known unit (say it by --time-unit"},
		{"arrival_s,duration\n3,4\n", Options{}, "line 2: column duration holds numbers of no known unit (say it by --duration-unit"},
		{head + "0,1\n5,-3\n", Options{}, "line 3: duration is negative (-3000000 ns)"},
		{head + "0,1\n,3\n", Options{}, "line 3: arrival is unknown"},
		{head + "0,1\n4,\n", Options{}, "line 3: duration is unknown"},
		{head + "0,1\n4,soon\n", Options{}, `line 3: column duration_ms: "soon" is not a number`},
		{head + "0,1\nnoon,3\n", Options{}, `line 3: column arrival_ms: "noon" is not an instant`},
		{head + "9,1\n7,3\n", Options{}, "line 3: arrives 2000000 ns before the line ahead of it (sort the file, or read it with --sort)"},
		{head + "9,1\n10\n", Options{}, "line 3: wrong number of fields"},
		{head + "9000000000000000,1\n", Options{}, "line 2: column arrival_ms: 9000000000000000 x 1ms is out of range"},
		{head + "9,1e300\n", Options{}, "line 2: column duration_ms: 1e+300 x 1ms is out of range"},
		{head + "9,NaN\n", Options{}, "not a number"},
		{head + "9,\"1\n" + strings.Repeat("7\n", 1<<20), Options{}, "longer than 1048576 bytes"},
		{head + strings.Repeat("7", 2<<20), Options{}, "longer than 1048576 bytes"},
		{"\x1f\x8b\x08garbage", Options{}, "EOF"},
		{head, Options{Timezone: "Mars/Olympus"}, `time zone "Mars/Olympus" is not known`},
		{head, Options{Start: "noon"}, `start "noon" is not an instant`},
	}
	for _, test := range tests {
		_, err := readText(test.text, test.opt)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60q: got %v, want %s", test.text, err, test.want)
		}
	}
}

func TestCSVTruncatedGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 5000 {
		_, _ = z.Write([]byte("arrival_ms,duration_ms\n"))
	}
	_ = z.Close()
	path := filepath.Join(t.TempDir(), "cut.csv.gz")
	if err := os.WriteFile(path, b.Bytes()[:b.Len()/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); err == nil || !strings.Contains(err.Error(), "cut.csv.gz") {
		t.Errorf("got %v", err)
	}
}

func TestParseColumns(t *testing.T) {
	got, err := ParseColumns("arrival=ts,duration=dur_s")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"arrival": "ts", "duration": "dur_s"}, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"arrival":             "is not FIELD=COLUMN",
		"arrival=":            "is not FIELD=COLUMN",
		"when=ts":             `no field "when"`,
		"arrival=a,arrival=b": "names arrival twice",
	} {
		if _, err := ParseColumns(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestParseUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "": 0} {
		if got, err := ParseUnit(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := ParseUnit("min"); err == nil {
		t.Error("min is not one of the units")
	}
}

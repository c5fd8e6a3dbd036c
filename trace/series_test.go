package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func writeTemp(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadSeries(t *testing.T) {
	for _, name := range []string{"taxi.csv", "taxi.csv.gz"} {
		s, err := LoadSeries(writeTemp(t, name, "time_s,count\n0,5\n300,0\n600,7\n1500,2\n"), Options{Start: "2014-07-01T00:00:00", Timezone: "America/New_York"})
		if err != nil {
			t.Fatal(err)
		}
		start := float64(time.Date(2014, 7, 1, 4, 0, 0, 0, time.UTC).Unix())
		if s.Name != "taxi" || s.Relative || s.Step != 300 || !slices.Equal(s.Count, []float64{5, 0, 7, 2}) ||
			!slices.Equal(s.Time, []float64{start, start + 300, start + 600, start + 1500}) {
			t.Errorf("%s: %+v", name, s)
		}
		if sum := s.Summary(); sum.Rows != 14 || sum.Last-sum.First != 1800e9 {
			t.Errorf("%s: summary %+v", name, sum)
		}
	}
}

func TestSeriesErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "first line",
		"time,count\n0,1\n":                 "first line",
		"time_s,count\n0,1\n":               "two points",
		"time_s,count\n0,1\n300,x\n":        "line 3: count \"x\"",
		"time_s,count\n0,1\n300,1.5\n":      "line 3: count",
		"time_s,count\n0,1\n300,-1\n":       "line 3: count",
		"time_s,count\n0,1\n300,NaN\n":      "line 3: count",
		"time_s,count\n0,1\n\n0,1\n":        "line 4: time_s 0 does not come after 0",
		"time_s,count\nsoon,1\n300,1\n":     "line 2: time_s \"soon\"",
		"time_s,count\n0,1,2\n":             "wrong number of fields",
		"time_s,count\n1e300,1\n":           "line 2: time_s",
		"time_s,count\n0,9999999999\n1,1\n": "line 2: count",
	} {
		path := writeTemp(t, "s.csv", text)
		if _, err := LoadSeries(path, Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want the file and %q", text, err, want)
		}
	}
}

func TestLoadHolidays(t *testing.T) {
	days, err := LoadHolidays(writeTemp(t, "h.csv", "date,name\n2026-12-25,Christmas\n1970-01-02,\"a day, long ago\"\n2026-12-25,again\n1969-12-31,before\n"))
	if err != nil {
		t.Fatal(err)
	}
	christmas := time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC).Unix() / 86400
	if !slices.Equal(days, []int64{-1, 1, christmas}) {
		t.Errorf("days %v, want -1, 1 and %d", days, christmas)
	}
	for text, want := range map[string]string{
		"date\n2026-12-25\n":                  "first line",
		"date,name\n25.12.2026,Christmas\n":   "line 2: date \"25.12.2026\"",
		"date,name\n2026-02-30,no such day\n": "line 2: date",
	} {
		if _, err := LoadHolidays(writeTemp(t, "h.csv", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzSeries: whatever is read keeps the promises of Series.
func FuzzSeries(f *testing.F) {
	f.Add([]byte("time_s,count\n0,5\n300,0\n"))
	f.Add([]byte("time_s,count\n-3e2,5\n0.5,1e3\n\"2\",3\n"))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readSeries(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(s.Time) < 2 || len(s.Time) != len(s.Count) || !(s.Step > 0) {
			t.Fatalf("%+v", s)
		}
		for i := range s.Time {
			if i > 0 && !(s.Time[i] > s.Time[i-1]) || !(s.Count[i] >= 0 && s.Count[i] <= mostCount) {
				t.Fatalf("point %d of %+v", i, s)
			}
		}
	})
}

// FuzzHolidays: days ascend, each once.
func FuzzHolidays(f *testing.F) {
	f.Add([]byte("date,name\n2026-12-25,Christmas\n2026-01-01,New Year\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		days, err := readHolidays(bytes.NewReader(data))
		if err == nil && !slices.IsSortedFunc(days, func(a, b int64) int {
			if a < b {
				return -1
			}
			return 1
		}) {
			t.Fatalf("%v", days)
		}
	})
}

package trace

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// writeRows writes rows as another program would: columns by struct tags, row
// groups of 100 rows.
func writeRows[T any](t testing.TB, rows []T, options ...parquet.WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[T](file, append(options, parquet.MaxRowsPerRowGroup(100), parquet.PageBufferSize(200))...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const shapeRows = 330

var shapeStart = time.Date(2024, 11, 15, 8, 57, 50, 0, time.UTC)

// shapeRow is what row i of every shape says, to the millisecond.
func shapeRow(i int) (arrival time.Time, duration time.Duration, category string) {
	category = "c" + string(rune('a'+i%7))
	if i%5 == 0 {
		category = ""
	}
	return shapeStart.Add(time.Duration(i/2) * 1500 * time.Millisecond), time.Duration(i*37%1000) * time.Millisecond, category
}

func rowsOf[T any](f func(at time.Time, d time.Duration, category string, i int) T) []T {
	var rows []T
	for i := range shapeRows {
		at, d, category := shapeRow(i)
		rows = append(rows, f(at, d, category, i))
	}
	return rows
}

func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func julian(t time.Time) deprecated.Int96 {
	day := t.Unix()/86400 + 2440588
	ns := uint64(t.UnixNano() % (86400 * 1e9))
	var b [12]byte
	binary.LittleEndian.PutUint64(b[:], ns)
	return deprecated.Int96{uint32(ns), uint32(ns >> 32), uint32(day)}
}

type nanos struct {
	Extra    string    `parquet:"extra"`
	Category *string   `parquet:"category,optional,dict"`
	Duration int64     `parquet:"duration_ns"`
	Lists    []int64   `parquet:"lists,list"`
	Arrival  time.Time `parquet:"arrival,timestamp(nanosecond)"`
}

func nanoRows() []nanos {
	return rowsOf(func(at time.Time, d time.Duration, c string, i int) nanos {
		return nanos{Extra: "x", Category: null(c), Duration: int64(d), Lists: make([]int64, i%4), Arrival: at}
	})
}

func TestShapesOfOtherWriters(t *testing.T) {
	type shape struct {
		path string
		opt  Options
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string]func(t *testing.T) shape{
		"ns, other order, extra columns, nulls": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows())}
		},
		"pages v1, snappy": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy))}
		},
		"pages v1, gzip": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.DataPageVersion(1), parquet.Compression(&parquet.Gzip))}
		},
		"pages v2, zstd": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.Compression(&parquet.Zstd))}
		},
		"brotli": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.Compression(&parquet.Brotli))}
		},
		"lz4": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.Compression(&parquet.Lz4Raw))}
		},
		"dictionary that overflows into plain": func(t *testing.T) shape {
			return shape{path: writeRows(t, nanoRows(), parquet.DictionaryMaxBytes(10))}
		},
		"us, plain strings, int32": func(t *testing.T) shape {
			type row struct {
				Arrival  time.Time `parquet:"arrival,timestamp(microsecond),plain"`
				Duration int32     `parquet:"duration_ms"`
				Category string    `parquet:"category,plain"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				return row{at, int32(d.Milliseconds()), c}
			}))}
		},
		"ms, delta strings, unsigned": func(t *testing.T) shape {
			type row struct {
				Arrival  time.Time `parquet:"arrival,timestamp(millisecond),delta"`
				Duration uint32    `parquet:"duration_ms,dict"`
				Category string    `parquet:"category,delta"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				return row{at, uint32(d.Milliseconds()), c}
			}))}
		},
		"wall clock without a zone is UTC": func(t *testing.T) shape {
			type row struct {
				Arrival  time.Time `parquet:"arrival,timestamp(microsecond:local),dict"`
				Duration int64     `parquet:"duration_us,split"`
				Category string    `parquet:"category,dict"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				return row{at, d.Microseconds(), c}
			}))}
		},
		"wall clock of a zone": func(t *testing.T) shape {
			type row struct {
				Arrival  time.Time `parquet:"arrival,timestamp(nanosecond:local)"`
				Duration int64     `parquet:"duration_ns,delta"`
				Category string    `parquet:"category,dict"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				_, offset := at.In(newYork).Zone()
				return row{at.Add(time.Duration(offset) * time.Second), int64(d), c}
			})), opt: Options{Timezone: "America/New_York"}}
		},
		"INT96": func(t *testing.T) shape {
			type row struct {
				Arrival  deprecated.Int96 `parquet:"arrival"`
				Duration float64          `parquet:"duration_s,split"`
				Category string           `parquet:"category,dict"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				return row{julian(at), d.Seconds(), c}
			}))}
		},
		"INT96 in a dictionary, mapping": func(t *testing.T) shape {
			type row struct {
				At       *deprecated.Int96 `parquet:"Event Time,optional,dict"`
				Took     float32           `parquet:"took"`
				Category string            `parquet:"model"`
			}
			columns, err := ParseColumns("arrival=Event Time,duration=took,category=model")
			if err != nil {
				t.Fatal(err)
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				day := julian(at)
				return row{&day, float32(d.Seconds()), c}
			})), opt: Options{Columns: columns, DurationUnit: time.Second}}
		},
		"seconds as floats by option": func(t *testing.T) shape {
			type row struct {
				Arrival  float64  `parquet:"arrival"`
				Duration *float64 `parquet:"duration,optional,dict"`
				Category string   `parquet:"category"`
			}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				s := d.Seconds()
				return row{float64(at.UnixMilli()) / 1000, &s, c}
			})), opt: Options{TimeUnit: time.Second, DurationUnit: time.Second}}
		},
		"inside a struct": func(t *testing.T) shape {
			type inner struct {
				Duration int64   `parquet:"duration_ns"`
				Category *string `parquet:"category,optional"`
			}
			type row struct {
				Arrival int64  `parquet:"arrival_ms"`
				Event   *inner `parquet:"event,optional"`
			}
			columns := map[string]string{"duration": "event.duration_ns", "category": "event.category"}
			return shape{path: writeRows(t, rowsOf(func(at time.Time, d time.Duration, c string, _ int) row {
				return row{at.UnixMilli(), &inner{int64(d), null(c)}}
			})), opt: Options{Columns: columns}}
		},
	}
	for name, write := range shapes {
		t.Run(name, func(t *testing.T) {
			s := write(t)
			tr, err := Load(s.path, s.opt)
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.Validate(); err != nil {
				t.Fatal(err)
			}
			if tr.Len() != shapeRows || tr.Relative {
				t.Fatalf("%d rows, relative %v", tr.Len(), tr.Relative)
			}
			for i := range tr.Len() {
				at, d, category := shapeRow(i)
				off := tr.Arrival[i] - at.UnixNano()
				slow := tr.Duration[i] - int64(d)
				if s.opt.DurationUnit != 0 { // floats
					off, slow = off/200, slow/100
				}
				if got := tr.Strings.Category[tr.Category[i]]; off != 0 || slow != 0 || got != category {
					t.Fatalf("row %d: arrival off by %d ns, duration by %d ns, category %q for %q", i, off, slow, got, category)
				}
			}
			src, err := Open(s.path, s.opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := diff(tr, collect(t, src)); diff != "" {
				t.Errorf("streamed: %s", diff)
			}
		})
	}
}

func TestNumbersAsNames(t *testing.T) {
	type row struct {
		Arrival  int64  `parquet:"arrival_ms"`
		Duration int64  `parquet:"duration_ms"`
		User     int32  `parquet:"user,dict"`
		Nodes    *int64 `parquet:"nodes,optional"`
	}
	n := int64(-64)
	path := writeRows(t, []row{{0, 1, 7, &n}, {1, 1, 8, nil}, {2, 1, 7, &n}})
	tr, err := Load(path, Options{Columns: map[string]string{"tenant": "user", "category": "nodes"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := diff(Strings{
		Category: []string{"", "-64"}, Tenant: []string{"", "7", "8"},
		TaskType: []string{""}, Zone: []string{""}, Image: []string{""}, Dataset: []string{""},
	}, tr.Strings); diff != "" {
		t.Error(diff)
	}
	if !tr.Relative {
		t.Error("small numbers should count from an unknown origin")
	}
}

// Words that a file lists and no row uses must not become categories.
func TestUnusedWordsAreDropped(t *testing.T) {
	element := new(format.SchemaElement)
	element.Type.V = format.ByteArray
	d := newDictionary[uint32]("category")
	c := &wordColumn[uint32]{leaf: &leaf{path: "category", element: element}, words: d}
	if err := c.define(2, []byte("\x04\x00\x00\x00left\x04\x00\x00\x00used")); err != nil {
		t.Fatal(err)
	}
	// Three times index 1, one bit wide, as a run.
	if err := c.decodePage(&page{rows: 3, values: 3, encoding: format.RLEDictionary, data: []byte{1, 3 << 1, 1}}); err != nil {
		t.Fatal(err)
	}
	if diff := diff([]string{"", "used"}, d.words); diff != "" {
		t.Error(diff)
	}
}

func TestParquetErrors(t *testing.T) {
	type row struct {
		Arrival  *int64   `parquet:"arrival_ms,optional"`
		Duration *float64 `parquet:"duration_s,optional"`
		Notice   *int64   `parquet:"announced_at_ms,optional"`
		Wait     *int64   `parquet:"wait_ms,optional"`
		Label    string   `parquet:"label"`
		Number   int64    `parquet:"number"`
		Flag     bool     `parquet:"flag"`
		List     []int64  `parquet:"list"`
	}
	rows := func(change func(r *row)) string {
		var all []row
		for i := range int64(250) {
			d := 1.5
			all = append(all, row{Arrival: &i, Duration: &d, List: []int64{i}})
		}
		change(&all[217])
		return writeRows(t, all)
	}
	number := func(v int64) *int64 { return &v }
	float := func(v float64) *float64 { return &v }
	same := func(*row) {}
	tests := map[string]struct {
		change func(r *row)
		opt    Options
		want   string
	}{
		"no arrival":        {func(r *row) { r.Arrival = nil }, Options{}, "row group 2, row 17 (row 217 of the file): arrival is unknown"},
		"no duration":       {func(r *row) { r.Duration = nil }, Options{}, "row group 2, row 17 (row 217 of the file): duration is unknown"},
		"NaN":               {func(r *row) { r.Duration = float(math.NaN()) }, Options{}, "row group 2, row 17 (row 217 of the file): duration is unknown"},
		"infinite":          {func(r *row) { r.Duration = float(math.Inf(1)) }, Options{}, "row group 2, column duration_s: +Inf x 1s is out of range"},
		"negative duration": {func(r *row) { r.Duration = float(-2) }, Options{}, "row group 2, row 17 (row 217 of the file): duration is negative (-2000000000 ns)"},
		"negative wait":     {func(r *row) { r.Wait = number(-2) }, Options{}, "row 217 of the file): wait is negative"},
		"late notice":       {func(r *row) { r.Notice = number(218) }, Options{}, "row 217 of the file): announced 1000000 ns after its arrival"},
		"unsorted":          {func(r *row) { *r.Arrival = 200 }, Options{}, "row group 2, row 17 (row 217 of the file): arrives 16000000 ns before the row ahead of it (sort the trace, or read it with --sort)"},
		"out of range":      {func(r *row) { *r.Arrival = 1 << 60 }, Options{}, "row group 2, column arrival_ms: 1152921504606846976 x 1ms is out of range"},
		"text as time":      {same, Options{Columns: map[string]string{"arrival": "label"}}, "column label has type BYTE_ARRAY; it should be a timestamp or a number"},
		"no unit":           {same, Options{Columns: map[string]string{"arrival": "number"}}, "column number is a number of no known unit (say it by --time-unit"},
		"truth as text":     {same, Options{Columns: map[string]string{"category": "flag"}}, "column flag has type BOOLEAN; it should be text"},
		"list":              {same, Options{Columns: map[string]string{"category": "list"}}, "column list holds lists"},
		"no such column":    {same, Options{Columns: map[string]string{"category": "model"}}, "no column model for category (columns are announced_at_ms, arrival_ms, duration_s, flag, label, list, number, wait_ms)"},
		"start in 1678":     {same, Options{Start: "1500-01-01"}, "is not an instant"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := rows(test.change)
			_, err := Load(path, test.opt)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("load: got %v, want %s", err, test.want)
			}
			if name != "start in 1678" && !strings.Contains(err.Error(), path) {
				t.Errorf("%v does not name the file", err)
			}
			src, err := Open(path, test.opt)
			if err == nil {
				for _, err = range src.Chunks() {
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("open: got %v, want %s", err, test.want)
			}
		})
	}
	path := rows(func(r *row) { *r.Arrival = 200 })
	for name, read := range map[string]func(string, Options) (Source, error){
		"load": func(p string, o Options) (Source, error) { return Load(p, o) }, "open": Open,
	} {
		src, err := read(path, Options{Sort: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := src.(*Trace).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoDurationColumn(t *testing.T) {
	type row struct {
		Arrival time.Time `parquet:"arrival,timestamp"`
		Length  int64     `parquet:"length"`
	}
	_, err := Load(writeRows(t, []row{{}}), Options{})
	if err == nil || !strings.Contains(err.Error(), "no column duration (columns are arrival, length; say which one it is: --columns duration=NAME)") {
		t.Errorf("got %v", err)
	}
}

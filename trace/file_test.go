package trace

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// randomTrace has every column, ties, nulls and words that appear late.
func randomTrace(t testing.TB, rows int) *Trace {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(rows)))
	b := NewBuilder()
	at := time.Date(2024, 11, 15, 8, 57, 50, 0, time.UTC).UnixNano()
	for i := range rows {
		at += int64(rng.ExpFloat64() * 1e9 * float64(rng.IntN(2)))
		r := Record{
			Arrival: at, Duration: int64(rng.ExpFloat64() * 3e10),
			Category: "m" + strconv.Itoa(int(rng.ExpFloat64()*20)), TaskType: "type" + strconv.Itoa(rng.IntN(3)),
			Tenant: "tenant " + strconv.Itoa(rng.IntN(min(rows/3+1, 3000))), Zone: []string{"", "eu-1", "eu-2"}[rng.IntN(3)],
			Image: "registry/image:" + strconv.Itoa(i*7/max(rows, 1)), Dataset: "söt/" + strconv.Itoa(rng.IntN(50)),
			Announced: NoTime, Wait: NoTime,
		}
		if rng.IntN(5) == 0 {
			r.Announced = at - int64(rng.IntN(1e9))
		}
		if rng.IntN(2) == 0 {
			r.Wait = int64(rng.IntN(1e9))
		}
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("random", false)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func writeTrace(t testing.TB, src Source) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.parquet")
	rewrite(t, path, src)
	return path
}

func rewrite(t testing.TB, path string, src Source) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteParquet(f, src), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// collect joins the chunks of a source, checking their lengths and numbers.
func collect(t testing.TB, src Source) *Trace {
	t.Helper()
	s := src.Summary()
	got := &Trace{Name: s.Name, Relative: s.Relative, Strings: s.Strings}
	for chunk, err := range src.Chunks() {
		if err != nil {
			t.Fatal(err)
		}
		if chunk.First != int64(got.Len()) || chunk.First%ChunkRows != 0 {
			t.Fatalf("chunk begins at row %d, have %d", chunk.First, got.Len())
		}
		got.Arrival = append(got.Arrival, chunk.Arrival...)
		got.Duration = append(got.Duration, chunk.Duration...)
		got.Category = append(got.Category, chunk.Category...)
		got.TaskType = append(got.TaskType, chunk.TaskType...)
		got.Zone = append(got.Zone, chunk.Zone...)
		got.Tenant = append(got.Tenant, chunk.Tenant...)
		got.Image = append(got.Image, chunk.Image...)
		got.Dataset = append(got.Dataset, chunk.Dataset...)
		got.Announced = append(got.Announced, chunk.Announced...)
		got.Wait = append(got.Wait, chunk.Wait...)
	}
	if int64(got.Len()) != s.Rows {
		t.Fatalf("%d rows, summary says %d", got.Len(), s.Rows)
	}
	if n := got.Len(); n > 0 && (got.Arrival[0] != s.First || got.Arrival[n-1] != s.Last) {
		t.Fatalf("arrivals %d to %d, summary says %d to %d", got.Arrival[0], got.Arrival[n-1], s.First, s.Last)
	}
	return got
}

// diff is cmp.Diff, which takes a microsecond an element, only where there is
// a difference.
func diff[T any](want, got T) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("%.2000s", cmp.Diff(want, got))
}

func TestRoundTrip(t *testing.T) {
	plain := randomTrace(t, 3)
	plain.Columns = Columns{Arrival: plain.Arrival, Duration: plain.Duration}
	plain.Strings = NewBuilder().words.strings()
	plain.Relative = true
	whole := randomTrace(t, rowGroupRows)
	whole.Columns = Columns{Arrival: whole.Arrival, Duration: whole.Duration}
	whole.Strings = plain.Strings
	for name, want := range map[string]*Trace{
		"every column":    randomTrace(t, 1000),
		"one row":         randomTrace(t, 1),
		"two row groups":  randomTrace(t, rowGroupRows+ChunkRows+17),
		"whole row group": whole,
		"only times":      plain,
		"no rows":         build(t, false),
	} {
		t.Run(name, func(t *testing.T) {
			path := writeTrace(t, want)
			got, err := Load(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := got.Validate(); err != nil {
				t.Fatal(err)
			}
			if diff := diff(want, got); diff != "" {
				t.Errorf("loaded (-want +got):\n%s", diff)
			}
			src, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := src.(*File); !ok {
				t.Errorf("a sorted file is not streamed but %T", src)
			}
			for range 2 { // a second pass sees the same
				got := collect(t, src)
				if want.Len() == 0 {
					continue
				}
				if diff := diff(want, got); diff != "" {
					t.Errorf("streamed (-want +got):\n%s", diff)
				}
			}
			// Written from a stream, it is the same file.
			again, err := os.ReadFile(writeTrace(t, src))
			if err != nil {
				t.Fatal(err)
			}
			first, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first, again) {
				t.Errorf("written again, %d bytes became %d others", len(first), len(again))
			}
		})
	}
}

func TestAbsentColumnsAreNotWritten(t *testing.T) {
	tr := build(t, false, Record{Category: "a", Announced: NoTime, Wait: 1})
	in, err := OpenFile(writeTrace(t, tr))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	f, err := describe(in, in.Name(), &Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range f.meta.Schema[1:] {
		names = append(names, e.Name)
	}
	if diff := diff([]string{"arrival", "category", "duration_ns", "wait_ns"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestWriterSortsRecords(t *testing.T) {
	want := randomTrace(t, rowGroupRows+1000)
	for _, shuffled := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "live.parquet")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := NewWriter(file)
		order := make([]int, want.Len())
		for i := range order {
			order[i] = i
		}
		if shuffled { // what completes late is recorded late, across row groups
			last := len(order) - 1
			order[0], order[last] = order[last], order[0]
		}
		if err := w.Write(Record{Duration: -1, Announced: NoTime, Wait: NoTime}); err == nil {
			t.Error("an impossible record was accepted")
		}
		for _, i := range order {
			if err := w.Write(record(want, i)); err != nil {
				t.Fatal(err)
			}
		}
		if w.Rows() != int64(want.Len()) {
			t.Errorf("%d rows written of %d", w.Rows(), want.Len())
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(record(want, 0)); err == nil {
			t.Error("a closed writer accepted a record")
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		src, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, streamed := src.(*File); streamed == shuffled {
			t.Errorf("shuffled %v: opened as %T", shuffled, src)
		}
		got := collect(t, src)
		if diff := diff(want.Arrival, got.Arrival); diff != "" {
			t.Errorf("shuffled %v: %s", shuffled, diff)
		}
		if !shuffled {
			got.Name = want.Name
			if diff := diff(want, got); diff != "" {
				t.Errorf("%s", diff)
			}
		}
	}
}

// record is row i of a trace that has every column.
func record(t *Trace, i int) Record {
	s := &t.Strings
	return Record{
		Arrival: t.Arrival[i], Duration: t.Duration[i],
		Category: s.Category[t.Category[i]], TaskType: s.TaskType[t.TaskType[i]],
		Tenant: s.Tenant[t.Tenant[i]], Zone: s.Zone[t.Zone[i]],
		Image: s.Image[t.Image[i]], Dataset: s.Dataset[t.Dataset[i]],
		Announced: t.Announced[i], Wait: t.Wait[i],
	}
}

package bucket_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"shadowpool/trace"
	"shadowpool/trace/bucket"
	"shadowpool/trace/bucket/buckettest"

	"github.com/parquet-go/parquet-go"
)

var quiet = log.New(io.Discard, "", 0)

// wide is a file of which a trace is a small part: 12 MB of what nobody asks
// for beside 0.2 MB, in four row groups.
func wide(t *testing.T) []byte {
	t.Helper()
	type row struct {
		Arrival  int64  `parquet:"arrival_ms,delta"`
		Payload  []byte `parquet:"payload"`
		Duration int64  `parquet:"duration_ms,delta"`
		Category string `parquet:"category,dict"`
	}
	random := rand.NewChaCha8([32]byte{1})
	var file bytes.Buffer
	w := parquet.NewGenericWriter[row](&file)
	at := int64(1_760_000_000_000)
	for range 4 {
		rows := make([]row, 6000)
		for i := range rows {
			at += int64(random.Uint64() % 1000)
			payload := make([]byte, 512)
			_, _ = random.Read(payload) // never fails
			rows[i] = row{at, payload, int64(random.Uint64() % 100_000), fmt.Sprint("kind", random.Uint64()%7)}
		}
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func local(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func put(t *testing.T, url string, content []byte) {
	t.Helper()
	if err := bucket.Write(t.Context(), url, text(string(content))); err != nil {
		t.Fatal(err)
	}
}

// same holds a trace in a store against the file: loaded, and streamed.
func same(t *testing.T, path, url string) {
	t.Helper()
	want, err := trace.Load(path, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opt := trace.Options{Open: bucket.Opener(t.Context())}
	got, err := trace.Load(url, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%d rows are loaded differently from %d of the file", got.Len(), want.Len())
	}
	src, err := trace.Open(url, opt)
	if err != nil {
		t.Fatal(err)
	}
	var arrivals []int64
	for range 2 {
		arrivals = nil
		for chunk, err := range src.Chunks() {
			if err != nil {
				t.Fatal(err)
			}
			arrivals = append(arrivals, chunk.Arrival...)
		}
	}
	if !slices.Equal(want.Arrival, arrivals) {
		t.Errorf("%d rows are streamed differently from %d of the file", len(arrivals), want.Len())
	}
}

func TestATraceInABucketIsThatOfTheFile(t *testing.T) {
	s := buckettest.Start(t)
	made, err := trace.Presets()[0].Draw(1)
	if err != nil {
		t.Fatal(err)
	}
	var own, zipped bytes.Buffer
	if err := trace.WriteParquet(&own, made); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, "arrival_ms,duration_ms,category\n") // a buffer takes everything
	for i := range 700_000 {
		_, _ = fmt.Fprintf(z, "%d,%d,kind%d\n", 1_760_000_000_000+i*37, i*7919%100_003, i%5)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"own.parquet": own.Bytes(), "wide.parquet": wide(t), "lines.csv.gz": zipped.Bytes(),
		"short.csv": []byte("arrival_s,duration_s\n1760000000,2\n1760000001,5\n"),
	} {
		t.Run(name, func(t *testing.T) {
			put(t, s.URL("traces/"+name), content)
			same(t, local(t, name, content), s.URL("traces/"+name))
		})
	}
}

func TestOnlyColumnsThatAreNeededAreFetched(t *testing.T) {
	s := buckettest.Start(t)
	content := wide(t)
	put(t, s.URL("wide.parquet"), content)
	p := newProxy(t, s)
	if _, err := trace.Load(buckettest.At(p.Endpoint, "wide.parquet"), trace.Options{Open: bucket.Opener(t.Context())}); err != nil {
		t.Fatal(err)
	}
	sent, asked := p.sent.Load(), p.asked.Load()
	if sent > int64(len(content))/10 {
		t.Errorf("%d bytes of %d were fetched", sent, len(content))
	}
	// HEAD, the start, the end, the first arrivals and what was asked ahead
	// after them, the last ones, and three columns in four row groups.
	if asked > 6+3*4 {
		t.Errorf("%d requests", asked)
	}
	t.Logf("%d bytes of %d in %d requests", sent, len(content), asked)
}

func TestBrokenConnectionsAreTakenUpAgain(t *testing.T) {
	s := buckettest.Start(t)
	content := wide(t)
	put(t, s.URL("wide.parquet"), content)
	p := newProxy(t, s)
	url := buckettest.At(p.Endpoint, "wide.parquet")
	p.refuse.Store(2)
	p.cutOff.Store(12)
	same(t, local(t, "wide.parquet", content), url)
	if p.refuse.Load() > 0 || p.cutOff.Load() > 0 {
		t.Errorf("%d refusals and %d cuts are left", p.refuse.Load(), p.cutOff.Load())
	}

	// What was delivered is not asked for again.
	p.cutOff.Store(3)
	p.sent.Store(0)
	if body, err := bucket.Read(t.Context(), url); err != nil || !bytes.Equal(body, content) {
		t.Errorf("read %d bytes of %d: %v", len(body), len(content), err)
	}
	if sent := p.sent.Load(); sent > int64(len(content))*11/10 {
		t.Errorf("%d bytes were sent for %d", sent, len(content))
	}
}

func TestAnObjectThatChangedIsAnError(t *testing.T) {
	s := buckettest.Start(t)
	content := wide(t)
	put(t, s.URL("x.parquet"), content)
	src, err := trace.Open(s.URL("x.parquet"), trace.Options{Open: bucket.Opener(t.Context())})
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2]++
	put(t, s.URL("x.parquet"), content)
	for _, err = range src.Chunks() {
	}
	if err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("error %v", err)
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	s := buckettest.Start(t)
	put(t, s.URL("here"), []byte("x"))
	for _, c := range []struct {
		name, url string
		env       map[string]string
		missing   bool
		want      []string
	}{
		{"object", s.URL("not/here"), nil, true, []string{"s3://pool/not/here:", "NoSuchKey"}},
		{"bucket", strings.Replace(s.URL("here"), "pool", "nowhere", 1), nil, true, []string{"s3://nowhere/here:", "NoSuchBucket"}},
		{"credentials", s.URL("here"), map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, false, []string{"s3://pool/here:", "AWS_ACCESS_KEY_ID"}},
		{"secret", s.URL("here"), map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, false, []string{"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"}},
		{"region", s.URL("here") + "&region=us-west-1", nil, false, []string{"us-west-1", buckettest.Region, "?region="}},
		{"no region", s.URL("here"), map[string]string{"AWS_REGION": ""}, false, []string{"region", "AWS_REGION"}},
		{"server", buckettest.At("http://127.0.0.1:1", "here"), nil, false, []string{"s3://pool/here:", "127.0.0.1:1", "refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			_, reading := bucket.Read(t.Context(), c.url)
			errs := []error{reading}
			if !c.missing {
				errs = append(errs, bucket.Write(t.Context(), c.url, text("y")))
			}
			for _, err := range errs {
				if err == nil || errors.Is(err, fs.ErrNotExist) != c.missing {
					t.Fatalf("error %v", err)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not say %q", err, want)
					}
				}
				if strings.Contains(err.Error(), "use_path_style") || strings.Contains(err.Error(), "code=") {
					t.Errorf("%v shows the query, or layers", err)
				}
			}
		})
	}
}

package bucket_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/trace/bucket"
	"shadowpool/trace/bucket/buckettest"
)

// folders are the same folder in every kind of place.
func folders(t *testing.T, test func(t *testing.T, name string)) {
	t.Run("path", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "a", "b")) })
	t.Run("file", func(t *testing.T) { test(t, "file://"+filepath.ToSlash(t.TempDir())+"/b") })
	t.Run("s3", func(t *testing.T) { test(t, buckettest.Start(t).URL("a/b")) })
}

func open(t *testing.T, name string) *bucket.Folder {
	t.Helper()
	f, err := bucket.OpenFolder(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func list(t *testing.T, f *bucket.Folder, prefix string, want ...string) {
	t.Helper()
	names, err := f.List(t.Context(), prefix)
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("the list of %q is %q (%v), want %q", prefix, names, err, want)
	}
}

func TestAFolderKeepsFiles(t *testing.T) {
	folders(t, func(t *testing.T, name string) {
		f := open(t, name)
		list(t, f, "")
		if _, err := f.Read(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading what is not there: %v", err)
		}
		for _, file := range []string{"runs/2.json", "runs/10.json", "other", "empty"} {
			content := strings.TrimPrefix("of "+file, "of empty")
			if err := f.Write(t.Context(), file, text("not yet")); err != nil {
				t.Fatal(err)
			}
			if err := f.Write(t.Context(), file, text(content)); err != nil {
				t.Fatal(err)
			}
			if got, err := f.Read(t.Context(), file); err != nil || string(got) != content {
				t.Errorf("%s holds %q (%v)", file, got, err)
			}
		}
		list(t, f, "", "empty", "other", "runs/10.json", "runs/2.json")
		list(t, f, "runs/", "runs/10.json", "runs/2.json")
		list(t, f, "ru", "runs/10.json", "runs/2.json")
		list(t, f, "x")
		list(t, open(t, strings.Replace(name, "/b", "/b/runs", 1)), "", "10.json", "2.json")
	})
}

// Content is large enough here for an upload in several parts.
func TestAWriteThatIsCutOffLeavesNothing(t *testing.T) {
	broken := errors.New("the source dried up")
	folders(t, func(t *testing.T, name string) {
		f := open(t, name)
		if err := f.Write(t.Context(), "kept", text("before")); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 10, 20 << 20} {
			for _, file := range []string{"kept", "new"} {
				ctx, cancel := context.WithCancel(t.Context())
				if err := f.Write(ctx, file, func(w io.Writer) error {
					if err := text(strings.Repeat("x", size))(w); err != nil {
						return err
					}
					return broken
				}); !errors.Is(err, broken) || !strings.Contains(err.Error(), file) {
					t.Errorf("%d bytes: %v", size, err)
				}
				if err := f.Write(ctx, file, func(w io.Writer) error {
					err := text(strings.Repeat("x", size))(w)
					cancel()
					return err
				}); !errors.Is(err, context.Canceled) {
					t.Errorf("%d bytes and the end of the context: %v", size, err)
				}
			}
		}
		list(t, f, "", "kept")
		if got, err := f.Read(t.Context(), "kept"); err != nil || string(got) != "before" {
			t.Errorf("what was there holds %q (%v)", got, err)
		}
	})
}

func TestURLs(t *testing.T) {
	for name, want := range map[string]string{
		"ftp://host/x":          "the scheme is none of",
		"file://host/x":         "want file:///PATH",
		"file:///x?y=z":         "want file:///PATH",
		"s3:///x":               "want s3://BUCKET/KEY",
		"s3://a:secret@b/x":     "want s3://BUCKET/KEY",
		"s3://b?region=x":       "names a bucket",
		"s3://b/%zz?x=secret":   "is not a URL",
		"s3://b/x?secret=1":     "unknown",
		"gs://b/x?secret=1":     "invalid",
		"azblob://b/x?secret=1": "unknown",
		"s3://b/%ff?region=x":   "UTF-8",
	} {
		_, err := bucket.Open(t.Context(), name)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "a:secret") || strings.Contains(err.Error(), "=secret") || strings.Contains(err.Error(), "secret=") {
			t.Errorf("%s: error %v, want one that says %q", name, err, want)
		}
	}
	for _, c := range [][3]string{
		{"s3://b/x?region=y", "runs", "s3://b/x/runs?region=y"}, {"s3://b/x/pool.yaml?region=y", "../lead.csv", "s3://b/x/lead.csv?region=y"},
		{"s3://b", "runs", "s3://b/runs"}, {"x", "runs", filepath.Join("x", "runs")},
	} {
		if got := bucket.Join(c[0], c[1]); got != c[2] {
			t.Errorf("%s in %s is %s, want %s", c[1], c[0], got, c[2])
		}
	}
	for name, want := range map[string]bool{"s3://b/x": true, "file:///x": true, "x": false, "name=s3://b/x": false, "a/b://c": false, "/x": false, "./x": false} {
		if bucket.IsURL(name) != want {
			t.Errorf("IsURL(%s) is %v", name, !want)
		}
	}
}

// The server keeps the parts of unfinished uploads in a directory of its own.
func TestAWriteThatIsCutOffLeavesNoParts(t *testing.T) {
	s := buckettest.Start(t)
	broken := errors.New("the source dried up")
	ctx, cancel := context.WithCancel(t.Context())
	for _, end := range []func() error{func() error { return broken }, func() error { cancel(); return nil }} {
		parts := 0
		err := bucket.Write(ctx, s.URL("x"), func(w io.Writer) error {
			if err := text(strings.Repeat("x", 20<<20))(w); err != nil {
				return err
			}
			for deadline := time.Now().Add(10 * time.Second); parts == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				parts = len(files(t, s.Dir))
			}
			return end()
		})
		if err == nil || parts == 0 {
			t.Errorf("%d parts were there, error %v", parts, err)
		}
		if left := files(t, s.Dir); len(left) > 0 {
			t.Errorf("%v are left", left)
		}
	}
}

func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return paths
}

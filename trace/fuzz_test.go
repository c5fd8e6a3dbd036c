package trace

import (
	"path/filepath"
	"testing"
	"time"
)

func FuzzParquet(f *testing.F) {
	for _, content := range smallFiles(f) {
		f.Add(content)
	}
	path := filepath.Join(f.TempDir(), "fuzz.parquet")
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) < 4 || string(content[:4]) != parquetMagic {
			return // not taken for Parquet
		}
		_ = read(t, path, content, Options{DurationUnit: time.Second})
	})
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"arrival_ms,duration_ms,task_type,tenant,category,dataset\n0,32000,TXT_2_IMG,G0000,M0000,M0000\n4704000,43000,,G0001,\"M,1\",\n",
		"arrival,duration_s,announced_at,wait_us\n2024-11-15T16:57:50Z,0.25,2024-11-15 16:57:49,\n1731661070,1e3,,7\n",
		"\ufeffarrival_s,duration_ns,zone,image\r\n-1,0,,\r\n",
	} {
		f.Add(text, int64(time.Second), "2024-11-15T16:57:50")
	}
	f.Fuzz(func(t *testing.T, text string, unit int64, start string) {
		tr, err := readText(text, Options{TimeUnit: time.Duration(unit), DurationUnit: time.Millisecond, Start: start, Timezone: "America/New_York"})
		if err != nil {
			return
		}
		if err := tr.Validate(); err != nil {
			t.Fatal(err)
		}
		again, err := Load(writeTrace(t, tr), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := diff(tr, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

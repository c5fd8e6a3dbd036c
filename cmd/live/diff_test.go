package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnifiedDiff(t *testing.T) {
	a := strings.Split("a b c d e f g h i j k l m n o p q r", " ")
	b := strings.Split("a b c D e f g h i j k l m n o p q r s", " ")
	want := `--- from
+++ to
@@ -1,7 +1,7 @@
 a
 b
 c
-d
+D
 e
 f
 g
@@ -16,3 +16,4 @@
 p
 q
 r
+s
`
	if got := unifiedDiff("from", "to", a, b); got != want {
		t.Errorf("%s", got)
	}
	if got := unifiedDiff("from", "to", a, a); got != "" {
		t.Errorf("%q of what is alike", got)
	}
}

// What a diff says, patch does.
func TestPatchUnderstandsIt(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("there is no patch program")
	}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		var a, b []string
		for i := range 1 + random.IntN(60) {
			line := fmt.Sprint("line ", i%7)
			if random.IntN(8) > 0 {
				a = append(a, line)
			}
			if random.IntN(8) > 0 {
				b = append(b, line)
			}
		}
		if len(a) == 0 || len(b) == 0 || strings.Join(a, "\n") == strings.Join(b, "\n") {
			continue
		}
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(strings.Join(a, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(patch, "--force", file)
		diff := unifiedDiff("file", "file", a, b)
		c.Stdin = strings.NewReader(diff)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", out, err, diff)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != strings.Join(b, "\n")+"\n" {
			t.Errorf("seed %d: patched into\n%s\nby\n%s", seed, got, diff)
		}
	}
}

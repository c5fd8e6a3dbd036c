package cluster

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// written reads what Write wrote: a ConfigMap and a Job.
func written(t *testing.T, k Kubernetes, j Job) (files map[string]any, name string, spec map[string]any) {
	t.Helper()
	var text bytes.Buffer
	if err := k.Write(&text, j); err != nil {
		t.Fatal(err)
	}
	documents := yaml.NewDecoder(&text)
	var m, b map[string]any
	for _, d := range []*map[string]any{&m, &b} {
		if err := documents.Decode(d); err != nil {
			t.Fatalf("%v in\n%s", err, &text)
		}
	}
	if err := documents.Decode(new(any)); err != io.EOF {
		t.Fatalf("more than two documents: %v", err)
	}
	name = b["metadata"].(map[string]any)["name"].(string)
	return m["data"].(map[string]any), name, b["spec"].(map[string]any)
}

// TestManifest: whatever words a job has, they are read as they were written.
func TestManifest(t *testing.T) {
	k := Kubernetes{Image: "registry.example/simulate:1", Namespace: "true", Secret: "null", ServiceAccount: "1e3"}
	for i, text := range append(hostile, "a: 1\n\n  b: 2\n", " first\n", "\n\n", "last\n\n", "cr\r\n", "\ttab\n") {
		k.Files = append(k.Files, File{strconv.Itoa(i) + ".yaml", text})
	}
	files, name, spec := written(t, k, job)
	if len(files) != len(k.Files) {
		t.Errorf("%d files of %d", len(files), len(k.Files))
	}
	for _, f := range k.Files {
		if files[f.Name] != f.Text {
			t.Errorf("%q was written as %q", f.Text, files[f.Name])
		}
	}
	if !strings.HasPrefix(name, "monday-s-sweep-") {
		t.Errorf("name %s", name)
	}
	pod := spec["template"].(map[string]any)["spec"].(map[string]any)
	container := pod["containers"].([]any)[0].(map[string]any)
	var arguments []any
	for _, a := range hostile {
		arguments = append(arguments, strings.ReplaceAll(a, "$", "$$"))
	}
	if diff := cmp.Diff(arguments, container["args"]); diff != "" {
		t.Error(diff)
	}
	for what, pair := range map[string][2]any{
		"completions":     {spec["completions"], 4},
		"service account": {pod["serviceAccountName"], "1e3"},
		"image":           {container["image"], k.Image},
		"secret":          {container["envFrom"].([]any)[0].(map[string]any)["secretRef"].(map[string]any)["name"], "null"},
		"shards":          {container["env"].([]any)[0], map[string]any{"name": "SHADOWPOOL_SHARDS", "value": "4"}},
		"limits":          {container["resources"].(map[string]any)["limits"], map[string]any{"cpu": 2, "memory": "1500Mi"}},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// TestManifestName: the same job is the same name, whatever changes it is not.
func TestManifestName(t *testing.T) {
	k := Kubernetes{Image: "simulate", Files: []File{{"experiment.yaml", "a: 1\n"}}}
	names := map[string]bool{}
	for _, change := range []func(*Kubernetes, *Job){
		func(*Kubernetes, *Job) {},
		func(k *Kubernetes, _ *Job) { k.Image = "simulate:2" },
		func(k *Kubernetes, _ *Job) { k.Files = []File{{"experiment.yaml", "a: 2\n"}} },
		func(_ *Kubernetes, j *Job) { j.Shards = 5 },
		func(_ *Kubernetes, j *Job) { j.Arguments = []string{"sweep"} },
	} {
		k, j := k, job
		change(&k, &j)
		_, name, _ := written(t, k, j)
		if _, again, _ := written(t, k, j); names[name] || again != name {
			t.Errorf("%s, then %s, after %v", name, again, slices.Sorted(maps.Keys(names)))
		}
		names[name] = true
	}
}

func TestKubernetesRefuses(t *testing.T) {
	k := Kubernetes{Image: "simulate"}
	for name, change := range map[string]func(*Kubernetes, *Job){
		"no image":    func(k *Kubernetes, _ *Job) { k.Image = "" },
		"no UTF-8":    func(k *Kubernetes, _ *Job) { k.Secret = "\xff" },
		"large files": func(k *Kubernetes, _ *Job) { k.Files = []File{{"a", strings.Repeat("x", 1<<20)}} },
		"no shard":    func(_ *Kubernetes, j *Job) { j.Shards = 0 },
	} {
		k, j := k, job
		change(&k, &j)
		var out bytes.Buffer
		if err := k.Write(&out, j); err == nil || out.Len() > 0 {
			t.Errorf("%s: written, error %v", name, err)
		}
	}
}

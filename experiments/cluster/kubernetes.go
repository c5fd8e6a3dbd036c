package cluster

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"
)

// Kubernetes runs a job as an Indexed Job, whose pods may do nothing but
// compute and reach the network: they pass the restricted security standard.
// No secret goes into the manifest, only the name of one.
type Kubernetes struct {
	Image          string // its entry point is simulate
	Namespace      string // empty: the client's current one
	Secret         string // whose keys become variables of the environment; may be empty
	ServiceAccount string // empty: the namespace's default
	Files          []File // that pods find in Folder; together less than 1 MiB
}

// A File travels with the job.
type File struct {
	Name string // letters, digits, -, _ and .
	Text string
}

// Folder is where the pods find a job's files.
const Folder = "/job"

//go:embed kubernetes.yaml.tmpl
var manifestText string

// Every text is written as JSON's, which is YAML's too.
var manifest = template.Must(template.New("manifest").Funcs(template.FuncMap{
	"text":  jsonText,
	"lines": lines,
	// Kubernetes replaces $(NAME) in arguments, and reads $$ as $.
	"argument": func(s string) (string, error) { return jsonText(strings.ReplaceAll(s, "$", "$$")) },
}).Parse(manifestText))

func jsonText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%q is not UTF-8", s)
	}
	text, err := json.Marshal(s)
	// The one character that JSON leaves as it is and YAML does not print.
	return strings.ReplaceAll(string(text), "\x7f", `\u007f`), err
}

// lines keeps a text readable where YAML can, below a key of the first level.
func lines(s string) (string, error) {
	odd := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	body, ends := strings.CutSuffix(s, "\n")
	if !ends || body == "" || strings.ContainsAny(body[:1], " \n") || strings.HasSuffix(body, "\n") || strings.ContainsFunc(s, odd) {
		return jsonText(s)
	}
	const margin = "\n    "
	return "|" + margin + strings.ReplaceAll(body, "\n", margin), nil
}

// Write implements System. It names the job by its content too, so that the same one applied twice
// is one Job, and another one never changes it.
func (k Kubernetes) Write(w io.Writer, job Job) error {
	if err := job.check(); err != nil {
		return err
	}
	if k.Image == "" {
		return fmt.Errorf("which image do the pods run? One whose entry point is simulate")
	}
	size := 0
	for _, f := range k.Files {
		size += len(f.Name) + len(f.Text)
	}
	if size >= 1<<20 {
		return fmt.Errorf("the files that go with the job have %d bytes; Kubernetes takes less than %d", size, 1<<20)
	}
	values := map[string]any{
		"Name": "", "Namespace": k.Namespace, "Image": k.Image, "Secret": k.Secret, "ServiceAccount": k.ServiceAccount,
		"Files": k.Files, "Folder": Folder, "Arguments": job.Arguments, "Shards": job.Shards, "Retries": retries,
		"CPUs": job.CPUs, "MemoryMiB": job.MemoryMiB, "ShardsVariable": ShardsVariable,
	}
	content := sha256.New()
	if err := manifest.Execute(content, values); err != nil {
		return err
	}
	values["Name"] = fmt.Sprintf("%s-%x", job.label(), content.Sum(nil)[:4])
	return manifest.Execute(w, values)
}

// Submit implements System.
func (k Kubernetes) Submit(ctx context.Context, manifest io.Reader) (string, error) {
	said, err := client(ctx, manifest, "kubectl", "apply", "--filename", "-")
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(said, "job.batch/")
	name, _, _ = strings.Cut(name, " ")
	in := ""
	if k.Namespace != "" {
		in = " --namespace " + quoted(k.Namespace)
	}
	return fmt.Sprintf("%s\nwatch it: kubectl%[2]s get pods --selector job-name=%[3]s\nlogs:     kubectl%[2]s logs --selector job-name=%[3]s --prefix\nend it:   kubectl%[2]s delete job,configmap %[3]s", said, in, name), nil
}

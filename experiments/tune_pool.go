package experiments

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/sim"
	"shadowpool/trace/bucket"
)

// PoolFile is the configuration base with what was chosen, and a comment that
// says where it came from. Files that base names are relative to the directory
// from, and in what is returned to the directory to.
func (d *Tuned) PoolFile(base []byte, from, to, command string) ([]byte, error) {
	c := &d.Finalists[d.Chosen]
	var b strings.Builder
	fmt.Fprintf(&b, "Found by simulate tune, version %s, seed %d, on the trace %s:\n", d.Config.Version, d.Config.Seed, d.Trace.Name)
	fmt.Fprintf(&b, "least %s at %s, of %d settings of %s.\n\n", d.Minimised, d.Target.String(), len(d.Trials), plural(len(d.Policies), "policy", "policies"))
	for i, r := range []*sim.Result{c.Fit, c.Choose, c.Report} {
		s := d.Spans[i]
		fmt.Fprintf(&b, "%-6s  %.10s to %.10s, %s requests: %s %s, %s %s\n",
			spanNames[i], s.From, s.To, grouped(s.Requests), d.Target.title(), d.Target.met(r), d.perDay(r), d.unit())
	}
	fmt.Fprintf(&b, "\n%s\n", command)
	return poolFile(base, from, to, c.setting, d.Target, b.String())
}

// poolFile is a pool.yaml as it is, but with the setting and the target; the
// comment comes first. Files that it names are relative to from, and in what is
// returned to the directory to.
func poolFile(base []byte, from, to string, s Setting, target *Target, comment string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(base, &document); err != nil {
		return nil, err
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("a configuration that is no mapping")
	}
	root := document.Content[0]
	chosen := []policy.Setting{{Key: "name", Value: s.Spec.Name}}
	set(root, "policy", mappingOf(append(chosen, s.Spec.Params...)))
	fleet := lookUp(root, "fleet")
	if fleet == nil {
		return nil, errors.New("a configuration without a fleet")
	}
	for _, k := range s.Fleet {
		set(fleet, k.Key, &yaml.Node{Kind: yaml.ScalarNode, Value: k.Value})
	}
	if target != nil && target.Measure != "wait_mean" { // of which the section knows nothing
		service := lookUp(root, "service")
		if service == nil {
			service = &yaml.Node{Kind: yaml.MappingNode}
			set(root, "service", service)
		}
		for _, key := range []string{"hit_rate", "wait_p99", "wait_price"} {
			remove(service, key)
		}
		_, value, _ := strings.Cut(target.String(), "=")
		set(service, target.Measure, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
	}
	if err := moveFiles(root, from, to); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for line := range strings.SplitSeq(strings.TrimSpace(comment), "\n") {
		out.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	out.WriteString("\n")
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&document); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), checkPool(out.Bytes(), s)
}

// checkPool reads a configuration back: it has to be the setting's.
func checkPool(text []byte, s Setting) error {
	f, err := config.Parse("pool.yaml", text)
	if err != nil {
		return err
	}
	if got := f.PolicySpec().String(); got != s.Spec.String() {
		return fmt.Errorf("pool.yaml says %s for %s", got, s.Spec)
	}
	return nil
}

// lookUp is the value of a key of a mapping; nil if there is none.
func lookUp(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// set gives a key a value; what was said about the old one in comments goes
// with it.
func set(mapping *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = value
			mapping.Content[i].LineComment = ""
			return
		}
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func remove(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = append(mapping.Content[:i], mapping.Content[i+2:]...)
			return
		}
	}
}

func mappingOf(all []policy.Setting) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range all {
		set(n, s.Key, &yaml.Node{Kind: yaml.ScalarNode, Value: s.Value})
	}
	return n
}

// moveFiles makes the files of lead times and of spot prices relative to another
// directory.
func moveFiles(n *yaml.Node, from, to string) error {
	if n.Kind == yaml.ScalarNode {
		if path, ok := strings.CutPrefix(n.Value, "empirical:"); ok {
			path, err := movedPath(path, from, to)
			n.Value = "empirical:" + path
			return err
		}
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Value == "spot" {
			if prices := lookUp(n.Content[i+1], "prices"); prices != nil {
				path, err := movedPath(prices.Value, from, to)
				if err != nil {
					return err
				}
				prices.Value = path
			}
		}
		if err := moveFiles(c, from, to); err != nil {
			return err
		}
	}
	return nil
}

func movedPath(path, from, to string) (string, error) {
	if filepath.IsAbs(path) || from == to {
		return path, nil
	}
	if bucket.IsURL(from) || bucket.IsURL(to) {
		return "", fmt.Errorf("%s is relative to %s, which cannot be said from %s: write the whole path", path, from, to)
	}
	var err error
	if from, err = filepath.Abs(from); err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	return filepath.Rel(to, filepath.Join(from, path))
}

// FleetFile is a pool.yaml of a fleet whose categories have terms in common, as
// flags describe it. Its policy holds nothing.
func FleetFile(f *sim.Fleet) ([]byte, error) {
	k := f.Categories[0]
	if f.Layers > 0 || len(k.Stages) > 0 {
		return nil, errors.New("a fleet with layers or stages is written from a configuration only")
	}
	terms := mappingOf([]policy.Setting{
		{Key: "lead_time", Value: k.Lead.String()},
		{Key: "reuse", Value: map[bool]string{true: "reusable", false: "single-use"}[k.Reusable]},
	})
	set(terms, "prices", mappingOf([]policy.Setting{{Key: "on_demand", Value: fmt.Sprint(k.Price)}}))
	fleet := mappingOf([]policy.Setting{
		{Key: "isolation", Value: f.Isolation.String()},
		{Key: "binding", Value: f.Binding.String()}, {Key: "tick", Value: f.Tick.String()},
	})
	if f.Tick == 0 {
		remove(fleet, "tick")
	}
	listed := &yaml.Node{Kind: yaml.SequenceNode}
	if f.Pooled {
		set(fleet, "pooled", &yaml.Node{Kind: yaml.ScalarNode, Value: "true"})
		terms.Content = append(mappingOf([]policy.Setting{{Key: "name", Value: "all"}}).Content, terms.Content...)
		listed.Content = append(listed.Content, terms)
	} else {
		set(fleet, "default", terms)
		for _, k := range f.Categories {
			if k.Name != "" {
				name := &yaml.Node{Kind: yaml.MappingNode}
				set(name, "name", textNode(k.Name))
				listed.Content = append(listed.Content, name)
			}
		}
	}
	if len(listed.Content) > 0 {
		set(fleet, "categories", listed)
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	if f.Location != nil {
		set(root, "timezone", textNode(f.Location.String()))
	}
	set(root, "fleet", fleet)
	set(root, "policy", mappingOf([]policy.Setting{{Key: "name", Value: "none"}}))
	return yaml.Marshal(root)
}

// textNode is a scalar that is read as text, whatever it looks like.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	if utf8.ValidString(text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

package experiments

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

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
	d, err := config.NewDraft(base)
	if err != nil {
		return nil, err
	}
	chosen := []policy.Setting{{Key: "name", Value: s.Spec.Name}}
	if err := d.SetAll("policy", append(chosen, s.Spec.Params...)); err != nil {
		return nil, err
	}
	changes := make([]policy.Setting, 0, len(s.Fleet)+1)
	for _, k := range s.Fleet {
		changes = append(changes, policy.Setting{Key: "fleet." + k.Key, Value: k.Value})
	}
	if target != nil && target.Measure != "wait_mean" { // of which the section knows nothing
		for _, key := range []string{"hit_rate", "wait_p99", "wait_price"} {
			d.Remove("service", key)
		}
		_, value, _ := strings.Cut(target.String(), "=")
		changes = append(changes, policy.Setting{Key: "service." + target.Measure, Value: value})
	}
	for _, c := range changes {
		if err := d.Set(c.Key, c.Value); err != nil {
			return nil, err
		}
	}
	if err := d.Rename(func(file string) (string, error) { return moved(file, from, to) }); err != nil {
		return nil, err
	}
	text, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for line := range strings.SplitSeq(strings.TrimSpace(comment), "\n") {
		out.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	out.WriteString("\n")
	out.Write(text)
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

// moved is a file's path as it is said in another directory.
func moved(path, from, to string) (string, error) {
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

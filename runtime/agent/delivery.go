package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"shadowpool/runtime/wire"
)

// A place is where the configuration of requests goes: files in the agent's
// state, secrets in memory.
type place struct {
	files   string
	secrets string // empty: there is no file system in memory
	notice  string // the file that says that all is there
}

// newPlace finds where secrets can go. memory is a folder to put them into;
// empty: wherever there is one in memory.
func newPlace(state, memory string) (*place, error) {
	p := &place{files: filepath.Join(state, "files"), notice: filepath.Join(state, "promotion.json")}
	if err := os.Mkdir(p.files, 0o700); err != nil {
		return nil, err
	}
	candidates := memoryFolders()
	if memory != "" {
		if !inMemory(memory) {
			return nil, fmt.Errorf("%s is on no file system in memory, so secrets would reach a disk", memory)
		}
		candidates = []string{memory}
	}
	for _, dir := range candidates {
		if dir == "" || !inMemory(dir) {
			continue
		}
		var err error
		if p.secrets, err = os.MkdirTemp(dir, "shadowpool-*"); err == nil {
			return p, nil
		} else if memory != "" {
			return nil, err
		}
	}
	return p, nil
}

// environment tells a service where to look.
func (p *place) environment() []string {
	return []string{"SHADOWPOOL_FILES=" + p.files, "SHADOWPOOL_SECRETS=" + p.secrets, "SHADOWPOOL_PROMOTION=" + p.notice}
}

// apply puts the configuration of a request in its place. It returns the
// variables for what is started because of it.
func (p *place) apply(r *wire.Promotion, secretsIn string) ([]string, error) {
	if err := p.wipe(); err != nil {
		return nil, err
	}
	if err := write(p.files, r.Files); err != nil {
		return nil, err
	}
	variables := pairs(r.Environment)
	if secretsIn == wire.SecretsInEnvironment {
		variables = append(variables, pairs(r.Secrets)...)
	} else if len(r.Secrets) > 0 {
		if p.secrets == "" {
			return nil, errors.New("there is no file system in memory for the secrets; mount a tmpfs and name it by --secrets, or set provisioner.agent.secrets to environment")
		}
		files := make(map[string][]byte, len(r.Secrets))
		for name, value := range r.Secrets {
			files[name] = []byte(value)
		}
		if err := write(p.secrets, files); err != nil {
			return nil, err
		}
	}
	// Last, and at once: who sees it finds the rest.
	text, err := json.Marshal(map[string]any{
		"claim": r.Claim, "tenant": r.Tenant, "task_type": r.TaskType, "environment": r.Environment,
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.notice+".new", text, 0o600); err != nil {
		return nil, err
	}
	return variables, os.Rename(p.notice+".new", p.notice)
}

func pairs(m map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, name+"="+m[name])
	}
	return all
}

// write writes files below a folder and nowhere else, whatever is there.
func write(dir string, files map[string][]byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return fmt.Errorf("file %q: %w", name, err)
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("file %q: %w", name, err)
		}
		_, err = f.Write(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("file %q: %w", name, err)
		}
	}
	return nil
}

// wipe removes what was there for the request before.
func (p *place) wipe() error {
	all := []error{remove(p.notice)}
	for _, dir := range []string{p.files, p.secrets} {
		if dir == "" {
			continue
		}
		entries, err := os.ReadDir(dir)
		all = append(all, err)
		for _, e := range entries {
			all = append(all, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(all...)
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

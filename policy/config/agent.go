package config

import (
	"errors"
	"fmt"
	"iter"
	slash "path"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy/plan"
)

// An Agent says how the agents in instances work, which run the predictive
// workload. The simulator checks it and uses nothing of it.
type Agent struct {
	URL     string // at which agents reach the server; empty: where it listens
	CA      string // file of certificates that they trust beside their system's
	KeyFile string // of what their tokens are derived from; empty: anew at each start
	Recipes []Recipe
	Allowed []string // prefixes of the URLs that may be read
	Disk    int64    // bytes, of an instance's cache
	Time    time.Duration
	User    string // whom commands run as where the agent is root
	Limits  CommandLimits
	// SecretsInEnvironment hands secrets over as variables, and not as files in
	// memory.
	SecretsInEnvironment bool
	Orphan               Orphan
}

// A Recipe says what steps of a kind mean whose name matches Name.
type Recipe struct {
	Kind    plan.Kind
	Name    string        // as in path.Match; * is any
	URL     string        // of a dataset
	Command []string      // program and arguments
	Files   []string      // patterns
	Private bool          // only the tenant that asks for it may have it
	Takes   time.Duration // taken for true until it is learned
}

// CommandLimits bound a command of the predictive workload.
type CommandLimits struct {
	Time      time.Duration
	Memory    int64 // bytes
	Processes int
}

// An Orphan says what becomes of an instance whose server is gone.
type Orphan struct {
	After   time.Duration // until it ends
	Serving time.Duration // until it ends even if it serves
	Command []string      // that ends it, run last
}

// Defaults of the agent's section.
const (
	DefaultDisk          = 10 << 30
	DefaultWorkloadTime  = 2 * time.Minute
	DefaultCommandUser   = "nobody"
	DefaultCommandTime   = 5 * time.Minute
	DefaultCommandMemory = 1 << 30
	DefaultProcesses     = 64
	DefaultOrphanAfter   = 10 * time.Minute
	DefaultOrphanServing = 12 * time.Hour
	DefaultTakes         = 10 * time.Second
)

const (
	maxBytes       = 1 << 50
	leastMemory    = 32 << 20
	maxOrphanage   = 30 * 24 * time.Hour
	maxProcesses   = 100_000
	maxRecipes     = 1000
	shortestOrphan = time.Second
)

// Recipe is the first for a step; nil if there is none.
func (a *Agent) Recipe(kind plan.Kind, name string) *Recipe {
	for i := range a.Recipes {
		r := &a.Recipes[i]
		if ok, _ := slash.Match(r.Name, name); r.Kind == kind && (ok || r.Name == "*") {
			return r
		}
	}
	return nil
}

// checkAgents: what its agent says is heard only where there is a section on
// agents.
func (v *Provisioner) checkAgents(p *parser, path string) {
	if v.Agent != nil {
		return
	}
	for at, r := range v.readiness(path) {
		if n := p.at[at]; n != nil && r.Agent {
			p.fail(n, at, "needs %s, which says what agents do; %s: {} is enough", join(path, "agent"), join(path, "agent"))
		}
	}
}

// readiness goes through what is said of being ready, by key.
func (v *Provisioner) readiness(path string) iter.Seq2[string, Ready] {
	return func(yield func(string, Ready) bool) {
		if !yield(join(path, "process.ready"), v.Process.Ready) {
			return
		}
		for i, c := range v.Categories {
			if !yield(join(path, fmt.Sprintf("categories[%d].ready", i)), c.Ready) {
				return
			}
		}
	}
}

func agent(to **Agent) schema {
	blank := func() Agent {
		return Agent{
			Disk: DefaultDisk, Time: DefaultWorkloadTime, User: DefaultCommandUser,
			Limits: CommandLimits{DefaultCommandTime, DefaultCommandMemory, DefaultProcesses},
			Orphan: Orphan{After: DefaultOrphanAfter, Serving: DefaultOrphanServing},
		}
	}
	return optional[Agent]{to, blank, agentSection}
}

func agentSection(to *Agent) schema {
	line := func(s *string) schema { return text(s) }
	return object{
		fields: []field{
			{key: "url", schema: serverURL(&to.URL)},
			{key: "ca", schema: name(&to.CA)},
			{key: "key_file", schema: name(&to.KeyFile)},
			{key: "allowed", schema: texts{list[string]{&to.Allowed, nil, prefix}}},
			{key: "recipes", schema: list[Recipe]{&to.Recipes, func() Recipe { return Recipe{Name: "*", Takes: DefaultTakes} }, recipe}},
			{key: "disk", schema: size(&to.Disk, 0)},
			{key: "time", schema: span(&to.Time, 0, maxWait)},
			{key: "user", schema: name(&to.User)},
			{key: "limits", schema: object{fields: []field{
				{key: "time", schema: span(&to.Limits.Time, time.Millisecond, maxWait)},
				{key: "memory", schema: size(&to.Limits.Memory, leastMemory)},
				{key: "processes", schema: count(&to.Limits.Processes, maxProcesses)},
			}}},
			{key: "secrets", schema: oneOf(&to.SecretsInEnvironment, choice[bool]{"files", false}, choice[bool]{"environment", true})},
			{key: "orphan", schema: object{fields: []field{
				{key: "after", schema: span(&to.Orphan.After, shortestOrphan, maxOrphanage)},
				{key: "serving", schema: span(&to.Orphan.Serving, shortestOrphan, maxOrphanage)},
				{key: "command", schema: command{list[string]{&to.Orphan.Command, nil, line}}},
			}}},
		},
		check: func(p *parser, n *yaml.Node, at string, given map[string]*yaml.Node) {
			if len(to.Recipes) > maxRecipes {
				p.fail(given["recipes"], join(at, "recipes"), "%d recipes, at most %d are allowed", len(to.Recipes), maxRecipes)
			}
			for i := range to.Recipes {
				r := &to.Recipes[i]
				if r.URL != "" && !to.allows(r.URL) {
					here := join(at, fmt.Sprintf("recipes[%d].url", i))
					p.fail(p.at[here], here, "%s does not begin with what %s lists; list its folder there", quote(r.URL), join(at, "allowed"))
				}
			}
			if to.Orphan.Serving < to.Orphan.After {
				p.fail(n, join(at, "orphan"), "serving %s is shorter than after %s", short(to.Orphan.Serving), short(to.Orphan.After))
			}
		},
	}
}

// allows tells whether the part of a URL before its first place holder begins
// with what is allowed.
func (a *Agent) allows(u string) bool {
	literal, _, _ := strings.Cut(u, "{")
	for _, p := range a.Allowed {
		if strings.HasPrefix(literal, p) {
			return true
		}
	}
	return false
}

func recipe(to *Recipe) schema {
	line := func(s *string) schema { return text(s) }
	var kinds []choice[plan.Kind]
	for k := plan.Image; k <= plan.Task; k++ {
		kinds = append(kinds, choice[plan.Kind]{k.String(), k})
	}
	return object{
		fields: []field{
			{key: "kind", required: "what the steps do, such as prefetch", schema: oneOf(&to.Kind, kinds...)},
			{key: "name", schema: glob(&to.Name)},
			{key: "url", schema: template(&to.URL)},
			{key: "command", schema: command{list[string]{&to.Command, nil, line}}},
			{key: "files", schema: texts{list[string]{&to.Files, nil, glob}}},
			{key: "private", schema: oneOf(&to.Private, choice[bool]{"true", true}, choice[bool]{"false", false})},
			{key: "takes", schema: span(&to.Takes, 0, maxWait)},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			want := map[plan.Kind]string{plan.Prefetch: "url", plan.Cache: "files"}[to.Kind]
			if want == "" {
				want = "command"
			}
			for _, way := range []string{"url", "command", "files"} {
				switch {
				case way == want && given[way] == nil:
					p.fail(n, path, "%s is missing: what a step of kind %s does", way, to.Kind)
				case way != want && given[way] != nil:
					p.fail(given[way], join(path, way), "a step of kind %s has %s", to.Kind, want)
				}
			}
			if !to.Private && strings.Contains(strings.Join(append(append([]string{to.URL}, to.Command...), to.Files...), " "), "{tenant}") {
				p.fail(n, path, "goes by {tenant}, so it is private to one; add private: true")
			}
		},
	}
}

// texts is a list of plain values.
type texts struct{ list[string] }

func (t texts) keys(path string) []string { return []string{path} }

// glob is a pattern as path.Match has it.
func glob(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if _, err := slash.Match(n.Value, ""); err != nil || n.Value == "" || len(n.Value) > maxText || strings.ContainsRune(n.Value, 0) {
			return "", errors.New("want a name or a pattern with *, ? and [a-z]")
		}
		return n.Value, nil
	}}
}

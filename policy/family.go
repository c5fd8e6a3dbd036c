package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Family is a named policy with its parameters.
type Family struct {
	Name    string
	Summary string // one line
	// Knob is the parameter that a frontier sweeps; empty if there is none.
	Knob string
	// WaitKnob is swept in its place where waits are compared; empty is Knob.
	WaitKnob string
	Params   []Param
	// Training is set when the policy is fitted on a span before the measured
	// one, unless its parameters make that needless.
	Training bool
	// Build makes a sizer for the fleet from parsed values.
	Build func(Fleet, Values) (Sizer, error)
}

// Fleet is what a policy may know when it is built.
type Fleet struct {
	Config
	// Training are the arrivals of each pool before the measured span,
	// ascending; nil if there is no such span (never in a live run).
	Training [][]Time
	// TrainingFrom and TrainingTo bound that span.
	TrainingFrom, TrainingTo Time
}

// Kind is what a parameter's value is.
type Kind uint8

// The kinds: a whole number, a number, a share between 0 and 1 exclusive, a
// span of time, or text.
const (
	Count Kind = iota
	Number
	Share
	Span
	Text
)

// A Param is one parameter of a family.
type Param struct {
	Name    string
	Kind    Kind
	Default string // empty: must be given, unless Optional
	Help    string
	// ByCategory allows NAME.CATEGORY beside NAME.
	ByCategory bool
	Optional   bool
}

// Values are a family's parameters after parsing. Getters panic on names that
// the family does not declare: that is a bug of the family.
type Values struct {
	family *Family
	set    map[string]any
}

// Has says whether an optional parameter was given.
func (v Values) Has(name string) bool { _, ok := v.set[name]; return ok }

// Count is a parameter of kind Count.
func (v Values) Count(name string) int64 { return v.set[name].(int64) }

// Float is a parameter of kind Number or Share.
func (v Values) Float(name string) float64 { return v.set[name].(float64) }

// Span is a parameter of kind Span.
func (v Values) Span(name string) time.Duration { return v.set[name].(time.Duration) }

// Text is a parameter of kind Text.
func (v Values) Text(name string) string { return v.set[name].(string) }

// CountFor is a parameter of kind Count in a category.
func (v Values) CountFor(name, category string) int64 {
	if n, ok := v.set[name+"."+category]; ok {
		return n.(int64)
	}
	return v.Count(name)
}

// maxCount bounds levels and the like.
const maxCount = 1_000_000

func (k Kind) parse(text string) (any, error) {
	switch k {
	case Count:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > maxCount {
			return nil, fmt.Errorf("want a whole number from 0 to %d", maxCount)
		}
		return n, nil
	case Number:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f >= 0 && f <= 1e9) {
			return nil, fmt.Errorf("want a number from 0 to 1e9")
		}
		return f, nil
	case Share:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f > 0 && f < 1) {
			return nil, fmt.Errorf("want a share between 0 and 1, such as 0.99")
		}
		return f, nil
	case Span:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxSpan {
			return nil, fmt.Errorf("want a span with a unit, such as 90s or 10m")
		}
		return d, nil
	default:
		return text, nil
	}
}

// families are the policies of this package, by name.
var families = []*Family{}

// register adds a family; its name must be new.
func register(f *Family) *Family {
	i, _ := slices.BinarySearchFunc(families, f.Name, func(a *Family, name string) int { return strings.Compare(a.Name, name) })
	families = slices.Insert(families, i, f)
	return f
}

// Families are the policies that can run live, by name.
func Families() []*Family { return slices.Clone(families) }

// Find returns the family of a name. The error lists the names that exist;
// others are offered beside those of this package.
func Find(name string, others ...*Family) (*Family, error) {
	var names []string
	for _, f := range append(Families(), others...) {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("there is no policy %q; known are %s", name, strings.Join(names, ", "))
}

// Parse checks a spec's parameters against the family and fills in defaults.
func (f *Family) Parse(s Spec, categories []Category) (Values, error) {
	v := Values{f, map[string]any{}}
	for _, p := range s.Params {
		name, category, by := strings.Cut(p.Key, ".")
		i := slices.IndexFunc(f.Params, func(q Param) bool { return q.Name == name })
		if i < 0 || by && !f.Params[i].ByCategory {
			return Values{}, fmt.Errorf("policy %s has no parameter %q; it takes %s", f.Name, p.Key, f.signature())
		}
		if by && !slices.ContainsFunc(categories, func(k Category) bool { return k.Name == category }) {
			return Values{}, fmt.Errorf("policy %s: %s: the fleet has no category %q", f.Name, p.Key, category)
		}
		value, err := f.Params[i].Kind.parse(p.Value)
		if err != nil {
			return Values{}, fmt.Errorf("policy %s: %s=%s: %w", f.Name, p.Key, p.Value, err)
		}
		v.set[p.Key] = value
	}
	for _, q := range f.Params {
		if _, ok := v.set[q.Name]; ok || q.Optional {
			continue
		}
		if q.Default == "" {
			return Values{}, fmt.Errorf("policy %s needs %s (%s): write %s:%s=VALUE", f.Name, q.Name, q.Help, f.Name, q.Name)
		}
		value, err := q.Kind.parse(q.Default)
		if err != nil {
			panic(fmt.Sprintf("policy: default of %s.%s: %v", f.Name, q.Name, err))
		}
		v.set[q.Name] = value
	}
	return v, nil
}

// Sizer parses a spec and builds its sizer.
func (f *Family) Sizer(s Spec, fleet Fleet) (Sizer, error) {
	if err := fleet.validate(); err != nil {
		return nil, err
	}
	v, err := f.Parse(s, fleet.Categories)
	if err != nil {
		return nil, err
	}
	return f.Build(fleet, v)
}

// Map is the values as they appear in a result's params: spans in seconds.
func (v Values) Map() map[string]any {
	m := make(map[string]any, len(v.set))
	for _, k := range slices.Sorted(maps.Keys(v.set)) {
		value := v.set[k]
		if d, ok := value.(time.Duration); ok {
			k, value = k+"_s", d.Seconds()
		}
		m[k] = value
	}
	return m
}

// Build finds the policy of s among those that can run live and builds it.
func Build(s Spec, fleet Fleet) (Sizer, error) {
	f, err := Find(s.Name)
	if err != nil {
		return nil, err
	}
	return f.Sizer(s, fleet)
}

func (f *Family) signature() string {
	if len(f.Params) == 0 {
		return "none"
	}
	var names []string
	for _, p := range f.Params {
		names = append(names, p.Name)
		if p.ByCategory {
			names = append(names, p.Name+".CATEGORY")
		}
	}
	return strings.Join(names, ", ")
}

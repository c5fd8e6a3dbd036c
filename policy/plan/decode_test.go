package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// example has every kind of step.
func example() Plan {
	return Plan{Tenant: "acme", Steps: []Step{
		{Kind: Image, Name: "pytorch-2.4", Takes: 21500 * time.Millisecond, Bytes: 8e9},
		{Kind: Dependencies, Name: "requirements 1.0", Takes: 3 * time.Second},
		{Kind: Prefetch, Name: "imagenet", Fraction: 0.125, Takes: 40 * time.Second, Bytes: 18e9},
		{Kind: Cache, Name: "true", Takes: 1},
		{Kind: Prefetch, Name: "imagenet", Fraction: 1, Takes: 280 * time.Second, Bytes: 126e9},
		{Kind: Task, Name: "12"},
	}}
}

const exampleYAML = `# what a shadow of acme's does
version: 1
tenant: acme
steps:
  - {name: pytorch-2.4, kind: image, bytes: 8000000000, seconds: 21.5}
  - kind: dependencies
    seconds: 3
    bytes: 0
    name: requirements 1.0
  - kind: prefetch
    name: imagenet
    fraction: 0.125
    seconds: 4e1
    bytes: 18000000000
  - {kind: cache, name: "true", seconds: 0.000000001, bytes: 0}
  - {bytes: 126000000000, seconds: 280.0, fraction: 1, name: imagenet, kind: prefetch}
  - {kind: task, name: "12", seconds: 0, bytes: 0}
`

// The order of keys and the way of writing make no difference.
func TestReadsWhatIsWritten(t *testing.T) {
	want := example()
	got, err := ParseYAML([]byte(exampleYAML))
	if err != nil || !got.Equal(want) || got.Hash() != want.Hash() {
		t.Errorf("%+v, %v", got, err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		roundTrip(t, randomPlan(rng))
	}
	roundTrip(t, want)
	roundTrip(t, Plan{})
}

func roundTrip(t *testing.T, p Plan) {
	t.Helper()
	y, err := p.YAML()
	if err != nil {
		t.Fatal(err)
	}
	j, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	fromYAML, err := ParseYAML(y)
	if err != nil || !fromYAML.Equal(p) || fromYAML.Hash() != p.Hash() {
		t.Fatalf("%+v, %v, not %+v, from\n%s", fromYAML, err, p, y)
	}
	fromJSON, err := ParseJSON(j)
	if err != nil || !fromJSON.Equal(p) || fromJSON.Hash() != p.Hash() {
		t.Fatalf("%+v, %v, not %+v, from\n%s", fromJSON, err, p, j)
	}
}

func randomPlan(rng *rand.Rand) Plan {
	names := []string{"a", "no", "null", "1e3", "0x10", "2024-01-01", "a: b", "# c", "- d", "ü\u2028\U0001F600", `"`, "'", "<&>", "~", "{}", "!x", "*y", "a\\n", strings.Repeat("n", maxName)}
	p := Plan{}
	if rng.IntN(2) == 0 {
		p.Tenant = names[rng.IntN(len(names))]
	}
	for k := range Kind(len(kinds)) {
		fraction := 0.0
		for _, i := range rng.Perm(len(names))[:rng.IntN(4)] {
			s := Step{Kind: k, Name: names[i], Takes: time.Duration(rng.Int64N(int64(maxTakes))), Bytes: rng.Int64N(maxBytes)}
			if k == Prefetch {
				fraction = rng.Float64() + math.SmallestNonzeroFloat64
				s.Fraction = fraction
			}
			p.Steps = append(p.Steps, s)
		}
	}
	return p
}

// The hash is what its comment says, worked out anew, so that it stays what it
// is: it is kept in logs.
func TestHash(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("shadowpool plan")
	for _, v := range []any{
		uint64(1), uint64(4), []byte("acme"), uint64(1), uint64(2), uint64(8), []byte("imagenet"),
		math.Float64bits(0.5), uint64(2e9), uint64(7),
	} {
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	want := sha256.Sum256(b.Bytes())
	p := Plan{Tenant: "acme", Steps: []Step{{Prefetch, "imagenet", 0.5, 2 * time.Second, 7}}}
	if got := p.Hash(); got != want {
		t.Errorf("hash %s, want %s", hex.EncodeToString(got[:]), hex.EncodeToString(want[:]))
	}
	// -0 is the same content as 0.
	a, c := Plan{Steps: []Step{{Kind: Task, Name: "t"}}}, Plan{Steps: []Step{{Kind: Task, Name: "t", Fraction: math.Copysign(0, -1)}}}
	if !a.Equal(c) || a.Hash() != c.Hash() {
		t.Error("-0 is another content")
	}
}

// Whatever is changed, the hash changes; and only then.
func TestHashTellsApart(t *testing.T) {
	seen := map[Hash]string{}
	add := func(what string, change func(*Plan)) {
		p := example()
		change(&p)
		if before, ok := seen[p.Hash()]; ok {
			t.Errorf("%s has the hash of %s", what, before)
		}
		seen[p.Hash()] = what
	}
	add("the example", func(*Plan) {})
	add("no tenant", func(p *Plan) { p.Tenant = "" })
	add("a tenant", func(p *Plan) { p.Tenant = "acm" })
	add("no steps", func(p *Plan) { p.Steps = nil })
	add("a step less", func(p *Plan) { p.Steps = p.Steps[:5] })
	add("other order", func(p *Plan) { p.Steps[2], p.Steps[3] = p.Steps[3], p.Steps[2] })
	for i := range example().Steps {
		add("kind", func(p *Plan) { p.Steps[i].Kind++ })
		add("name", func(p *Plan) { p.Steps[i].Name += "x" })
		add("fraction", func(p *Plan) { p.Steps[i].Fraction = 0.3 })
		add("takes", func(p *Plan) { p.Steps[i].Takes++ })
		add("bytes", func(p *Plan) { p.Steps[i].Bytes++ })
		// A byte that moves from one text to the next is another content.
		if i > 0 {
			add("moved", func(p *Plan) { p.Steps[i-1].Name += p.Steps[i].Name[:1]; p.Steps[i].Name = p.Steps[i].Name[1:] })
		}
	}
	rng := rand.New(rand.NewPCG(4, 4))
	plans := map[Hash]Plan{}
	for range 500 {
		p := randomPlan(rng)
		if q, ok := plans[p.Hash()]; ok && !q.Equal(p) {
			t.Errorf("one hash for %+v and %+v", p, q)
		}
		plans[p.Hash()] = p
	}
}

// What is wrong is refused, with its line and key.
func TestRefuses(t *testing.T) {
	step := func(s string) string { return "version: 1\nsteps:\n  - {" + s + "}\n" }
	for _, c := range []struct{ text, want string }{
		{"", "is empty"},
		{"# nothing\n", "is empty"},
		{"[]", "line 1: want a mapping"},
		{"version: 1\n", "steps: is missing"},
		{"steps: []\n", "version: is missing"},
		{"version: 2\nsteps: []\n", "line 1: version: this program reads version 1, not 2"},
		{"version: 1.0\nsteps: []\n", `version: "1.0": want a whole number`},
		{"version: '1'\nsteps: []\n", `version: "1": want a whole number`},
		{"version: 1\nsteps:\n", "line 2: steps: want a list"},
		{"version: 1\nsteps: {}\n", "steps: want a list"},
		{"version: 1\nsteps: []\nextra: 1\n", `line 3: unknown key "extra"; known here: version, tenant, steps`},
		{"version: 1\nsteps: []\nsteps: []\n", "line 3: steps is given twice"},
		{"version: 1\nVersion: 1\nsteps: []\n", `unknown key "Version"`},
		{"version: 1\ntenant: ''\nsteps: []\n", "line 2: tenant: want a name"},
		{"version: 1\ntenant: 7\nsteps: []\n", `tenant: "7": want a text, in quotes`},
		{"version: 1\ntenant: &a x\nsteps: []\n", "line 2: anchor &a"},
		{"version: 1\ntenant: !!str x\nsteps: []\n", "tag !!str"},
		{"version: 1\nsteps: []\n---\nversion: 1\n", "is not YAML"},
		{"version: 1\nsteps: [\n", "is not YAML"},
		{"version: 1\nsteps: []\x00", "control character"},
		{"version: 1\ntenant: \xff\nsteps: []\n", "line 2: is not UTF-8"},
		{"? [a]\n: 1\n", "unknown key"},
		{step("kind: image, name: a, seconds: 1"), "line 3: steps[0].bytes: is missing"},
		{step("name: a, seconds: 1, bytes: 1"), "steps[0].kind: is missing"},
		{step("kind: pull, name: a, seconds: 1, bytes: 1"), `steps[0].kind: "pull" is none of image, dependencies`},
		{step("kind: image, name: [a], seconds: 1, bytes: 1"), "steps[0].name: want a text"},
		{step("kind: image, name: ' a', seconds: 1, bytes: 1"), "steps[0].name: want a name without spaces"},
		{step(`kind: image, name: "a\nb", seconds: 1, bytes: 1`), "steps[0].name: want a name of one line"},
		{step("kind: image, name: " + strings.Repeat("a", 257) + ", seconds: 1, bytes: 1"), "at most 256 bytes"},
		{step("kind: image, name: a, seconds: -1, bytes: 1"), `steps[0].seconds: "-1": want seconds from 0`},
		{step("kind: image, name: a, seconds: .inf, bytes: 1"), `steps[0].seconds: ".inf": want a decimal number`},
		{step("kind: image, name: a, seconds: .nan, bytes: 1"), "want a decimal number"},
		{step("kind: image, name: a, seconds: 0x10, bytes: 1"), "want a decimal number"},
		{step("kind: image, name: a, seconds: 1e300, bytes: 1"), "want seconds from 0 to 2.592e+06"},
		{step("kind: image, name: a, seconds: 1s, bytes: 1"), `"1s": want a decimal number`},
		{step("kind: image, name: a, seconds: 1, bytes: 1.5"), "want a whole number"},
		{step("kind: image, name: a, seconds: 1, bytes: -1"), "steps[0].bytes: -1 is not between"},
		{step("kind: image, name: a, seconds: 1, bytes: 9223372036854775807"), "steps[0].bytes: 9223372036854775807 is not between"},
		{step("kind: image, name: a, seconds: 1, bytes: 99999999999999999999"), "want a whole number"},
		{step("kind: image, name: a, fraction: 0, seconds: 1, bytes: 1"), "steps[0].fraction: a step of kind image has no fraction"},
		{step("kind: prefetch, name: a, seconds: 1, bytes: 1"), "steps[0].fraction: 0 is no fraction"},
		{step("kind: prefetch, name: a, fraction: 1.01, seconds: 1, bytes: 1"), "steps[0].fraction: 1.01 is no fraction"},
		{step("kind: task, name: a, seconds: 1, bytes: 1}\n  - {kind: image, name: a, seconds: 1, bytes: 1"), "line 4: steps[1].kind: image comes after task"},
		{step("kind: task, name: a, seconds: 1, bytes: 1}\n  - {kind: task, name: a, seconds: 1, bytes: 1"), `steps[1].name: task "a" was done before`},
		{step("kind: prefetch, name: a, fraction: 0.5, seconds: 1, bytes: 1}\n  - {kind: prefetch, name: a, fraction: 0.5, seconds: 1, bytes: 1"), `steps[1].fraction: "a" was read up to 0.5 before`},
		{"version: 1\nsteps:\n" + strings.Repeat("  - {kind: task, name: a, seconds: 1, bytes: 1}\n", MaxSteps+1), "257 steps, at most 256"},
		{"version: 1\nsteps: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "plan: line"},
		{strings.Repeat("#", MaxSize+1), "is larger than"},
	} {
		p, err := ParseYAML([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), "plan: line ") || !strings.Contains(err.Error(), c.want) || len(p.Steps) > 0 {
			t.Errorf("%.80q: %v, want %q", c.text, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "line 1: is not JSON: it ends too early"},
		{"{", "is not JSON"},
		{"\n{]", "line 2: is not JSON"},
		{`{"version": 1, "steps": []} {}`, "goes on after the plan"},
		{`{"version": 1, "steps": []}x`, "goes on after the plan"},
		{`{"version": 1, "Steps": []}`, `unknown key "Steps"`},
		{`{"version": 1, "steps": [], "version": 1}`, "version is given twice"},
		{`{"version": 1, "steps": null}`, "steps: want a list"},
		{`{"version": true, "steps": []}`, "version: \"\": want a whole number"},
		{`{"version": 1, "steps": [{"kind": 3, "name": "a", "seconds": 1, "bytes": 1}]}`, "steps[0].kind: \"3\": want a text"},
		{`{"version": 1, "steps": [{"kind": "image", "name": "a", "seconds": "1", "bytes": 1}]}`, "steps[0].seconds: \"1\": want a decimal"},
		{"{\"version\": 1,\n\"steps\": [\n{\"kind\": \"image\", \"name\": \"a\", \"seconds\": 1,\n \"bytes\": 1e3}]}", "line 4: steps[0].bytes: \"1e3\": want a whole number"},
		{`{"version": 1, "tenant": "\u0000", "steps": []}`, "tenant: want a name of one line"},
		{strings.Repeat("[", 1000), "nested deeper"},
	} {
		if _, err := ParseJSON([]byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), "plan: line ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v, want %q", c.text, err, c.want)
		}
	}
}

// What cannot be is not written either.
func TestValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*Plan)
		want   string
	}{
		{func(p *Plan) { p.Tenant = "a\nb" }, "plan: tenant: want a name"},
		{func(p *Plan) { p.Steps[0].Kind = 9 }, "plan: steps[0].kind: kind 9 is none of"},
		{func(p *Plan) { p.Steps[1].Name = "\xff" }, "plan: steps[1].name"},
		{func(p *Plan) { p.Steps[2].Fraction = math.NaN() }, "plan: steps[2].fraction"},
		{func(p *Plan) { p.Steps[2].Takes = -1 }, "plan: steps[2].seconds"},
		{func(p *Plan) { p.Steps[2].Takes = maxTakes + 1 }, "plan: steps[2].seconds"},
		{func(p *Plan) { p.Steps[2].Bytes = maxBytes + 1 }, "plan: steps[2].bytes"},
		{func(p *Plan) { p.Steps = make([]Step, 300) }, "300 steps"},
	} {
		p := example()
		c.change(&p)
		for _, write := range []func() ([]byte, error){p.YAML, p.JSON} {
			if _, err := write(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		}
	}
}

// Whatever the bytes, a plan that is read is valid and can be written and read
// again, in both forms, with the same hash; an error names a line.
func FuzzParse(f *testing.F) {
	f.Add([]byte(exampleYAML))
	rng := rand.New(rand.NewPCG(7, 7))
	for range 5 {
		p := randomPlan(rng)
		y, _ := p.YAML()
		j, _ := p.JSON()
		f.Add(y)
		f.Add(j)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (Plan, error){ParseYAML, ParseJSON} {
			p, err := parse(data)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "plan: line ") || len(p.Steps) > 0 {
					t.Errorf("%v", err)
				}
				continue
			}
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			roundTrip(t, p)
		}
	})
}

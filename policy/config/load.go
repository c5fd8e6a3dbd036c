package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones must not depend on the machine
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// MaxSize bounds a configuration file, in bytes.
const MaxSize = 1 << 20

// maxDepth bounds the nesting of YAML, of which this format needs seven.
const maxDepth = 64

// Load reads a configuration file and the files of lead times that it names,
// which are relative to its directory. Errors are *Errors, unless the file
// cannot be read.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return LoadFrom(path, f, besides(filepath.Dir(path)))
}

// LoadFrom is Load for a configuration that may not be a file. The name is
// for messages; open opens the files that it names, by the name that is
// written there.
func LoadFrom(name string, r io.Reader, open Opener) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	file, p := parse(name, data)
	if err := p.err(); err != nil {
		return nil, err
	}
	readAllSamples(p, file, open)
	if err := p.err(); err != nil {
		return nil, err
	}
	return file, nil
}

// Parse reads a configuration. The name is for messages. It does no I/O:
// samples of empirical lead times are left unread. Errors are *Errors.
func Parse(name string, data []byte) (*File, error) {
	file, p := parse(name, data)
	if err := p.err(); err != nil {
		return nil, err
	}
	return file, nil
}

// Keys are the paths of all keys that a file may have, in the order in which
// the sections are documented; [] stands for the items of a list.
func Keys() []string { return root(new(File)).keys("") }

func root(f *File) schema {
	f.Location = time.UTC
	return object{
		fields: []field{
			{key: "timezone", schema: timezone(&f.Location)},
			{key: "service", schema: service(&f.Service)},
			{key: "fleet", required: "what requests are served with; fleet: {default: {lead_time: 45s}} is enough", schema: fleet(&f.Fleet)},
			{key: "policy", required: "what decides how many instances are warm; policy: {name: static, level: 1} is enough", schema: policySection{&f.Policy, &f.Fleet}},
			{key: "provisioner", schema: provisioner(&f.Provisioner, &f.Fleet)},
			{key: "api", schema: api(&f.API)},
			{key: "store", schema: store(&f.Store)},
			{key: "proxy", schema: proxy(&f.Proxy, &f.Fleet)},
		},
	}
}

func parse(name string, data []byte) (*File, *parser) {
	file := &File{Name: name}
	p := &parser{name: name, at: map[string]*yaml.Node{}}
	top := &yaml.Node{Line: 1}
	if problem, line := unreadable(data); problem != "" {
		top.Line = line
		p.fail(top, "", "%s", problem)
		return nil, p
	}
	var doc yaml.Node
	err := yaml.Load(data, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		syntax(p, data, err)
		return nil, p
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		p.fail(top, "", "is empty; docs/configuration.md has examples")
		return nil, p
	}
	p.plain(&doc)
	root(file).read(p, doc.Content[0], "")
	if len(p.errs) == 0 {
		if err := tryPolicy(file); err != nil {
			p.fail(p.at["policy"], "policy", "%v", err)
		}
		if err := file.checkFleet(); err != nil {
			p.fail(p.at["fleet"], "fleet", "%v", err)
		}
	}
	return file, p
}

// unreadable finds what the YAML reader would report without a line.
func unreadable(data []byte) (problem string, line int) {
	if len(data) > MaxSize {
		return fmt.Sprintf("is larger than %d bytes; this is no configuration", MaxSize), 1
	}
	line = 1
	for i, r := range string(data) {
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && !bytes.HasPrefix(data[i:], []byte("\uFFFD")):
			return "is not UTF-8 text", line
		case r < ' ' && r != '\t' && r != '\r' || r == 0x7f:
			return fmt.Sprintf("has a control character (%U)", r), line
		}
	}
	return "", line
}

// syntax reports why the file is not YAML, in the reader's words.
func syntax(p *parser, data []byte, err error) {
	var one *yaml.LoadError
	if !errors.As(err, &one) {
		p.fail(&yaml.Node{}, "", "is not YAML: %v", err)
		return
	}
	switch {
	case strings.Contains(one.Message, "no documents"):
		p.fail(&yaml.Node{}, "", "is empty; docs/configuration.md has examples")
		return
	case strings.Contains(one.Message, "found multiple"):
		p.fail(&yaml.Node{}, "", "has several documents (---); keep one")
		return
	}
	problem := one.Message
	if one.ContextMsg != "" {
		problem = fmt.Sprintf("%s: %s", one.ContextMsg, problem)
		if from := one.ContextMark.Line; from > 0 && from != one.Mark.Line {
			problem += fmt.Sprintf(" (it begins on line %d)", from)
		}
	}
	lines := bytes.Split(data, []byte("\n"))
	if i := one.Mark.Line - 1; i >= 0 && i < len(lines) && bytes.ContainsRune(lines[i], '\t') {
		problem += "; indent with spaces, not tabs"
	}
	p.fail(&yaml.Node{Line: one.Mark.Line}, "", "is not YAML: %s", problem)
}

func timezone(to **time.Location) schema {
	return scalar[*time.Location]{to, func(n *yaml.Node) (*time.Location, error) {
		l, err := time.LoadLocation(n.Value)
		if err != nil || n.Value == "" || n.Value == "Local" {
			return nil, errors.New("want an IANA time zone, such as Europe/Berlin or UTC")
		}
		return l, nil
	}}
}

// leastWaitPrice keeps what is divided by it finite, $ per second.
const leastWaitPrice = 1e-9

func service(to *Service) schema {
	targets := []string{"hit_rate", "wait_p99", "wait_price"}
	return object{
		fields: []field{
			{key: "hit_rate", schema: share(&to.HitRate)},
			{key: "wait_p99", schema: span(&to.WaitP99, time.Millisecond, MaxLeadTime)},
			{key: "wait_price", schema: number(&to.WaitPrice, leastWaitPrice, maxPrice, "$ per second of wait")},
			{key: "budget", schema: number(&to.Budget, leastPrice, maxBudget, "$/h")},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			var is []string
			for _, t := range targets {
				if given[t] != nil {
					is = append(is, t)
				}
			}
			switch len(is) {
			case 0:
				if given["budget"] != nil {
					return
				}
				p.fail(n, path, "has no target; give hit_rate, such as hit_rate: 0.99, or remove the section")
			case 1:
			default:
				p.fail(n, path, "has %d targets (%s); keep one", len(is), strings.Join(is, ", "))
			}
		},
	}
}

// readAllSamples reads the files of empirical lead times, each once.
func readAllSamples(p *parser, f *File, open Opener) {
	read := map[string][]int64{}
	prices := map[string]Prices{}
	load := func(l *LeadTime, path string) {
		if l.Law != Empirical {
			return
		}
		if samples, ok := read[l.File]; ok {
			l.Samples = samples
			return
		}
		samples, err := readFile(open, l.File, ReadSamples)
		if err != nil {
			p.fail(p.at[path], path, "%v", err)
		}
		read[l.File] = slices.Clip(samples)
		l.Samples = samples
	}
	var all func(k *Category, path string)
	all = func(k *Category, path string) {
		load(&k.LeadTime, join(path, "lead_time"))
		part := 0
		for i := range k.Stages {
			s := &k.Stages[i]
			load(&s.LeadTime, fmt.Sprintf("%s.stages[%d].lead_time", path, i))
			if s.Of == 0 && k.LeadTime.Law == Sum {
				k.LeadTime.Parts[part].Samples = s.LeadTime.Samples
				part++
			}
		}
		readPrices(p, k, join(path, "spot.prices"), open, prices)
		for i := range k.Tenants {
			all(&k.Tenants[i], fmt.Sprintf("%s.tenants[%d]", path, i))
		}
		for i := range k.Zones { // what they inherit has been read
			all(&k.Zones[i], fmt.Sprintf("%s.zones[%d]", path, i))
		}
	}
	if f.Fleet.Default != nil {
		all(f.Fleet.Default, "fleet.default")
	}
	for i := range f.Fleet.Categories {
		all(&f.Fleet.Categories[i], fmt.Sprintf("fleet.categories[%d]", i))
	}
}

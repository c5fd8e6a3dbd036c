package api

import (
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"unicode/utf8"
)

// A Delivery is what a claim brings for its instance.
type Delivery struct {
	Environment map[string]string
	Secrets     map[string]Secret // variables too, but of those that nobody may see
	Files       map[string][]byte // by path below the folder of the work, with slashes
}

// field is one of the request's that has something; empty if none has.
func (d *Delivery) field() string {
	switch {
	case len(d.Secrets) > 0:
		return "secrets"
	case len(d.Environment) > 0:
		return "environment"
	case len(d.Files) > 0:
		return "files"
	}
	return ""
}

// empty tells whether there is nothing to deliver.
func (d *Delivery) empty() bool { return d.field() == "" }

// A Secret is a string that is not printed by accident: fmt, log/slog and
// encoding/json write a placeholder in its place. string(s) is the secret.
type Secret string

const hidden = "(secret)"

// String implements fmt.Stringer.
func (Secret) String() string { return hidden }

// Format implements fmt.Formatter, for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler; Client sends the secret itself.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Bounds of a delivery.
const (
	maxVariables   = 256
	maxVariable    = 64 << 10 // bytes of a name and its value
	maxFiles       = 64
	maxFileContent = 1 << 20 // bytes of all
	maxPath        = 1024
)

// check says what about a delivery cannot be. It tells no value.
func (d *Delivery) check() *Problem {
	if n := len(d.Environment) + len(d.Secrets); n > maxVariables {
		return impossible("environment", "%d variables and secrets, at most %d are taken", n, maxVariables)
	}
	for name, value := range d.Environment {
		if p := checkVariable("environment", name, value); p != nil {
			return p
		}
	}
	for name, value := range d.Secrets {
		if p := checkVariable("secrets", name, string(value)); p != nil {
			return p
		}
		if _, twice := d.Environment[name]; twice {
			return impossible("secrets", "%.100q is in environment too", name)
		}
	}
	if len(d.Files) > maxFiles {
		return impossible("files", "%d files, at most %d are taken", len(d.Files), maxFiles)
	}
	size := 0
	for name, content := range d.Files {
		if size += len(content); size > maxFileContent {
			return impossible("files", "more than %d bytes in all", maxFileContent)
		}
		if !localPath(name) {
			return impossible("files", "%.100q is not a path below the folder of the work, such as data/input.csv", name)
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, both := d.Files[dir]; both {
				return impossible("files", "%.100q is below %.100q, which is a file too", name, dir)
			}
		}
	}
	return nil
}

func checkVariable(field, name, value string) *Problem {
	switch {
	case !isVariable(name):
		return impossible(field, "%.100q is not the name of a variable", name)
	case strings.HasPrefix(name, "SHADOWPOOL_"):
		return impossible(field, "%.100q: names that start with SHADOWPOOL_ are the server's", name)
	case len(name)+len(value) > maxVariable:
		return impossible(field, "%.100q has %d bytes, at most %d are taken", name, len(name)+len(value), maxVariable)
	case strings.ContainsRune(value, 0):
		return impossible(field, "%.100q has a zero byte", name)
	}
	return nil
}

// isVariable tells whether every system takes s as a variable's name.
func isVariable(s string) bool {
	for i, c := range []byte(s) {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return s != "" && len(s) <= 256
}

// localPath tells whether p stays below the folder that it starts from, on
// every system.
func localPath(p string) bool {
	return fs.ValidPath(p) && p != "." && path.Clean(p) == p && len(p) <= maxPath && utf8.ValidString(p) &&
		!strings.ContainsAny(p, "\\:\x00")
}

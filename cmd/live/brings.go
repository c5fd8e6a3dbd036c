package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"shadowpool/runtime/api"
)

// brings are what a claim has for its instance, as flags say it. Secrets come
// from files: other users of the machine can see flags.
type brings struct {
	environment, secrets, files []string
}

func (b *brings) flags(flags *pflag.FlagSet, q *api.ClaimRequest) {
	flags.StringVar(&q.Key, "key", "", "name of the claim: made again with it, the claim is joined")
	flags.StringToStringVar(&q.Labels, "label", nil, "NAME=VALUE to keep with the claim; may be repeated")
	flags.StringArrayVar(&b.environment, "env", nil, "NAME=VALUE, a variable for the instance; may be repeated")
	flags.StringArrayVar(&b.secrets, "secret-file", nil, "NAME=FILE, a variable that nobody may see; may be repeated")
	flags.StringArrayVar(&b.files, "file", nil, "PATH=FILE, a file for the instance, at PATH below its folder; may be repeated")
}

// add reads the files.
func (b *brings) add(q *api.ClaimRequest) error {
	for _, one := range b.environment {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return fmt.Errorf("--env %q is not NAME=VALUE", one)
		}
		put(&q.Environment, name, value)
	}
	for _, one := range b.secrets {
		name, content, err := named(one)
		if err != nil {
			return fmt.Errorf("--secret-file %w", err)
		}
		put(&q.Secrets, name, api.Secret(strings.TrimSuffix(string(content), "\n")))
	}
	for _, one := range b.files {
		path, content, err := named(one)
		if err != nil {
			return fmt.Errorf("--file %w", err)
		}
		put(&q.Files, path, content)
	}
	return nil
}

func put[T any](to *map[string]T, name string, value T) {
	if *to == nil {
		*to = make(map[string]T)
	}
	(*to)[name] = value
}

// named reads the file of NAME=FILE.
func named(pair string) (name string, content []byte, err error) {
	name, file, ok := strings.Cut(pair, "=")
	if !ok || name == "" {
		return "", nil, fmt.Errorf("%q is not NAME=FILE", pair)
	}
	content, err = os.ReadFile(file)
	return name, content, err
}

package main

import (
	"path/filepath"

	"shadowpool/policy/config"
)

// load reads a configuration. The paths in it, but for what instances are made
// of, are relative to its own folder.
func load(path string) (*config.File, error) {
	file, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	paths := []*string{
		&file.API.TokensFile, &file.API.ClientCA, &file.API.TLS.CertFile, &file.API.TLS.KeyFile,
		&file.Store.SQLite, &file.Store.Postgres.PasswordFile, &file.Provisioner.State,
	}
	if a := file.Provisioner.Agent; a != nil {
		paths = append(paths, &a.CA, &a.KeyFile)
	}
	if p := file.Proxy; p != nil {
		paths = append(paths, &p.Session.KeyFile, &p.TLS.CertFile, &p.TLS.KeyFile)
	}
	if r := file.Recording; r != nil {
		paths = append(paths, &r.Requests)
	}
	if t := file.Tournament; t != nil {
		paths = append(paths, &t.Evidence)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(filepath.Dir(path), *p)
		}
	}
	return file, nil
}

package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A certificate is read from its files again when they have changed: it expires
// long before the server is to be started again.
type certificate struct {
	chain, key string // PEM files
	log        *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	tried  [2]time.Time // when the files that were read last had been changed
}

// get is a tls.Config's GetCertificate. While the files are no certificate, as
// when one of them is written and the other not yet, the last one is good.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := [2]time.Time{modified(c.chain), modified(c.key)}
	if c.loaded != nil && changed == c.tried {
		return c.loaded, nil
	}
	c.tried = changed
	now, err := tls.LoadX509KeyPair(c.chain, c.key)
	switch {
	case err == nil:
		c.loaded = &now
	case c.loaded == nil:
		return nil, err
	default:
		c.log.Error("the certificate's files have changed, and cannot be read; the one of before is used", "error", err)
	}
	return c.loaded, nil
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

package agent

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
)

// A cache keeps the leading bytes of datasets on disk, within a budget: what
// was used least recently goes first. It lives no longer than its agent. A
// dataset that is there whole is a file under its name in the folder whole; one
// that is not is elsewhere, so that no one takes a part for the whole.
type cache struct {
	whole, parts string // folders
	budget       int64  // bytes

	mu      sync.Mutex
	entries map[string]*entry // by URL
	used    int64
	uses    int64 // counts; orders the entries by their latest use
}

// An entry is a dataset. Its fields are the cache's, under its lock.
type entry struct {
	name, url string
	file      string
	size      int64  // of the whole; -1 is unknown
	validator string // a strong ETag or a date, for If-Range; empty: none
	have      int64  // leading bytes that are there
	pins      int    // by those who read or write it
	latest    int64
	gone      bool // out of the cache: a new one may have its URL
}

// errBudget is a dataset for which there is no room.
var errBudget = errors.New("the disk budget is used up")

func newCache(dir string, budget int64) (*cache, error) {
	c := &cache{whole: filepath.Join(dir, "datasets"), parts: filepath.Join(dir, "parts"), budget: budget, entries: make(map[string]*entry)}
	for _, d := range []string{c.whole, c.parts} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// limit changes the budget; what is there stays until there is something new.
func (c *cache) limit(budget int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget = budget
}

// pin finds a dataset, or begins one, and keeps it until unpin.
func (c *cache) pin(name, url string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[url]
	if e == nil {
		e = &entry{name: name, url: url, size: -1}
		c.entries[url] = e
	}
	c.touch(e)
	e.pins++
	return e
}

// look pins a dataset if there is anything of it.
func (c *cache) look(url string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[url]
	if e == nil || e.have == 0 {
		return nil
	}
	c.touch(e)
	e.pins++
	return e
}

func (c *cache) touch(e *entry) {
	c.uses++
	e.latest = c.uses
}

func (c *cache) unpin(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.pins--
	if e.pins == 0 && (e.gone || e.have == 0 && e.size != 0) {
		c.drop(e)
	}
}

// drop forgets an entry that nobody uses, with its file.
func (c *cache) drop(e *entry) {
	if c.entries[e.url] == e {
		delete(c.entries, e.url)
	}
	c.used -= e.have
	e.have, e.gone = 0, true
	if e.file != "" {
		_ = os.Remove(e.file)
		e.file = ""
	}
}

// begin makes an entry empty again: its dataset is another one by now.
func (c *cache) begin(e *entry, size int64, validator string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used -= e.have
	e.have, e.size, e.validator = 0, size, validator
	if e.file != "" {
		// Whoever reads it goes on reading the old one.
		if err := os.Remove(e.file); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(c.parts, "*")
	if err != nil {
		return err
	}
	e.file = f.Name()
	return f.Close()
}

// room makes room for more bytes of an entry.
func (c *cache) room(e *entry, more int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.used+more > c.budget {
		var oldest *entry
		for _, o := range c.entries { // latest is unique
			if o != e && o.pins == 0 && o.have > 0 && (oldest == nil || o.latest < oldest.latest) {
				oldest = o
			}
		}
		if oldest == nil {
			return fmt.Errorf("%w: %d bytes of %d are left, %d more are wanted", errBudget, c.budget-c.used, c.budget, more)
		}
		c.drop(oldest)
	}
	return nil
}

// add enters bytes that were written at the end of an entry's file.
func (c *cache) add(e *entry, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.have += n
	c.used += n
}

// finish gives a dataset that is there whole its name.
func (c *cache) finish(e *entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.size < 0 {
		e.size = e.have
	}
	to := filepath.Join(c.whole, url.PathEscape(e.name))
	if e.have < e.size || e.file == to {
		return nil
	}
	if err := os.Rename(e.file, to); err != nil {
		return err
	}
	// Another URL's of the same name is out of sight now.
	for _, o := range c.entries {
		if o != e && o.file == to {
			o.file = ""
			c.drop(o)
		}
	}
	e.file = to
	return nil
}

// A part is what is there of a dataset at one time.
type part struct {
	file      string
	size      int64
	validator string
	have      int64
}

func (c *cache) part(e *entry) part {
	c.mu.Lock()
	defer c.mu.Unlock()
	return part{e.file, e.size, e.validator, e.have}
}

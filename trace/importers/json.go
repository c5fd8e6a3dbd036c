package importers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// items calls visit with every item of a JSON input, one at a time: those of
// the list under key of every object, those of every bare array, and objects
// without such a list, which are items themselves. Several values may follow
// each other, as pages of an API do. Errors name file and item.
func (in Input) items(key string, visit func(json.RawMessage) error) error {
	r, err := in.open()
	if err != nil {
		return err
	}
	w := walker{dec: json.NewDecoder(r), key: key, visit: visit}
	for values := 0; ; values++ {
		err := w.value()
		if errors.Is(err, io.EOF) && values > 0 {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: empty, want JSON", in.Name)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s: ends in the middle, after %d items", in.Name, w.seen)
		}
		if err != nil {
			return fmt.Errorf("%s: item %d: %w", in.Name, w.seen+1, err)
		}
	}
}

type walker struct {
	dec   *json.Decoder
	key   string
	visit func(json.RawMessage) error
	seen  int
}

// value reads one value of the input; io.EOF if there is none.
func (w *walker) value() error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		return w.array()
	case json.Delim('{'):
		return inside(w.object())
	}
	return fmt.Errorf("%v where an object or an array should be", token)
}

// object reads the rest of an object: a list, or an item.
func (w *walker) object() error {
	item := map[string]json.RawMessage{}
	list := false
	for w.dec.More() {
		name, err := w.dec.Token()
		if err != nil {
			return err
		}
		if name == w.key {
			if token, err := w.dec.Token(); err != nil {
				return err
			} else if token == nil {
				list = true // kubectl and others write null for an empty list
				continue
			} else if token != json.Delim('[') {
				return fmt.Errorf("%q is %v, want an array", w.key, token)
			}
			if err := w.array(); err != nil {
				return err
			}
			list = true
			continue
		}
		var value json.RawMessage
		if err := w.dec.Decode(&value); err != nil {
			return err
		}
		if s, ok := name.(string); ok {
			item[s] = value
		}
	}
	if _, err := w.dec.Token(); err != nil || list {
		return err
	}
	whole, err := json.Marshal(item)
	if err != nil {
		return err
	}
	return w.item(whole)
}

// array reads the rest of an array. Its elements are items, or lists again
// (jq --slurp of several pages).
func (w *walker) array() error {
	for w.dec.More() {
		var element json.RawMessage
		if err := w.dec.Decode(&element); err != nil {
			return inside(err)
		}
		var page map[string]json.RawMessage
		if json.Unmarshal(element, &page) == nil && page[w.key] != nil {
			var list []json.RawMessage
			if err := json.Unmarshal(page[w.key], &list); err != nil {
				return err
			}
			for _, item := range list {
				if err := w.item(item); err != nil {
					return err
				}
			}
			continue
		}
		if err := w.item(element); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return inside(err)
}

func (w *walker) item(raw json.RawMessage) error {
	if err := w.visit(raw); err != nil {
		return err
	}
	w.seen++
	return nil
}

// inside marks that an input which ends here ends too early.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

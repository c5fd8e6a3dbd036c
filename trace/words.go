package trace

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxString is the longest string that a trace keeps, in bytes; longer ones
// are a mapping mistake or an attack.
const maxString = 1 << 16

// A dictionary numbers the distinct strings of one column in the order of
// their first appearance; 0 is the empty string, unknown.
type dictionary[T uint16 | uint32] struct {
	column string
	ids    map[string]T
	words  []string

	lastWord string // rows repeat their neighbour's word more often than not
	lastID   T
}

func newDictionary[T uint16 | uint32](column string) *dictionary[T] {
	return &dictionary[T]{column: column, ids: map[string]T{"": 0}, words: []string{""}}
}

func (d *dictionary[T]) id(word string) (T, error) {
	if word == d.lastWord {
		return d.lastID, nil
	}
	id, ok := d.ids[word]
	if !ok {
		var err error
		if id, err = d.add(word); err != nil {
			return 0, err
		}
	}
	d.lastWord, d.lastID = d.words[id], id
	return id, nil
}

// idOf is id for bytes, which are copied only when they are a new word.
func (d *dictionary[T]) idOf(word []byte) (T, error) {
	if id, ok := d.ids[string(word)]; ok {
		return id, nil
	}
	return d.add(string(word))
}

func (d *dictionary[T]) add(word string) (T, error) {
	switch {
	case len(d.words) > int(^T(0)):
		return 0, fmt.Errorf("column %s has more than %d distinct values (map another column to it, or leave it out)", d.column, ^T(0))
	case len(word) > maxString:
		return 0, fmt.Errorf("column %s has a value of %d bytes, more than %d", d.column, len(word), maxString)
	case !utf8.ValidString(word):
		return 0, fmt.Errorf("column %s has a value that is not UTF-8: %.40q", d.column, word)
	}
	word = strings.Clone(word) // it may be part of a whole line or page
	id := T(len(d.words))
	d.words = append(d.words, word)
	d.ids[word] = id
	return id, nil
}

// words are the dictionaries of all string columns.
type words struct {
	category, tenant, image, dataset *dictionary[uint32]
	taskType, zone                   *dictionary[uint16]
}

func newWords() words {
	return words{
		category: newDictionary[uint32]("category"),
		taskType: newDictionary[uint16]("task_type"),
		zone:     newDictionary[uint16]("zone"),
		tenant:   newDictionary[uint32]("tenant"),
		image:    newDictionary[uint32]("image"),
		dataset:  newDictionary[uint32]("dataset"),
	}
}

type recordIDs struct {
	category, tenant, image, dataset uint32
	taskType, zone                   uint16
}

func (w *words) record(r *Record) (ids recordIDs, err error) {
	if ids.category, err = w.category.id(r.Category); err != nil {
		return ids, err
	}
	if ids.taskType, err = w.taskType.id(r.TaskType); err != nil {
		return ids, err
	}
	if ids.zone, err = w.zone.id(r.Zone); err != nil {
		return ids, err
	}
	if ids.tenant, err = w.tenant.id(r.Tenant); err != nil {
		return ids, err
	}
	if ids.image, err = w.image.id(r.Image); err != nil {
		return ids, err
	}
	ids.dataset, err = w.dataset.id(r.Dataset)
	return ids, err
}

func (w *words) strings() Strings {
	return Strings{
		Category: w.category.words,
		TaskType: w.taskType.words,
		Zone:     w.zone.words,
		Tenant:   w.tenant.words,
		Image:    w.image.words,
		Dataset:  w.dataset.words,
	}
}

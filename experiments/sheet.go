package experiments

import (
	"fmt"
	"io"
	"strings"
)

// A sheet is a table that is written as text, as Markdown, or on a page where it
// can be sorted.
type sheet struct {
	Caption string
	Head    []string
	Rows    [][]entry
	Fixed   bool // its order says something: it is not sorted
}

// An entry is a sheet's cell: its text, and what it is sorted by if that is a
// number.
type entry struct {
	Text   string
	Number *float64
	Class  string // of how it looks on a page
}

func words(text string) entry { return entry{Text: text} }

func figureOf(x float64, text string) entry { return entry{Text: text, Number: &x} }

// add adds a row.
func (s *sheet) add(fields ...entry) { s.Rows = append(s.Rows, fields) }

// Numeric says whether a column holds numbers, for its alignment.
func (s *sheet) Numeric(column int) bool {
	for _, row := range s.Rows {
		if row[column].Number != nil {
			return true
		}
	}
	return false
}

// writeText writes columns of at most 100 characters.
func (s *sheet) writeText(w io.Writer) error {
	var names []string
	var rows [][]string
	for _, row := range s.Rows {
		names = append(names, row[0].Text)
		var cells []string
		for _, f := range row[1:] {
			cells = append(cells, f.Text)
		}
		rows = append(rows, cells)
	}
	return writeColumns(w, s.Head[0], names, s.Head[1:], rows)
}

// writeMarkdown writes a table as pull requests show it.
func (s *sheet) writeMarkdown(w io.Writer) error {
	rule := make([]string, len(s.Head))
	for i := range rule {
		rule[i] = "---"
		if s.Numeric(i) {
			rule[i] = "---:"
		}
	}
	lines := [][]string{s.Head, rule}
	for _, row := range s.Rows {
		var cells []string
		for _, f := range row {
			cells = append(cells, strings.ReplaceAll(f.Text, "|", `\|`))
		}
		lines = append(lines, cells)
	}
	for _, cells := range lines {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

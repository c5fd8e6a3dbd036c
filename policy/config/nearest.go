package config

import "fmt"

// nearest is "; did you mean ...?" where one of the words is near to text,
// and empty otherwise.
func nearest(text string, words []string) string {
	best, distance := "", min(3, (len(text)+2)/2)
	for _, w := range words {
		if d := edits(text, w); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// edits is the Levenshtein distance of two words, in bytes; far apart for
// long ones, which nobody wrote by a slip.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

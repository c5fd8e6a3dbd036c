package main

import (
	"bytes"
	"fmt"
	"strings"
)

// lines are those of a text, without their ends.
func lines(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// withoutHead is a text without the comments and empty lines that it begins with.
func withoutHead(text []byte) []byte {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			break
		}
		text = rest
	}
	return text
}

// diffContext is how many lines that are alike stand around those that differ.
const diffContext = 3

// unifiedDiff is how a becomes b, in the unified format; empty if they are alike. It
// takes time and memory of the product of their lengths: it is for configurations.
func unifiedDiff(from, to string, a, b []string) string {
	// length[i][j] is that of the longest common subsequence of a[i:] and b[j:].
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	type step struct {
		mark byte
		text string
		i, j int // lines before it
	}
	var all []step
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, step{' ', a[i], i, j})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || length[i+1][j] >= length[i][j+1]):
			all = append(all, step{'-', a[i], i, j})
			i++
		default:
			all = append(all, step{'+', b[j], i, j})
			j++
		}
	}
	var out strings.Builder
	for at := 0; at < len(all); {
		if all[at].mark == ' ' {
			at++
			continue
		}
		// A hunk ends where twice the context is alike.
		first, last := max(at-diffContext, 0), at
		for next := at; next < len(all) && next <= last+2*diffContext; next++ {
			if all[next].mark != ' ' {
				last = next
			}
		}
		end := min(last+diffContext+1, len(all))
		var hunk strings.Builder
		olds, news := 0, 0
		for _, s := range all[first:end] {
			if s.mark != '+' {
				olds++
			}
			if s.mark != '-' {
				news++
			}
			fmt.Fprintf(&hunk, "%c%s\n", s.mark, s.text)
		}
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
		}
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n%s", all[first].i+1, olds, all[first].j+1, news, &hunk)
		at = end
	}
	return out.String()
}

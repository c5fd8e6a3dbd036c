package cluster

import (
	"os"
	"strings"
)

// blocks are the commands that a section of docs/cluster.md gives, so that the
// tests run what the reader will.
func (s *site) blocks(section string) []string {
	s.Helper()
	page, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		s.Fatal(err)
	}
	_, text, ok := strings.Cut(string(page), "\n## "+section+"\n")
	if !ok {
		s.Fatalf("no section %s", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var all []string
	for {
		_, after, ok := strings.Cut(text, "\n```sh\n")
		if !ok {
			return all
		}
		block, rest, _ := strings.Cut(after, "\n```\n")
		all, text = append(all, block), rest
	}
}

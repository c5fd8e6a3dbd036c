package cluster

import (
	"os"
	"strings"
	"testing"
)

// blocks are the commands that a section of docs/cluster.md gives, so that the
// tests run what the reader will: want of them, lest one is not run.
func (s *site) blocks(section string, want int) []string {
	s.Helper()
	page, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		s.Fatal(err)
	}
	_, text, ok := strings.Cut(string(page), "# "+section+"\n")
	if !ok {
		s.Fatalf("no section %s", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var all []string
	for {
		_, after, ok := strings.Cut(text, "\n```sh\n")
		if !ok {
			break
		}
		block, rest, _ := strings.Cut(after, "\n```\n")
		all, text = append(all, block), rest
	}
	if len(all) != want {
		s.Fatalf("section %s has %d blocks of commands, want %d", section, len(all), want)
	}
	return all
}

// TestClusterByHand runs what the page begins with, which takes no cluster.
func TestClusterByHand(t *testing.T) {
	s := newSite(t)
	s.sweepAlone(small)
	s.run(0, s.blocks("Sweeps on a cluster", 1)[0])
	s.sameAsAlone("results")
}

package learn

import (
	"encoding/json"
	"fmt"

	"shadowpool/policy/profile"
)

// snapshotVersion changes with every change of the form.
const snapshotVersion = 1

// snapshot is a learner as it is written.
type snapshot struct {
	Version   int               `json:"learned"`
	Names     []string          `json:"names"` // by number; empty: free
	Most      int               `json:"most"`  // beyond which they are swept
	Histories []categoryHistory `json:"histories"`
}

type categoryHistory struct {
	Category string           `json:"category"`
	History  *profile.History `json:"history"`
}

// Snapshot writes all that was learned. Equal learners write equal bytes.
func (l *Learner) Snapshot() (json.RawMessage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := snapshot{Version: snapshotVersion, Names: l.names.texts, Most: l.names.most}
	for _, h := range l.histories {
		s.Histories = append(s.Histories, categoryHistory{h.category, h.History})
	}
	return json.Marshal(s)
}

// Restore puts what a Snapshot has in the place of all that was learned; nothing
// at all is an empty one. After an error the learner is as before.
func (l *Learner) Restore(data json.RawMessage) error {
	s := snapshot{Version: snapshotVersion}
	if len(data) > 0 {
		s = snapshot{}
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("learn: this is no snapshot: %w", err)
		}
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("learn: the snapshot has version %d, this program reads version %d", s.Version, snapshotVersion)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := newNames()
	if len(s.Names) > 0 {
		n.texts, n.most = s.Names, max(s.Most, leastNames)
	}
	for i := len(n.texts) - 1; i > 0; i-- {
		text := n.texts[i]
		if text == "" {
			n.free = append(n.free, profile.ID(i))
			continue
		}
		if _, twice := n.ids[text]; twice {
			return fmt.Errorf("learn: the snapshot has a name twice: %.100q", text)
		}
		n.ids[text] = profile.ID(i)
	}
	categories, histories := make(map[string]int), []history(nil)
	for i, h := range s.Histories {
		if _, twice := categories[h.Category]; twice || !sound(h.History) || i >= mostCategories {
			return fmt.Errorf("learn: the snapshot has no good history of category %.100q", h.Category)
		}
		categories[h.Category] = i
		histories = append(histories, history{h.Category, h.History})
	}
	l.names, l.categories, l.histories = n, categories, histories
	return nil
}

// sound tells whether the parts of a history belong together.
func sound(h *profile.History) bool {
	return h != nil && h.Decay.HalfLife > 0 &&
		len(h.Types.Rows) == len(h.Types.Kinds.Rows) && len(h.Pairs.Rows) == len(h.Pairs.Kinds.Rows) &&
		len(h.Datasets.Rows) == len(h.Datasets.Names.Rows) &&
		len(h.Stages.Rows) == len(h.Stages.Names.Rows) && len(h.Stages.Times) == len(h.Stages.Keys.Rows)
}

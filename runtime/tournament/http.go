package tournament

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Patterns are what Handler serves.
var Patterns = []string{"GET /v1/tournament", "GET /v1/tournament/panel", "GET /v1/tournament/blocks"}

// Handler answers GET /v1/tournament with a Status, /v1/tournament/panel with a Panel,
// and /v1/tournament/blocks with the latest blocks, ?most=48 of them.
func (t *Tournament) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(Patterns[0], func(w http.ResponseWriter, _ *http.Request) { answer(w, t.Status()) })
	mux.HandleFunc(Patterns[1], func(w http.ResponseWriter, _ *http.Request) {
		s := t.Status()
		answer(w, s.Panel())
	})
	mux.HandleFunc(Patterns[2], func(w http.ResponseWriter, r *http.Request) {
		most := 48
		if text := r.FormValue("most"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				http.Error(w, "most is no number above 0", http.StatusUnprocessableEntity)
				return
			}
			most = n
		}
		answer(w, t.Blocks(most))
	})
	return mux
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // to a client that may be gone
}

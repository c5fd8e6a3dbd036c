package experiments

import (
	"encoding/json"
	"io"

	"shadowpool/sim"
)

// A Comparison is what Compare found, as its JSON holds it.
type Comparison struct {
	Trace   TraceInfo     `json:"trace"`
	Config  Setup         `json:"config"`
	Results []*sim.Result `json:"results"`
}

// WriteJSON writes a Comparison, a Frontier or a result. The same value gives
// the same bytes.
func WriteJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

package dashboard

import "context"

// A Panel shows figures of another part of the program, as a table. The page
// asks for it every 15 s while it is looked at:
//
//	handler := board.Handler(host, dashboard.PanelFunc(func(ctx context.Context) (dashboard.Table, error) {
//		return dashboard.Table{
//			Title:   "Tournament",
//			Note:    "what other policies would have done with the same requests",
//			Columns: []dashboard.Column{{Title: "policy"}, {Title: "hit rate", Number: true, Unit: "%"}},
//			Rows:    [][]any{{"adaptive", 99.1}, {"static:level=4", 97.3}},
//		}, nil
//	}))
type Panel interface {
	// Table must be fit for several goroutines at a time.
	Table(ctx context.Context) (Table, error)
}

// A PanelFunc is a Panel.
type PanelFunc func(ctx context.Context) (Table, error)

// Table implements Panel.
func (f PanelFunc) Table(ctx context.Context) (Table, error) { return f(ctx) }

// A Table is what a panel shows. Cells are strings, numbers or nil, which is
// unknown.
type Table struct {
	Title   string   `json:"title"`
	Note    string   `json:"note,omitempty"`
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// A Column of numbers is set to the right, with at most four digits, and its
// unit after each.
type Column struct {
	Title  string `json:"title"`
	Number bool   `json:"number,omitempty"`
	Unit   string `json:"unit,omitempty"`
}

package profile

// A Kind is a task type of a tenant.
type Kind struct{ TaskType, Tenant ID }

// An ExpectedKind is one that a share of the coming requests will be of.
type ExpectedKind struct {
	Kind  Kind
	Share float64
}

// Next is whose requests are expected next: the most likely task types and
// tenants, at most so many, the most likely first. One request more than there
// was counts as of an unknown kind, as in Mix.
func (h *History) Next(most int) []ExpectedKind {
	rows := h.Pairs.Kinds.Top(nil, most)
	next := make([]ExpectedKind, 0, len(rows))
	for _, row := range rows {
		r := &h.Pairs.Kinds.Rows[row]
		share := r.Certain() / (h.All.Requests + h.Decay.Weight)
		next = append(next, ExpectedKind{Kind{r.Key[0], r.Key[1]}, share})
	}
	return next
}

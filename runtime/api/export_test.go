package api

// Routes are the operations that are served, each as METHOD /path.
func Routes() []string {
	var all []string
	for _, r := range routes {
		all = append(all, r.method+" "+r.path)
	}
	return all
}

// Kinds are the types of all problems.
func Kinds() []string {
	var all []string
	for k := range kinds {
		all = append(all, prefix+string(k))
	}
	return all
}

// Description is the OpenAPI description.
var Description = openapi

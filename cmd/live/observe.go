package main

import (
	"net/http"
	"strings"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
)

// handler serves the API and the dashboard.
func handler(host *runtime.Host, board *dashboard.Board, opt api.Options) http.Handler {
	claims, page, shown := api.Handler(host, opt), dashboard.Page(), board.Handler(host)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/v1/dashboard/"):
			api.OwnName(shown).ServeHTTP(w, r)
		case path == "/" || strings.HasPrefix(path, "/dashboard/"):
			api.OwnName(page).ServeHTTP(w, r)
		default:
			claims.ServeHTTP(w, r)
		}
	})
}

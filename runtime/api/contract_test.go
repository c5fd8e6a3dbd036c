//go:build !race && !fuzz

package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"go.yaml.in/yaml/v4"

	"shadowpool/runtime/api"
)

// contract validates against the OpenAPI description.
var contract = sync.OnceValues(func() (validator.Validator, error) {
	document, err := libopenapi.NewDocument(api.Description)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

// The race detector and the fuzzer would take minutes to build the validator.
func init() { check = checked }

// checked holds every answer of a handler against the description, and every
// request that it did not refuse.
func checked(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	v, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent bytes.Buffer
		body := r.Body
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(body, &sent), body}
		a := &answered{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(a, r)
		if r.Context().Err() != nil || a.Header().Get("Content-Type") == "text/event-stream" {
			return
		}
		response := &http.Response{StatusCode: a.status, Header: a.Header(), Body: io.NopCloser(&a.body)}
		asked := r.Clone(r.Context())
		asked.URL.Scheme, asked.URL.Host = "http", "localhost:8080"
		asked.Body = io.NopCloser(&sent)
		said := a.body.String()
		if a.status >= 400 {
			var p api.Problem
			if err := json.Unmarshal([]byte(said), &p); err != nil || !slices.Contains(api.Kinds(), p.Type) || p.Status != a.status {
				t.Errorf("%s %s: %d %s is not a problem", r.Method, r.URL, a.status, said)
			}
			if p.Type == "urn:shadowpool:problem:not-found" || p.Type == "urn:shadowpool:problem:method-not-allowed" {
				return
			}
		} else if ok, errs := v.ValidateHttpRequestSync(asked); !ok {
			t.Errorf("%s %s was carried out, but it does not fit the description: %v %v", r.Method, r.URL, errs[0], errs[0].SchemaValidationErrors)
		}
		if a.status == http.StatusNoContent {
			return
		}
		if ok, errs := v.ValidateHttpResponse(asked, response); !ok {
			t.Errorf("%s %s: %d %s does not fit the description: %v %v", r.Method, r.URL, a.status, said, errs[0], errs[0].SchemaValidationErrors)
		}
	})
}

// answered keeps what a handler answers.
type answered struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

// TestDescription: the description is valid, it describes what is served and
// nothing else, and knows every kind of problem.
func TestDescription(t *testing.T) {
	v, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	if ok, errs := v.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("%v %v", e, e.SchemaValidationErrors)
		}
	}
	var d struct {
		Paths      map[string]map[string]any
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct{ Type struct{ Enum []string } }
				} `yaml:"Problem"`
			}
		}
	}
	if err := yaml.Unmarshal(api.Description, &d); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range d.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	served := api.Routes()
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described\n%q\nserved\n%q", described, served)
	}
	kinds, known := api.Kinds(), d.Components.Schemas.Problem.Properties.Type.Enum
	slices.Sort(kinds)
	slices.Sort(known)
	if !slices.Equal(kinds, known) {
		t.Errorf("kinds of problems\n%q\ndescribed\n%q", kinds, known)
	}
}

package tracing

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// A sink is what a collector takes for OTLP over HTTP.
type sink struct {
	t *testing.T

	mu      sync.Mutex
	spans   []*otlp.Span
	service map[string]string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		s.t.Errorf("%s %s of %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	if got := r.Header.Get("x-key"); got != "secret" {
		s.t.Errorf("the configured header is %q", got)
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			s.t.Error(err)
			return
		}
	}
	raw, err := io.ReadAll(body)
	var export collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &export)
	}
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range export.ResourceSpans {
		for _, a := range of.Resource.Attributes {
			s.service[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeSpans {
			s.spans = append(s.spans, scope.Spans...)
		}
	}
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

// late is a provisioner whose instances take a while.
type late struct{ gone chan struct{} }

func (l late) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	select {
	case <-time.After(200 * time.Millisecond):
		return runtime.Instance{Name: spec.Name, Gone: l.gone}, nil
	case <-ctx.Done():
		return runtime.Instance{}, ctx.Err()
	}
}

func (late) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}
func (late) Stop(context.Context, string) error     { return nil }
func (late) List(context.Context) ([]string, error) { return nil, nil }

// post asks for a claim over HTTP, in a trace or, without one, by itself.
func post(t *testing.T, url, body, parent string) {
	t.Helper()
	r, err := http.NewRequest("POST", url+"/v1/claims", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if parent != "" {
		r.Header.Set("traceparent", parent)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}

// TestClaim: a claim that waits, one that hits within a caller's trace, and one
// that is given up, as a collector sees them.
func TestClaim(t *testing.T) {
	to := &sink{t: t, service: map[string]string{}}
	server := httptest.NewServer(to)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	tracer, err := Open(t.Context(), "1.2", func(err error) { t.Error(err) })
	if err != nil || tracer == nil {
		t.Fatal(tracer, err)
	}
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "0"}}}, Provisioner: late{make(chan struct{})},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second, Reusable: true, MaxInstances: 1}}},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	live := httptest.NewServer(tracer.Handler(api.Handler(tracer.Host(host), api.Options{})))
	defer live.Close()

	post(t, live.URL, `{"category": "one", "tenant": "acme"}`, "")
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	post(t, live.URL, `{"category": "one", "deadline_s": 0.05}`, "00-"+trace+"-"+span+"-01")
	post(t, live.URL, `{"category": "one", "deadline_s": 0.05}`, "00-"+strings.Repeat("a", 32)+"-"+span+"-00") // its caller is not traced
	if _, err := http.Get(live.URL + "/v1/status"); err != nil {
		t.Fatal(err)
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	host.Hurry()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	if to.service["service.name"] != "shadowpool" || to.service["service.version"] != "1.2" || to.service["deployment.environment.name"] != "test" {
		t.Errorf("the service is %v", to.service)
	}
	traces := map[string]map[string]*otlp.Span{}
	for _, s := range to.spans {
		id := string(s.TraceId)
		if traces[id] == nil {
			traces[id] = map[string]*otlp.Span{}
		}
		traces[id][s.Name] = s
	}
	if len(traces) != 2 || len(to.spans) != 6 {
		t.Fatalf("%d spans in %d traces: %v", len(to.spans), len(traces), to.spans)
	}
	attribute := func(s *otlp.Span, key string) string {
		for _, a := range s.Attributes {
			if a.Key == key {
				if v := a.Value.GetStringValue(); v != "" {
					return v
				}
				return time.Duration(a.Value.GetIntValue()).String()
			}
		}
		return ""
	}
	for _, spans := range traces {
		whole := spans["POST /v1/claims"]
		for name, s := range spans {
			if name != whole.Name && string(s.ParentSpanId) != string(whole.SpanId) {
				t.Errorf("%s is not the request's child", name)
			}
			if s.EndTimeUnixNano < s.StartTimeUnixNano || s.StartTimeUnixNano < whole.StartTimeUnixNano || s.EndTimeUnixNano > whole.EndTimeUnixNano {
				t.Errorf("%s is not within the request", name)
			}
		}
		if whole.Kind != otlp.Span_SPAN_KIND_SERVER {
			t.Errorf("the request is a %s", whole.Kind)
		}
		wait := spans["wait in queue"]
		if len(spans) == 2 { // given up, in the caller's trace
			if hex(whole.TraceId) != trace || hex(whole.ParentSpanId) != span {
				t.Errorf("trace %x, parent %x", whole.TraceId, whole.ParentSpanId)
			}
			if whole.Status.GetCode() != otlp.Status_STATUS_CODE_ERROR || attribute(whole, "http.response.status_code") != "504ns" || wait.Status.GetCode() != otlp.Status_STATUS_CODE_ERROR {
				t.Errorf("given up: %v, %v", whole, wait)
			}
			continue
		}
		promotion, delivery := spans["promotion"], spans["delivery"]
		if waited := time.Duration(wait.EndTimeUnixNano - wait.StartTimeUnixNano); waited < 150*time.Millisecond {
			t.Errorf("it waited for %v", waited)
		}
		if promotion.StartTimeUnixNano != wait.EndTimeUnixNano || delivery.StartTimeUnixNano != promotion.EndTimeUnixNano {
			t.Errorf("one does not follow the other: %v", spans)
		}
		if attribute(whole, "shadowpool.outcome") != "miss" || attribute(whole, "shadowpool.claim") == "" || attribute(whole, "http.response.status_code") != "201ns" || attribute(wait, "shadowpool.tenant") != "acme" {
			t.Errorf("served: %v, %v", whole, wait)
		}
	}
}

func hex(b []byte) string { return fmt.Sprintf("%x", b) }

// TestOff: nothing is traced unless it is asked for.
func TestOff(t *testing.T) {
	for _, environment := range []map[string]string{
		{},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		for k, v := range environment {
			t.Setenv(k, v)
		}
		tracer, err := Open(t.Context(), "", nil)
		if tracer != nil || err != nil {
			t.Errorf("%v: %v, %v", environment, tracer, err)
		}
	}
	var none *Tracer
	next := http.NotFoundHandler()
	w := httptest.NewRecorder()
	none.Handler(next).ServeHTTP(w, httptest.NewRequest("POST", "/v1/claims", nil))
	if w.Code != http.StatusNotFound || none.Close(t.Context()) != nil {
		t.Error("a tracer that is not there does something")
	}
}

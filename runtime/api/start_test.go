package api_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// check holds what a handler answers against the description, where that is
// built in.
var check = func(_ testing.TB, next http.Handler) http.Handler { return next }

// A service is a server over instances that are only names.
type service struct {
	*api.Client
	url    string
	host   *runtime.Host
	log    *buffer
	memory *memory
	// handler is what serves, without a connection.
	handler http.Handler
}

// A buffer may be written to by several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a server of a category "x" that holds a level of instances.
func start(t testing.TB, level string, opt api.Options, change ...func(*runtime.Options)) *service {
	t.Helper()
	s := &service{log: &buffer{}, memory: newMemory(0)}
	opt.Logger = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opt.Events = api.NewEvents()
	options := runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: level}}},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "x", MaxInstances: 2000}}}, Provisioner: s.memory,
		Logger: opt.Logger, Version: "test", Observers: []runtime.Observer{opt.Events},
	}
	for _, f := range change {
		f(&options)
	}
	var err error
	if s.host, err = runtime.New(options); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.host.Run(ctx) }()
	s.handler = api.Handler(s.host, opt)
	server := httptest.NewServer(check(t, s.handler))
	t.Cleanup(func() {
		stop()
		s.host.Hurry()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	s.url = server.URL
	if s.Client, err = api.NewClient(s.url, api.ClientOptions{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// waiting counts the claims that wait in the host.
func (s *service) waiting(t *testing.T) int {
	t.Helper()
	status, err := s.host.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(status.Pools[0].Waiting)
}

func contains(s, part string) bool { return strings.Contains(s, part) }

// get asks for a path, with a token if it is not empty.
func (s *service) ask(t *testing.T, method, path, token, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// metric is the value of a series without labels.
func (s *service) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := s.host.Metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

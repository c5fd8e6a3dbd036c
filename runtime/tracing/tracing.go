// Package tracing makes OpenTelemetry traces of claims: spans of the request,
// of its wait in the queue, of its promotion and of the delivery of the answer,
// sent by OTLP over HTTP. The standard OTEL_* variables configure all of it, and
// without them there is none.
package tracing

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"shadowpool/runtime"
)

// A Tracer makes spans. A nil one makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open makes the tracer that the environment asks for, with
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; nil if it
// asks for none. fault is told of what goes wrong later.
func Open(ctx context.Context, version string, fault func(error)) (*Tracer, error) {
	if !wanted() {
		return nil, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(fault))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	// Later ones prevail, so what the environment says of the service does.
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "shadowpool"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(of))
	return &Tracer{p, p.Tracer("shadowpool/runtime", trace.WithInstrumentationVersion(version))}, nil
}

// wanted tells whether the environment asks for traces.
func wanted() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Close sends what has not been sent yet, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// A request is one for a claim, on its way through its handlers.
type request struct {
	delivery trace.Span // from its promotion on; nil before
}

type requestKey struct{}

// Handler makes spans of the requests for claims that next handles, as children
// of what their traceparent names.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/claims" {
			next.ServeHTTP(w, r)
			return
		}
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, "POST /v1/claims", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("http.route", "/v1/claims"), attribute.String("url.path", r.URL.Path)))
		defer span.End()
		if !span.IsRecording() {
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		var q request
		seen := &answer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(context.WithValue(ctx, requestKey{}, &q)))
		if q.delivery != nil {
			q.delivery.End()
		}
		span.SetAttributes(attribute.Int("http.response.status_code", seen.status))
		if seen.status >= 500 {
			span.SetStatus(codes.Error, http.StatusText(seen.status))
		}
	})
}

// An answer is a response whose status is seen.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// A Host is one whose claims are traced.
type Host struct {
	*runtime.Host
	tracer *Tracer
}

// Host lets the claims of a host be traced.
func (t *Tracer) Host(h *runtime.Host) Host { return Host{h, t} }

// ClaimAs is runtime.Host's, with spans of the wait in the queue, and of the
// promotion: from the controller's decision, by way of whatever makes it
// durable, until the claim is here.
func (h Host) ClaimAs(ctx context.Context, r runtime.Request, named func(claim string)) (runtime.Grant, error) {
	if h.tracer == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return h.Host.ClaimAs(ctx, r, named)
	}
	start := time.Now()
	g, err := h.Host.ClaimAs(ctx, r, named)
	end := time.Now()
	asked := trace.WithAttributes(attribute.String("shadowpool.category", r.Category), attribute.String("shadowpool.tenant", r.Tenant))
	_, wait := h.tracer.tracer.Start(ctx, "wait in queue", trace.WithTimestamp(start), asked)
	if err != nil {
		wait.SetStatus(codes.Error, err.Error())
		wait.End(trace.WithTimestamp(end))
		return g, err
	}
	promoted := start.Add(min(g.Wait, end.Sub(start)))
	wait.End(trace.WithTimestamp(promoted))
	granted := []attribute.KeyValue{
		attribute.String("shadowpool.category", g.Category), attribute.String("shadowpool.claim", g.Claim), attribute.String("shadowpool.instance", g.Instance.Name),
		attribute.String("shadowpool.outcome", g.Outcome.String()), attribute.String("shadowpool.reason", g.Reason.String()),
	}
	trace.SpanFromContext(ctx).SetAttributes(granted...)
	_, promotion := h.tracer.tracer.Start(ctx, "promotion", trace.WithTimestamp(promoted), trace.WithAttributes(granted...))
	promotion.End(trace.WithTimestamp(end))
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		_, q.delivery = h.tracer.tracer.Start(ctx, "delivery", trace.WithTimestamp(end))
	}
	return g, nil
}

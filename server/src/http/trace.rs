//! What the span of a request says of it beside what its log lines say, where spans are exported.

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::{propagation::TextMapPropagator as _, trace::Status};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Puts a request's span below its caller's, if the caller names one (W3C Trace Context), and names it by its route.
/// The span has not been entered yet.
pub fn begin(span: &Span, headers: &HeaderMap, method: &Method, route: &str) {
    // Fails where nothing is exported.
    if span.set_parent(TraceContextPropagator::new().extract(&HeaderExtractor(headers))).is_err() {
        return;
    }
    span.record("otel.name", format!("{method} {route}"));
    span.record("otel.kind", "server");
    span.set_attribute("http.request.method", method.to_string());
    span.set_attribute("http.route", route.to_owned());
}

/// How it was answered.
pub fn end(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        // Without the cause, which is in the log.
        span.set_status(Status::error(""));
    }
}

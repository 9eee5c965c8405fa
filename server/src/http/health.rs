//! For operators: `/health` (the process lives), `/health/ready` (it can serve), `/metrics`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa::ToSchema;

/// What readiness is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    pub database: bool,
    /// All migrations of this binary are applied.
    pub migrations: bool,
    /// Seconds the oldest due delivery has waited; 0 when none waits.
    pub queue_lag_seconds: f64,
    /// Deliveries that are due now.
    pub due: i64,
    /// API versions of platforms that end within 60 days.
    pub warnings: Vec<String>,
}

/// Looks at the database and the queue.
#[async_trait]
pub trait Probe: Send + Sync {
    async fn readiness(&self) -> Readiness;
}

/// Live
///
/// The process answers.
#[utoipa::path(get, path = "/health", tag = "operation", security(()), responses((status = 200, description = "`ok`", body = String)))]
pub async fn live() -> &'static str {
    "ok"
}

/// Ready
///
/// Database, migrations and queue lag.
#[utoipa::path(get, path = "/health/ready", tag = "operation", security(()), responses(
    (status = 200, description = "Ready", body = Readiness),
    (status = 503, description = "Not ready", body = Readiness),
))]
pub async fn ready(State(probe): State<Arc<dyn Probe>>) -> Response {
    let readiness = probe.readiness().await;
    let status =
        if readiness.database && readiness.migrations { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// Metrics
///
/// Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()), responses((status = 200, description = "Metrics", body = String)))]
pub async fn metrics(State(handle): State<PrometheusHandle>) -> String {
    handle.render()
}

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
    /// API versions of platforms that end within 60 days; background jobs that were given up.
    pub warnings: Vec<String>,
}

/// Looks at the database and the queue.
#[async_trait]
pub trait Probe: Send + Sync {
    async fn readiness(&self) -> Readiness;

    /// Brings those gauges up to date that are read from the database.
    async fn measure(&self);
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
/// Prometheus' text format. Queues are counted at the moment of asking: `deliveries_queue_lag_seconds`, `deliveries_due`,
/// `jobs_waiting`, `jobs_running`, `jobs_dead` (given up, waiting for a person), `jobs_lag_seconds`; `database_up` is 0 when
/// they could not be. `accounts_token_refreshes_total` counts what platforms answered when asked to renew access, by `platform`
/// and `outcome`: `renewed`, `refused` (a person must reconnect), `failed` (it is tried again).
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()), responses((status = 200, description = "Metrics", body = String)))]
pub async fn metrics(State(probe): State<Arc<dyn Probe>>, State(handle): State<PrometheusHandle>) -> String {
    probe.measure().await;
    handle.render()
}

//! Logs, metrics and traces.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

use crate::{
    config::{LogFormat, LogSettings, TracesSettings},
    jobs,
};

/// Seconds; from an answer out of memory to a slow platform.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// The spans that are exported, by crate and name. Only what they declare leaves the process: no log line, and no span of a
/// library, which may carry addresses or the payload of a job.
const EXPORTED: [(&str, &str); 4] =
    [("server", "request"), ("server", "delivery"), ("server", "job"), ("platforms", "platform_call")];

/// How long a collector may hold up the end of the process.
const FLUSHING: Duration = Duration::from_secs(3);

/// Logs to standard error, so that commands may print results; and traces to a collector, where the settings name one.
pub fn start(log: &LogSettings, traces: &TracesSettings) -> Result<Traces, ExporterBuildError> {
    let filter = EnvFilter::new(format!("{},{}", log.level, jobs::LOG_DIRECTIVES));
    let lines = match log.format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
        LogFormat::Pretty => fmt::layer().compact().with_writer(std::io::stderr).boxed(),
    };
    let provider = traces.address().map(|address| provider(traces, address)).transpose()?;
    let spans = provider.as_ref().map(spans);
    if let Err(error) = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).try_init() {
        tracing::debug!(%error, "logging was set up before");
    }
    Ok(Traces(provider))
}

/// What is left to send when the process ends.
#[must_use]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends what has not been sent yet, and ends the exporter.
    pub async fn flush(self) {
        let Some(provider) = self.0 else { return };
        // It waits for a thread of its own.
        match tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSHING)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the exporter of traces ended badly"),
        }
    }
}

fn provider(settings: &TracesSettings, address: String) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter =
        SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(address).build()?;
    let resource = Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.ratio))))
        .with_resource(resource)
        .build())
}

fn spans<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("arctiv"))
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_exported).with_max_level_hint(LevelFilter::INFO))
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let of = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span() && *metadata.level() <= Level::INFO && EXPORTED.contains(&(of, metadata.name()))
}

/// Collects metrics in this process; the handle renders them.
pub fn metrics() -> Result<PrometheusHandle, BuildError> {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS)?.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("metrics were set up before");
    }
    Ok(handle)
}

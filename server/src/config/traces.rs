//! `[traces]`: where spans of requests, deliveries, platform calls and jobs go, as OTLP over HTTP.

use serde::Deserialize;
use url::Url;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesSettings {
    /// The collector's address; spans go to `/v1/traces` below it. None: there are no traces.
    pub endpoint: Option<Url>,
    /// What the program is called there.
    pub service_name: String,
    /// The share of traces that is kept, 0 to 1, where the caller has not decided that already.
    pub ratio: f64,
}

impl Default for TracesSettings {
    fn default() -> Self {
        Self { endpoint: None, service_name: "arctiv".to_owned(), ratio: 1.0 }
    }
}

impl TracesSettings {
    /// Where spans are sent to, if anywhere.
    pub fn address(&self) -> Option<String> {
        self.endpoint.as_ref().map(|base| format!("{}/v1/traces", base.as_str().trim_end_matches('/')))
    }
}

impl Section for TracesSettings {
    const NAME: &'static str = "traces";
    fn validate(&self, faults: &mut Faults) {
        if let Some(endpoint) = &self.endpoint {
            let plain = endpoint.username().is_empty() && endpoint.password().is_none() && endpoint.query().is_none();
            if !matches!(endpoint.scheme(), "http" | "https") || !plain {
                faults.add(
                    "traces.endpoint",
                    "must be an http:// or https:// address with nothing secret in it; OTEL_EXPORTER_OTLP_HEADERS takes that",
                );
            }
        }
        if self.service_name.trim().is_empty() {
            faults.add("traces.service_name", "must not be empty");
        }
        if !(0.0..=1.0).contains(&self.ratio) {
            faults.add("traces.ratio", "must be between 0 and 1");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://localhost:4318", "http://localhost:4318/v1/traces")]
    #[case("https://otel.example.com/team/", "https://otel.example.com/team/v1/traces")]
    fn spans_go_below_the_endpoint(#[case] endpoint: Url, #[case] address: &str) {
        let settings = TracesSettings { endpoint: Some(endpoint), ..TracesSettings::default() };
        assert_eq!(settings.address().as_deref(), Some(address));
        assert_eq!(TracesSettings::default().address(), None);
    }
}

//! `[log]`: what is logged, and in which form.

use serde::Deserialize;

use super::{Faults, Section};

/// For machines or for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Pretty,
    Json,
}

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    /// A `tracing` filter, such as `info` or `info,server=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, level: "info".to_owned() }
    }
}

impl Section for LogSettings {
    const NAME: &'static str = "log";
    fn validate(&self, faults: &mut Faults) {
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.level) {
            faults.add("log.level", error);
        }
    }
}

//! `[webhooks]`: how workspaces' own addresses are told what happens.

use chrono::Duration;
use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Pauses after failed attempts, seconds; one fewer than attempts. Up to a tenth is added at random.
    pub pauses_seconds: Vec<u64>,
    /// How long an address may take to answer, seconds.
    pub timeout_seconds: u64,
    /// With nothing but failures for so long a webhook is switched off, hours.
    pub off_after_hours: u32,
    /// Lets calls go to private and loopback addresses, over plain http as well.
    pub allow_private_networks: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            // As the Standard Webhooks specification advises: ten attempts in a little over three days.
            pauses_seconds: vec![5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
            timeout_seconds: 15,
            off_after_hours: 120,
            allow_private_networks: false,
        }
    }
}

impl WebhookSettings {
    pub fn pauses(&self) -> Vec<Duration> {
        self.pauses_seconds.iter().map(|s| Duration::seconds(i64::try_from(*s).unwrap_or(i64::MAX / 1000))).collect()
    }

    pub fn timeout(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.timeout_seconds)
    }

    pub fn off_after(&self) -> Duration {
        Duration::hours(i64::from(self.off_after_hours))
    }
}

impl Section for WebhookSettings {
    const NAME: &'static str = "webhooks";
    fn validate(&self, faults: &mut Faults) {
        if self.pauses_seconds.len() > 20 || self.pauses_seconds.iter().any(|pause| !(1..=604_800).contains(pause)) {
            faults.add("webhooks.pauses_seconds", "holds at most 20 pauses of 1 second to 7 days");
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            faults.add("webhooks.timeout_seconds", "must be between 1 and 60");
        }
        if !(1..=720).contains(&self.off_after_hours) {
            faults.add("webhooks.off_after_hours", "must be between 1 and 720");
        }
    }
}

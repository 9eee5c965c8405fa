//! `[publishing]`: how deliveries are worked off.

use chrono::Duration;
use domain::deliveries::{MissedPolicy, RetryPolicy, WatchPolicy};
use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishingSettings {
    /// Deliveries at once in this process.
    pub concurrency: usize,
    /// Deliveries at once per platform, so that a slow one does not use up all.
    pub per_platform: usize,
    /// Deliveries at once per account.
    pub per_account: usize,
    /// How long a worker may stay silent before its deliveries are somebody else's, seconds.
    pub lease_seconds: u64,
    /// How often a worker looks by itself, should a notice be lost, seconds.
    pub poll_seconds: u64,
    /// Pauses after failed attempts, seconds; one fewer than attempts.
    pub pauses_seconds: Vec<u64>,
    /// Share by which a pause is moved up or down.
    pub jitter: f64,
    /// How long a delivery waits for quotas in all, hours.
    pub max_wait_hours: u32,
    /// A scheduled post found later than this after its time, because Arctiv was not running, is held for a person; until
    /// then it goes out late. Minutes; 0 holds all that is late, 600,000 nothing.
    pub missed_after_minutes: u32,
    /// Between two deliveries to one account that go out late, or are started over together, seconds.
    pub spacing_seconds: u32,
    /// How soon a platform is asked again about a post that waits for its creator; the longer it waits, the rarer. Seconds.
    pub watch_seconds: u32,
    /// How long such a post is watched before a person is asked to look, hours.
    pub watch_hours: u32,
    /// Development builds only: the step at which a worker dies, for tests (`claimed`, `staged`, `committing`,
    /// `committed`, `finished`).
    pub crash_at: Option<String>,
    /// Development builds only: the step at which a worker falls asleep once (SIGSTOP), for tests; the same words.
    pub stall_at: Option<String>,
}

impl Default for PublishingSettings {
    fn default() -> Self {
        Self {
            concurrency: 96,
            per_platform: 48,
            per_account: 1,
            lease_seconds: 60,
            poll_seconds: 5,
            pauses_seconds: vec![10, 60, 300, 1800],
            jitter: 0.2,
            max_wait_hours: 24,
            missed_after_minutes: 60,
            spacing_seconds: 30,
            watch_seconds: 60,
            watch_hours: 168,
            crash_at: None,
            stall_at: None,
        }
    }
}

impl PublishingSettings {
    pub fn policy(&self) -> RetryPolicy {
        RetryPolicy {
            pauses: self
                .pauses_seconds
                .iter()
                .map(|s| Duration::seconds(i64::try_from(*s).unwrap_or(i64::MAX / 1000)))
                .collect(),
            jitter: self.jitter,
            max_wait: Duration::hours(i64::from(self.max_wait_hours)),
        }
    }

    pub fn missed(&self) -> MissedPolicy {
        MissedPolicy {
            after: Duration::minutes(i64::from(self.missed_after_minutes)),
            spacing: Duration::seconds(i64::from(self.spacing_seconds)),
        }
    }

    pub fn watch(&self) -> WatchPolicy {
        WatchPolicy {
            first: Duration::seconds(i64::from(self.watch_seconds)),
            patience: Duration::hours(i64::from(self.watch_hours)),
        }
    }
}

impl Section for PublishingSettings {
    const NAME: &'static str = "publishing";
    fn validate(&self, faults: &mut Faults) {
        for (key, value) in [
            ("publishing.concurrency", self.concurrency),
            ("publishing.per_platform", self.per_platform),
            ("publishing.per_account", self.per_account),
        ] {
            if !(1..=10_000).contains(&value) {
                faults.add(key, "must be between 1 and 10,000");
            }
        }
        if !(2..=3600).contains(&self.lease_seconds) {
            faults.add("publishing.lease_seconds", "must be between 2 and 3,600");
        }
        if !(1..=300).contains(&self.poll_seconds) {
            faults.add("publishing.poll_seconds", "must be between 1 and 300");
        }
        if self.pauses_seconds.len() > 20 || self.pauses_seconds.iter().any(|pause| *pause > 86_400) {
            faults.add("publishing.pauses_seconds", "holds at most 20 pauses of at most a day");
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            faults.add("publishing.jitter", "must be between 0 and 1");
        }
        if !(1..=720).contains(&self.max_wait_hours) {
            faults.add("publishing.max_wait_hours", "must be between 1 and 720");
        }
        if self.missed_after_minutes > 600_000 {
            faults.add("publishing.missed_after_minutes", "must be between 0 and 600,000");
        }
        if !(1..=86_400).contains(&self.spacing_seconds) {
            faults.add("publishing.spacing_seconds", "must be between 1 and 86,400");
        }
        if !(1..=86_400).contains(&self.watch_seconds) {
            faults.add("publishing.watch_seconds", "must be between 1 and 86,400");
        }
        if !(1..=720).contains(&self.watch_hours) {
            faults.add("publishing.watch_hours", "must be between 1 and 720");
        }
    }
}

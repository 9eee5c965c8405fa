//! The simulated world: who exists, what was granted, what was posted. One lock guards all of it; a handler holds it for
//! some microseconds and never across an await.

mod accounts;
mod faults;
mod journal;
mod limits;
mod media;
mod oauth;
mod posts;
mod snapshot;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};

pub(crate) use self::{
    accounts::{Account, Accounts, Kind},
    faults::{Fault, FaultKind, Faults, Operation},
    journal::{Entry, Journal, keep},
    limits::{Limits, Meter},
    media::{MediaItem, MediaState, MediaStore},
    oauth::{Challenge, Code, Consent, Ended, Grant, Oauth, Standing, Token, TokenKind},
    posts::{Attachment, Link, Post, Posts, fingerprint},
};
use crate::{config::Config, networks};

/// Stands in every token and code that the sandbox makes. A test that greps a database dump, a log or an answer for it
/// finds any of them that leaked.
pub const SECRET_MARK: &str = "SBXTOK";

/// Everything that the sandbox remembers.
pub(crate) struct World {
    pub(crate) config: Arc<Config>,
    pub(crate) accounts: Accounts,
    pub(crate) oauth: Oauth,
    pub(crate) posts: Posts,
    pub(crate) media: MediaStore,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    /// How far the sandbox's clock is ahead of the real one.
    pub(crate) ahead: TimeDelta,
    serial: u64,
    /// Counts changes, so that the snapshot is written only when there is something new.
    revision: u64,
}

/// What can be switched while the sandbox runs.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Settings {
    pub(crate) enforce_limits: bool,
    pub(crate) reject_duplicates: bool,
}

impl World {
    /// A fresh world with its seeded accounts.
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let settings = Settings { enforce_limits: config.enforce_limits, reject_duplicates: config.reject_duplicates };
        Self {
            accounts: Accounts::seeded(),
            oauth: Oauth::default(),
            posts: Posts::default(),
            media: MediaStore::new(config.media_budget),
            faults: Faults::default(),
            journal: Journal::new(config.journal, config.journal_length),
            limits: Limits::default(),
            settings,
            ahead: TimeDelta::zero(),
            serial: 0,
            revision: 0,
            config,
        }
    }

    /// Forgets everything, including accounts made by control calls and changed settings.
    pub(crate) fn reset(&mut self) {
        let revision = self.revision;
        *self = Self::new(Arc::clone(&self.config));
        self.revision = revision + 1;
    }

    /// The sandbox's own time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    /// A number that this world has not handed out before.
    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// An id as X and LinkedIn make them: time in the high bits, so that newer is larger.
    pub(crate) fn snowflake(&mut self) -> u64 {
        const EPOCH_MS: i64 = 1_288_834_974_657;
        let ms = u64::try_from(self.now().timestamp_millis() - EPOCH_MS).unwrap_or_default();
        (ms << 22) | (self.serial() & 0x3F_FFFF)
    }

    pub(crate) fn changed(&mut self) {
        self.revision += 1;
    }

    /// Counts a call against a window. Over the limit is only ever so while limits are enforced.
    pub(crate) fn meter(&mut self, key: String, limit: u64, window_secs: i64) -> Meter {
        let now = self.now();
        let mut meter = self.limits.hit(key, limit, window_secs, now);
        meter.exceeded &= self.settings.enforce_limits;
        meter
    }
}

/// A secret that cannot be guessed, with the mark that tests grep for.
pub(crate) fn secret(prefix: &str, length: usize) -> String {
    format!("{prefix}{SECRET_MARK}{}", random(length))
}

/// Letters and digits from the system's generator.
pub(crate) fn random(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Name of a registered network, as it stands in paths. A value of this type is always in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Slug(pub(crate) &'static str);

impl<'de> serde::Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        networks::find(&name).map(networks::Network::slug).ok_or_else(|| {
            serde::de::Error::custom(format!("no platform is called {name:?}; there are {}", networks::names()))
        })
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// A map whose keys live on one network.
pub(crate) type ByPlatform<T> = HashMap<(Slug, String), T>;

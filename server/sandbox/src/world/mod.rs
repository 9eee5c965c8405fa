//! The simulated world: who exists, what was granted, what was posted. One lock guards all of it; a handler holds it for
//! some microseconds and never across an await.

mod accounts;
mod faults;
mod journal;
mod limits;
mod media;
mod oauth;
mod pieces;
mod posts;
mod snapshot;
mod stages;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};

pub(crate) use self::{
    accounts::{Account, Accounts, Kind},
    faults::{Fault, FaultKind, Faults, Operation},
    journal::{Entry, Journal, keep},
    limits::{Limits, Meter},
    media::{MediaItem, MediaState, MediaStore},
    oauth::{Challenge, Code, Consent, Ended, Grant, Oauth, Standing, Token, TokenKind},
    pieces::{Pieces, Whole},
    posts::{Attachment, Comment, Link, Post, Posts, fingerprint},
    stages::{Failure, Stage, StageState, Stages},
};
use crate::{config::Config, networks, push::Outbox};

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
    pub(crate) stages: Stages,
    /// Media to be fetched once the lock is free.
    pub(crate) errands: Vec<Errand>,
    /// What a fault does to the processing that the request at hand begins.
    pub(crate) twist: Twist,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    /// Messages sent to applications.
    pub(crate) outbox: Outbox,
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    /// How far the sandbox's clock is ahead of the real one.
    pub(crate) ahead: TimeDelta,
    serial: u64,
    /// Counts changes, so that the snapshot is written only when there is something new.
    revision: u64,
}

/// What can be switched while the sandbox runs.
#[derive(Clone, Debug, serde::Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Settings {
    pub(crate) enforce_limits: bool,
    pub(crate) reject_duplicates: bool,
    /// How long networks work on films and containers.
    pub(crate) processing_ms: u64,
    /// May media be fetched from this machine and from private networks?
    pub(crate) local_media: bool,
    /// Beginnings of the addresses that TikTok takes media from. Empty: any address on this machine.
    pub(crate) verified_prefixes: Vec<String>,
    /// Has TikTok audited the applications?
    pub(crate) audited: bool,
    /// Day by which API versions are judged; `None`: today.
    pub(crate) versions_as_of: Option<NaiveDate>,
    /// Where applications take messages, without the network's name behind it. `None`: nothing is sent.
    pub(crate) webhooks: Option<String>,
}

impl Settings {
    fn new(config: &Config) -> Self {
        Self {
            enforce_limits: config.enforce_limits,
            reject_duplicates: config.reject_duplicates,
            processing_ms: config.processing_ms,
            local_media: config.local_media,
            verified_prefixes: config.verified_prefixes.clone(),
            audited: config.audited,
            versions_as_of: config.versions_as_of.pinned(),
            webhooks: config.webhooks.as_ref().map(ToString::to_string),
        }
    }
}

/// What a fault does to the processing of an upload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Twist {
    pub(crate) late_ms: u64,
    pub(crate) fails: bool,
}

/// Media that a network fetches after it has answered.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) platform: Slug,
    /// The publication that waits for them.
    pub(crate) stage: String,
    pub(crate) addresses: Vec<String>,
    /// Bytes that each may have.
    pub(crate) most: u64,
    pub(crate) twist: Twist,
}

impl World {
    /// A fresh world with its seeded accounts.
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let settings = Settings::new(&config);
        Self {
            accounts: Accounts::seeded(),
            oauth: Oauth::default(),
            posts: Posts::default(),
            media: MediaStore::new(config.media_budget),
            stages: Stages::default(),
            errands: Vec::new(),
            twist: Twist::default(),
            faults: Faults::default(),
            journal: Journal::new(config.journal, config.journal_length),
            outbox: Outbox::default(),
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

    /// The day by which API versions are judged.
    pub(crate) fn version_day(&self) -> NaiveDate {
        self.settings.versions_as_of.unwrap_or_else(|| self.now().date_naive())
    }

    /// When work that begins now will be done.
    pub(crate) fn done_at(&self) -> DateTime<Utc> {
        let ms = self.settings.processing_ms.saturating_add(self.twist.late_ms);
        self.now() + TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 1_000_000))
    }

    /// The state of an upload that a network begins to work on. `good`: will it be able to use it?
    pub(crate) fn begin_work(&self, good: bool) -> MediaState {
        let until = self.done_at();
        if good && !self.twist.fails { MediaState::Processing(until) } else { MediaState::Doomed(until) }
    }

    /// Sends a network to fetch media for a publication.
    pub(crate) fn send_for(&mut self, platform: Slug, stage: &str, addresses: Vec<String>, most: u64) {
        let stage = stage.to_owned();
        self.errands.push(Errand { platform, stage, addresses, most, twist: self.twist });
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

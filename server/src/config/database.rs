//! `[database]`: an own PostgreSQL, or none and the embedded one is started.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// The login that owns the schema (`arctiv_owner`, or one that may create roles). None: embedded.
    pub url: Option<SecretString>,
    /// The login of role `arctiv_app`; needed where `url` may not create roles.
    pub app_url: Option<SecretString>,
    /// The login of role `arctiv_worker`; as `app_url`.
    pub worker_url: Option<SecretString>,
    /// A login that may bypass row-level security, such as the superuser's; for `arctiv backup` and `arctiv restore`
    /// where `url` may not.
    pub admin_url: Option<SecretString>,
    /// Where PostgreSQL's programs are, when not in a usual place.
    pub postgres_bin: Option<PathBuf>,
    /// Connections for requests.
    pub pool: u32,
    /// Connections for background work.
    pub worker_pool: u32,
    /// How long a request waits for a connection, seconds.
    pub acquire_seconds: u64,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            app_url: None,
            worker_url: None,
            admin_url: None,
            postgres_bin: None,
            pool: 16,
            worker_pool: 12,
            acquire_seconds: 5,
        }
    }
}

impl Section for DatabaseSettings {
    const NAME: &'static str = "database";
    fn validate(&self, faults: &mut Faults) {
        let urls = [
            ("url", &self.url),
            ("app_url", &self.app_url),
            ("worker_url", &self.worker_url),
            ("admin_url", &self.admin_url),
        ];
        for (key, url) in urls {
            let sound = url.as_ref().is_none_or(|url| {
                url::Url::parse(url.expose_secret()).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"))
            });
            if !sound {
                faults.add(&format!("database.{key}"), "must be a postgres:// address");
            }
        }
        if self.app_url.is_some() != self.worker_url.is_some() {
            faults.add("database.app_url", "database.app_url and database.worker_url are set together or not at all");
        }
        if !(1..=500).contains(&self.pool) {
            faults.add("database.pool", "must be between 1 and 500");
        }
        if !(4..=500).contains(&self.worker_pool) {
            faults.add("database.worker_pool", "must be between 4 and 500");
        }
        if !(1..=60).contains(&self.acquire_seconds) {
            faults.add("database.acquire_seconds", "must be between 1 and 60");
        }
    }
}

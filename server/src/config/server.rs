//! `[server]`: where it listens, what it is called from outside, where it keeps its files.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Faults, Section};

/// Whether missing keys are made up or stop the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    #[default]
    Development,
    Production,
}

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    pub environment: Environment,
    /// Address and port.
    pub listen: SocketAddr,
    /// The site's address as browsers and platforms see it, without a path. `http://<listen>` when left out.
    pub public_url: Option<Url>,
    /// The embedded database, pictures and development keys live here.
    pub data_dir: PathBuf,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where letters about security go: `mailto:…` or `https://…`, shown at `/.well-known/security.txt`. By custom
    /// `security@` the site's host when left out.
    pub security_contact: Option<Url>,
    /// Publishes from this process too; `false` when `arctiv worker` runs elsewhere.
    pub worker: bool,
    /// How long a stop may take, seconds.
    pub shutdown_seconds: u64,
    /// The largest request body other than uploads, bytes.
    pub body_limit: usize,
    /// The longest a request may take, seconds; live events excepted.
    pub request_timeout_seconds: u64,
    /// Where the built site lies, when it is not inside the binary (development).
    pub site_root: Option<PathBuf>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            environment: Environment::Development,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            data_dir: PathBuf::from("data"),
            trusted_proxies: Vec::new(),
            security_contact: None,
            worker: true,
            shutdown_seconds: 20,
            body_limit: 1024 * 1024,
            request_timeout_seconds: 30,
            site_root: None,
        }
    }
}

impl ServerSettings {
    /// The site's origin, without a trailing slash.
    pub fn origin(&self) -> String {
        match &self.public_url {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whom to tell about a hole.
    pub fn security_contact(&self) -> String {
        let host = || {
            let url = self.public_url.as_ref().and_then(Url::host_str).map(str::to_owned);
            url.unwrap_or_else(|| self.listen.ip().to_string())
        };
        self.security_contact.as_ref().map_or_else(|| format!("mailto:security@{}", host()), Url::to_string)
    }

    /// Whether cookies are for HTTPS only.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    pub(super) fn require_for_production(&self, faults: &mut Faults) {
        if !self.is_https() {
            faults
                .add("server.public_url (ARCTIV_PUBLIC_URL)", "in production this must be the site's https:// address");
        }
    }
}

impl Section for ServerSettings {
    const NAME: &'static str = "server";
    fn validate(&self, faults: &mut Faults) {
        if let Some(url) = &self.public_url {
            if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
                faults.add("server.public_url", "must be an http:// or https:// address");
            } else if url.path() != "/" || url.query().is_some() {
                faults.add("server.public_url", "must have no path: Arctiv serves a whole origin");
            }
        }
        if self.security_contact.as_ref().is_some_and(|url| !matches!(url.scheme(), "mailto" | "https" | "tel")) {
            faults.add("server.security_contact", "must begin with mailto: or https://");
        }
        if !(1..=300).contains(&self.shutdown_seconds) {
            faults.add("server.shutdown_seconds", "must be between 1 and 300");
        }
        if !(1..=600).contains(&self.request_timeout_seconds) {
            faults.add("server.request_timeout_seconds", "must be between 1 and 600");
        }
        if !(1024..=64 * 1024 * 1024).contains(&self.body_limit) {
            faults.add("server.body_limit", "must be between 1 KiB and 64 MiB");
        }
    }
}

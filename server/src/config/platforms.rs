//! `[platforms]`: the apps registered at each platform. Without a client id a platform cannot be connected.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Platform;
use platforms::{Login, VideoTransfer};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformsSettings {
    /// All platforms are played by the sandbox at this address, with its demo credentials.
    pub sandbox_url: Option<Url>,
    /// Calls to private and loopback addresses; only for a sandbox or a proxy of one's own.
    pub allow_private_networks: bool,
    /// `[platforms.apps.facebook]` and so on.
    pub apps: BTreeMap<Platform, PlatformSection>,
}

/// One platform's app.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformSection {
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    /// In place of the platform's real hosts.
    pub base_url: Option<Url>,
    /// The server the app is registered at, where the platform is many (Mastodon); its best known one if left out.
    pub instance: Option<Url>,
    /// In place of the version this release was written for.
    pub api_version: Option<String>,
    /// The last day that version answers, where this release does not know it or the platform has moved it: `2027-05-20`.
    pub api_version_ends_on: Option<NaiveDate>,
    /// Instagram: the login the app is registered for, `own` (the default) or `facebook`.
    pub login: Option<Login>,
    /// TikTok: how videos get there, `upload` (the default) or `pull`, for which this Arctiv's address must be verified
    /// at TikTok.
    pub video_transfer: Option<VideoTransfer>,
}

impl Section for PlatformsSettings {
    const NAME: &'static str = "platforms";
    fn validate(&self, faults: &mut Faults) {
        for (platform, app) in &self.apps {
            if app.client_id.is_some() != app.client_secret.is_some() {
                faults.add(&format!("platforms.apps.{platform}"), "client_id and client_secret are set together");
            }
            if app.instance.is_some() && !platforms::has_instances(*platform) {
                faults.add(&format!("platforms.apps.{platform}.instance"), "this platform is one service");
            }
            if app.login == Some(Login::Facebook) && *platform != Platform::Instagram {
                faults
                    .add(&format!("platforms.apps.{platform}.login"), "only instagram has another login than its own");
            }
        }
    }
}

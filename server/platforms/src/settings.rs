//! What an operator sets per platform. Everything but client id, secret and redirect address has a default, and every
//! address can be pointed elsewhere: at the sandbox, which serves each platform's real paths under `/<platform>`.

use chrono::NaiveDate;
use domain::Platform;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{adapter::ApiVersion, oauth::ScopeUse};

/// The settings of one platform.
#[derive(Debug, Clone)]
pub struct PlatformSettings {
    /// Which one.
    pub platform: Platform,
    /// The app's id at the platform.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: SecretString,
    /// Our callback, exactly as registered with the app.
    pub redirect_uri: Url,
    /// Where the platform is.
    pub base_urls: BaseUrls,
    /// Instead of the version this program was built for.
    pub api_version: Option<String>,
    /// The last day it answers, instead of what the calendar says: for a version the calendar does not know, or whose
    /// end the platform has moved.
    pub api_version_ends_on: Option<NaiveDate>,
    /// Instead of the scopes usually asked for.
    pub scopes: Option<Vec<String>>,
    /// Which login the app is registered for, where the platform has several (Instagram).
    pub login: Login,
    /// How videos reach the platform, where there are several ways (TikTok).
    pub video_transfer: VideoTransfer,
}

/// Instagram's two ways to connect an account (platforms.md 2). Elsewhere it means nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// The platform's own: no Facebook Page needed.
    #[default]
    Own,
    /// Facebook Login, through the Page an account is linked to.
    Facebook,
}

/// How a video reaches TikTok (platforms.md 5). Elsewhere it means nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoTransfer {
    /// In pieces, from us. What became of the last piece can always be asked.
    #[default]
    Upload,
    /// TikTok fetches it from our address, which must be verified there. The fetching is asked for by the very call
    /// that publishes, so an answer lost is an outcome only a person can tell.
    Pull,
}

/// A platform's hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    /// What a browser visits: consent pages and published posts; with some platforms, token endpoints too.
    pub web: Url,
    /// What programs call.
    pub api: Url,
    /// Where codes become tokens, if that is a host of its own (Instagram Login).
    pub token: Url,
}

/// One platform's settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// There is no adapter for it (yet).
    #[error("Arctiv cannot connect to {0} yet")]
    Unsupported(Platform),
    /// It has no other login than its own.
    #[error("{0} has no other login than its own")]
    NoSuchLogin(Platform),
    /// It is one server, and no other can be named.
    #[error("{0} is one service: there is no instance to choose")]
    NoInstances(Platform),
    /// Settings for it were given twice.
    #[error("{0} is configured twice")]
    Twice(Platform),
    /// A base URL with a query, or not http(s).
    #[error("the {what} of {platform} must be an http or https address without query")]
    BadUrl {
        /// Whose.
        platform: Platform,
        /// Which of them.
        what: &'static str,
    },
    /// Client id or secret is empty.
    #[error("the {what} of {platform} is empty")]
    Empty {
        /// Whose.
        platform: Platform,
        /// Which of them.
        what: &'static str,
    },
    /// An API version that would break paths or headers.
    #[error("`{version}` is no API version of {platform}")]
    BadVersion {
        /// Whose.
        platform: Platform,
        /// As it was given.
        version: String,
    },
}

/// What a platform is by default; one constant per adapter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults {
    pub web: &'static str,
    pub api: &'static str,
    /// Where codes become tokens, if not at `api`.
    pub token: Option<&'static str>,
    /// The other login, where there is one.
    pub through_facebook: Option<&'static ThroughFacebook>,
    /// Whether the platform is many servers of which an operator names one, where the app is registered (Mastodon).
    pub instances: bool,
    /// The version called unless a setting says otherwise; one of `versions`.
    pub version: &'static str,
    /// The calendar, oldest first.
    pub versions: &'static [KnownVersion],
    pub scopes: &'static [&'static str],
    /// Asked for in the sandbox beyond `scopes`.
    pub sandbox_scopes: &'static [&'static str],
    /// What each of them is for.
    pub scope_uses: &'static [ScopeUse],
}

/// What differs when accounts are connected through Facebook Login.
#[derive(Debug)]
pub(crate) struct ThroughFacebook {
    pub web: &'static str,
    pub api: &'static str,
    pub scopes: &'static [&'static str],
}

/// An entry of the API version calendar (platforms.md 0.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownVersion {
    pub version: &'static str,
    /// Year, month, day.
    pub ends_on: Option<(i32, u32, u32)>,
}

impl KnownVersion {
    pub fn to_api_version(self) -> ApiVersion {
        ApiVersion {
            version: self.version.to_owned(),
            ends_on: self.ends_on.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)),
            known: true,
        }
    }
}

impl PlatformSettings {
    /// Settings for the real platform. [`SettingsError::Unsupported`] if there is no adapter.
    pub fn new(
        platform: Platform,
        client_id: impl Into<String>,
        client_secret: SecretString,
        redirect_uri: Url,
    ) -> Result<Self, SettingsError> {
        let defaults = crate::registry::defaults(platform).ok_or(SettingsError::Unsupported(platform))?;
        let url = |text: &str, what| text.parse().map_err(|_| SettingsError::BadUrl { platform, what });
        let token = defaults.token.unwrap_or(defaults.api);
        Ok(Self {
            platform,
            client_id: client_id.into(),
            client_secret,
            redirect_uri,
            base_urls: BaseUrls {
                web: url(defaults.web, "web address")?,
                api: url(defaults.api, "API address")?,
                token: url(token, "token address")?,
            },
            api_version: None,
            api_version_ends_on: None,
            scopes: None,
            login: Login::default(),
            video_transfer: VideoTransfer::default(),
        })
    }

    /// The same for an app registered for this login, at its hosts. Before [`in_sandbox`](Self::in_sandbox), if at all.
    ///
    /// # Errors
    /// [`SettingsError::NoSuchLogin`] where there is no choice.
    pub fn with_login(mut self, login: Login) -> Result<Self, SettingsError> {
        let other = crate::registry::defaults(self.platform).and_then(|defaults| defaults.through_facebook);
        match (login, other) {
            (Login::Own, _) => {}
            (Login::Facebook, None) => return Err(SettingsError::NoSuchLogin(self.platform)),
            (Login::Facebook, Some(other)) => {
                let platform = self.platform;
                let url = |text: &str, what| text.parse().map_err(|_| SettingsError::BadUrl { platform, what });
                let api: Url = url(other.api, "API address")?;
                self.base_urls = BaseUrls { web: url(other.web, "web address")?, token: api.clone(), api };
            }
        }
        self.login = login;
        Ok(self)
    }

    /// The same for an app registered at this server of a platform that is many. Before
    /// [`in_sandbox`](Self::in_sandbox), if at all.
    ///
    /// # Errors
    /// [`SettingsError::NoInstances`] where there is one service only.
    pub fn at_instance(mut self, instance: &Url) -> Result<Self, SettingsError> {
        if !crate::registry::has_instances(self.platform) {
            return Err(SettingsError::NoInstances(self.platform));
        }
        self.base_urls = BaseUrls { web: instance.clone(), api: instance.clone(), token: instance.clone() };
        Ok(self)
    }

    /// The same, pointed at a sandbox at `address` (`http://127.0.0.1:8090`). The HTTP client must be allowed to call
    /// private networks.
    #[must_use]
    pub fn in_sandbox(mut self, address: &Url) -> Self {
        let base = crate::http::endpoint(address, &[self.platform.as_str()]);
        self.base_urls = BaseUrls { web: base.clone(), api: base.clone(), token: base };
        if let Some(defaults) = crate::registry::defaults(self.platform) {
            let mut scopes = self.scopes(defaults);
            if self.scopes.is_none() {
                scopes.extend(defaults.sandbox_scopes.iter().map(|scope| (*scope).to_owned()));
            }
            self.scopes = Some(scopes);
        }
        self
    }

    /// The version to call, looked up in the calendar.
    pub(crate) fn api_version(&self, defaults: &Defaults) -> ApiVersion {
        let wanted = self.api_version.as_deref().unwrap_or(defaults.version);
        let found = defaults.versions.iter().find(|known| known.version == wanted).copied().map_or_else(
            || ApiVersion { version: wanted.to_owned(), ends_on: None, known: false },
            KnownVersion::to_api_version,
        );
        ApiVersion { ends_on: self.api_version_ends_on.or(found.ends_on), ..found }
    }

    pub(crate) fn scopes(&self, defaults: &Defaults) -> Vec<String> {
        let usual = match (self.login, defaults.through_facebook) {
            (Login::Facebook, Some(other)) => other.scopes,
            _ => defaults.scopes,
        };
        self.scopes.clone().unwrap_or_else(|| usual.iter().map(|scope| (*scope).to_owned()).collect())
    }

    pub(crate) fn validate(&self) -> Result<(), SettingsError> {
        let platform = self.platform;
        if self.client_id.trim().is_empty() {
            return Err(SettingsError::Empty { platform, what: "client id" });
        }
        if self.client_secret.expose_secret().trim().is_empty() {
            return Err(SettingsError::Empty { platform, what: "client secret" });
        }
        let addresses = [
            (&self.base_urls.web, "web address"),
            (&self.base_urls.api, "API address"),
            (&self.base_urls.token, "token address"),
            (&self.redirect_uri, "redirect address"),
        ];
        for (url, what) in addresses {
            let fit = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
            if !fit || url.host().is_none() {
                return Err(SettingsError::BadUrl { platform, what });
            }
        }
        match &self.api_version {
            Some(version)
                if version.is_empty()
                    || version.len() > 16
                    || !version.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '.') =>
            {
                Err(SettingsError::BadVersion { platform, version: version.clone() })
            }
            _ => Ok(()),
        }
    }
}

//! What a sandbox is told at its start: who may ask for tokens, how long things live, how strict it is.

use std::path::PathBuf;

use chrono::NaiveDate;
use url::{Host, Url};

/// Client id of the demo application, known to every network.
pub const DEMO_CLIENT_ID: &str = "arctiv-sandbox";
/// Client secret of the demo application.
pub const DEMO_CLIENT_SECRET: &str = "arctiv-sandbox-secret";
/// The same application as an approved partner: LinkedIn gives this one refresh tokens (platforms.md 4).
pub const PARTNER_CLIENT_ID: &str = "arctiv-sandbox-partner";
/// Client secret of the partner application.
pub const PARTNER_CLIENT_SECRET: &str = "arctiv-sandbox-partner-secret";

/// Everything that can be set from outside.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// Address that handed-out URLs begin with. `None`: what the caller wrote in `Host`.
    pub public_url: Option<Url>,
    /// Registered applications.
    pub clients: Vec<Client>,
    /// Token and code lives; see [`Lives`].
    pub lives: Lives,
    /// Are the networks' call limits enforced? Their headers are sent either way.
    pub enforce_limits: bool,
    /// Is a post that repeats an earlier one refused, as the networks do?
    pub reject_duplicates: bool,
    /// How much of each request the journal keeps.
    pub journal: JournalDetail,
    /// Requests that the journal remembers; older ones are forgotten.
    pub journal_length: usize,
    /// Bytes of uploaded media kept for the showcase. Older media keep their facts and lose their pixels.
    pub media_budget: usize,
    /// How long, in milliseconds, networks work on films and containers before they can be used.
    pub processing_ms: u64,
    /// May the networks fetch media from this machine and from private networks? The real ones cannot.
    pub local_media: bool,
    /// How long, in seconds, a network tries to fetch one medium.
    pub pull_seconds: u64,
    /// Beginnings of the addresses that are verified for TikTok to take media from. Empty: any on this machine.
    pub verified_prefixes: Vec<String>,
    /// Has TikTok audited the applications? Others may only post what nobody but the creator sees.
    pub audited: bool,
    /// The day by which API versions are judged. Pinned by default, so that a checkout does not rot: the real
    /// networks retire a version about a year after its release.
    pub versions_as_of: VersionDay,
    /// Where applications take the networks' messages: `<this>/<network>`, and `<this>/<network>/data-deletion`.
    /// `None`: nothing is sent.
    pub webhooks: Option<Url>,
    /// Where the state is kept over a restart. `None`: in memory only.
    pub state_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            clients: vec![
                Client::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET),
                Client { partner: true, ..Client::new(PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET) },
            ],
            lives: Lives::default(),
            enforce_limits: true,
            reject_duplicates: true,
            journal: JournalDetail::Full,
            journal_length: 20_000,
            media_budget: 256 << 20,
            processing_ms: 2_000,
            local_media: true,
            pull_seconds: 10,
            verified_prefixes: Vec::new(),
            audited: true,
            versions_as_of: VersionDay::default(),
            webhooks: None,
            state_file: None,
        }
    }
}

impl Config {
    /// Settings for load: no call limits, requests journalled as bare lines, few pixels kept, films ready at once.
    #[must_use]
    pub fn fast(mut self) -> Self {
        self.enforce_limits = false;
        self.journal = JournalDetail::Lines;
        self.media_budget = 32 << 20;
        self.processing_ms = 0;
        self
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }
}

/// An application registered with all networks.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// Name on the consent page.
    pub name: String,
    /// Redirect URIs must begin with one of these. Empty: any http(s) address on this machine.
    pub redirect_prefixes: Vec<String>,
    /// Approved partner: LinkedIn gives refresh tokens to these only.
    pub partner: bool,
}

impl Client {
    /// An ordinary application, for which any redirect URI on this machine is registered.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            name: "Arctiv".to_owned(),
            redirect_prefixes: Vec::new(),
            partner: false,
        }
    }

    /// May the browser be sent to this address? The exchange must then name the very same one.
    pub(crate) fn allows_redirect(&self, uri: &str) -> bool {
        let Ok(url) = Url::parse(uri) else { return false };
        if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
            return false;
        }
        if self.redirect_prefixes.is_empty() {
            return on_this_machine(&url);
        }
        self.redirect_prefixes.iter().any(|prefix| uri.starts_with(prefix.as_str()))
    }
}

/// Does the address lead to a loopback interface?
pub(crate) fn on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Lives in seconds, as the networks state them (platforms.md 0 to 5).
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// How long a person may look at a consent page.
    pub consent: i64,
    /// Facebook's authorization code.
    pub facebook_code: i64,
    /// Facebook's short-lived user token.
    pub facebook_short: i64,
    /// Facebook's long-lived user token.
    pub facebook_long: i64,
    /// X's authorization code.
    pub twitter_code: i64,
    /// X's access token.
    pub twitter_access: i64,
    /// X's refresh token.
    pub twitter_refresh: i64,
    /// LinkedIn's authorization code.
    pub linkedin_code: i64,
    /// LinkedIn's access token.
    pub linkedin_access: i64,
    /// LinkedIn's refresh token, partners only; refreshing does not extend it.
    pub linkedin_refresh: i64,
    /// Instagram's authorization code.
    pub instagram_code: i64,
    /// Instagram's short-lived token.
    pub instagram_short: i64,
    /// Instagram's long-lived token.
    pub instagram_long: i64,
    /// Instagram's containers.
    pub instagram_container: i64,
    /// TikTok's authorization code.
    pub tiktok_code: i64,
    /// TikTok's access token.
    pub tiktok_access: i64,
    /// TikTok's refresh token.
    pub tiktok_refresh: i64,
    /// TikTok's upload address.
    pub tiktok_upload: i64,
    /// Uploaded media that no post has used.
    pub media: i64,
}

impl Default for Lives {
    fn default() -> Self {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        Self {
            consent: 30 * MINUTE,
            facebook_code: 10 * MINUTE,
            facebook_short: 90 * MINUTE,
            facebook_long: 5_183_944,
            twitter_code: 30,
            twitter_access: 2 * HOUR,
            twitter_refresh: 182 * DAY,
            linkedin_code: 30 * MINUTE,
            linkedin_access: 60 * DAY,
            linkedin_refresh: 365 * DAY,
            instagram_code: HOUR,
            instagram_short: HOUR,
            instagram_long: 5_183_944,
            instagram_container: DAY,
            tiktok_code: 10 * MINUTE,
            tiktok_access: 2 * HOUR,
            tiktok_refresh: 180 * DAY,
            tiktok_upload: HOUR,
            media: DAY,
        }
    }
}

/// How much of each request is kept for `GET /control/requests`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalDetail {
    /// Headers, query and body, secrets masked.
    #[default]
    Full,
    /// Platform, method, path, status and time.
    Lines,
    /// Nothing.
    Off,
}

/// The day by which API versions count as current, retired or not yet made.
#[derive(Clone, Copy, Debug)]
pub enum VersionDay {
    /// Always this day.
    Pinned(NaiveDate),
    /// The sandbox's own clock.
    Today,
}

impl Default for VersionDay {
    fn default() -> Self {
        Self::Pinned(NaiveDate::from_ymd_opt(2026, 11, 20).unwrap_or_default())
    }
}

impl VersionDay {
    pub(crate) fn pinned(self) -> Option<NaiveDate> {
        match self {
            Self::Pinned(day) => Some(day),
            Self::Today => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_this_machine_unless_registered() {
        let demo = Client::new("a", "b");
        for good in
            ["http://localhost:3000/cb", "https://127.0.0.1/cb", "http://[::1]:8080/cb", "http://app.localhost/x"]
        {
            assert!(demo.allows_redirect(good), "{good}");
        }
        for bad in [
            "https://example.com/cb",
            "http://localhost.example.com/",
            "ftp://localhost/",
            "/cb",
            "http://localhost/#x",
        ] {
            assert!(!demo.allows_redirect(bad), "{bad}");
        }
        let own = Client { redirect_prefixes: vec!["https://arctiv.example/api/".into()], ..demo };
        assert!(own.allows_redirect("https://arctiv.example/api/oauth/x/callback"));
        assert!(!own.allows_redirect("https://arctiv.example/other"));
        assert!(!own.allows_redirect("http://localhost/cb"));
    }
}

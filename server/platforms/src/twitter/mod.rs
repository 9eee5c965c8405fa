//! X, API v2 with OAuth 2.0 and PKCE (platforms.md 3).
//!
//! Tokens live two hours and rotate: a refresh token works once, and using it twice may cost the whole connection.
//! Reading is billed, so nothing here reads without need: access is probed by the refresh that is due anyway.

mod dialect;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Platform, deliveries::ErrorClass, platform::x::PREMIUM_TEXT_MAX};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    adapter::{
        Account, AccountKind, Adapter, ApiVersion, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, Probe,
        Profile, PublishRequest, Published, RevokeReach, Staged, Tokens, Traits,
    },
    error::PlatformError,
    http::{Call, Http, Operation, Reply, endpoint},
    registry::Entry,
    settings::{Defaults, KnownVersion, PlatformSettings},
};
use dialect::X;

const PLATFORM: Platform = Platform::Twitter;

const DEFAULTS: Defaults = Defaults {
    web: "https://x.com",
    api: "https://api.x.com",
    token: None,
    through_facebook: None,
    instances: false,
    version: "2",
    versions: &[KnownVersion { version: "2", ends_on: None }],
    scopes: &["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"],
    sandbox_scopes: &[],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    Arc::new(Twitter { settings, http })
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Twitter {
    settings: PlatformSettings,
    http: Arc<Http>,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    username: String,
    profile_image_url: Option<String>,
    /// What the account pays for; X says it to the account itself alone.
    subscription_type: Option<String>,
}

/// The longest text of an account with this subscription. `None`: what every account may write, also for a word that is
/// not known.
fn text_max(subscription: Option<&str>) -> Option<u32> {
    matches!(subscription, Some("Basic" | "Premium" | "PremiumPlus")).then_some(PREMIUM_TEXT_MAX)
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        Self {
            external_id: user.id,
            kind: AccountKind::Profile,
            display_name: user.name,
            handle: Some(format!("@{}", user.username)),
            avatar_url: user.profile_image_url,
            text_max: text_max(user.subscription_type.as_deref()),
        }
    }
}

impl Twitter {
    /// An address of the API, version included.
    fn api(&self, segments: &[&str]) -> Url {
        let version = self.api_version().version;
        let all: Vec<&str> = std::iter::once(version.as_str()).chain(segments.iter().copied()).collect();
        endpoint(&self.settings.base_urls.api, &all)
    }

    async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(&X, call).await
    }

    async fn me(&self, tokens: &Tokens) -> Result<Profile, PlatformError> {
        let call = Call::get(Operation::Identify, self.api(&["users", "me"]))
            .query("user.fields", "name,username,profile_image_url,subscription_type")
            .bearer(&tokens.access_token);
        let reply = self.send(call).await?;
        Ok(reply.parse::<Data<User>>()?.data.into())
    }
}

#[async_trait]
impl Adapter for Twitter {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        Traits {
            pkce: true,
            rotates: true,
            renews_after: chrono::Duration::zero(),
            revokes: RevokeReach::Account,
            finds: Finds::Always,
            comments: true,
            pulls: false,
            quotas: false,
        }
    }

    fn api_version(&self) -> ApiVersion {
        self.settings.api_version(&DEFAULTS)
    }

    fn scopes(&self) -> Vec<String> {
        self.settings.scopes(&DEFAULTS)
    }

    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> Url {
        self.authorize(request)
    }

    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        self.redeem(request).await
    }

    async fn refresh(&self, account: &Account) -> Result<Tokens, PlatformError> {
        self.renew(&account.tokens).await
    }

    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError> {
        self.me(&account.tokens).await
    }

    async fn probe(&self, _account: &Account) -> Result<Probe, PlatformError> {
        // Reading the user would be billed, and the refresh is due every two hours anyway (platforms.md 0.8).
        Ok(Probe::AskByRefresh)
    }

    async fn revoke(&self, account: &Account) -> Result<(), PlatformError> {
        self.give_back(&account.tokens).await
    }

    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError> {
        self.upload_next(request, saved).await
    }

    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        self.create_post(request, state).await
    }

    async fn find_published(
        &self,
        request: &PublishRequest,
        _state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        self.find(request, known).await
    }

    async fn comment(&self, account: &Account, external_id: &str, text: &str) -> Result<String, PlatformError> {
        self.reply_to(account, external_id, text).await
    }
}

/// An error of ours, before anything is sent.
fn refused(class: ErrorClass, code: &'static str) -> PlatformError {
    PlatformError::new(PLATFORM, class).with_code(code)
}

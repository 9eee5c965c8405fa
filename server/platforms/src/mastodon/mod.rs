//! Mastodon: many servers with one API, of which an operator names the one where this Arctiv's app is registered
//! (`<instance>/settings/applications`, or `POST /api/v1/apps`).
//!
//! Sources: docs.joinmastodon.org (methods *oauth*, *accounts*, *media*, *statuses*; *OAuth scopes*; *Rate limits*;
//! *Posting to your profile*) and mastodon/mastodon (`PostStatusService`, `Api::ErrorHandling`, `RateLimiter`).
//!
//! Tokens end when the person takes them back, and not by time: there is nothing to refresh. A token says so by a 401,
//! which is asked about once more before anybody is disconnected.
//!
//! It is the one network here that takes an **idempotency key** with the call that publishes. The key is settled with
//! the first step of staging and saved with it, so every try of one delivery brings the same one, and for an hour the
//! instance answers a repeated try with the post it has already. After an outcome nobody knows the account's posts are
//! asked first all the same, which is right for longer than an hour; and if the list does not show the post yet, the
//! next try finds it by its key instead of making a second one.
//!
//! *Unsure*: instances before 4.3 know neither the scope `profile` nor PKCE, and refuse the former; software that only
//! speaks Mastodon's API may differ in what it answers to `exclude_reblogs`, to a file that is still being worked on, and
//! to the key.

mod dialect;
mod html;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Platform, deliveries::ErrorClass};
use serde_json::Value;
use url::Url;

use crate::{
    adapter::{
        Account, Adapter, ApiVersion, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, Probe, Profile,
        PublishRequest, Published, RevokeReach, Staged, Tokens, Traits,
    },
    error::PlatformError,
    http::{Call, Http, Operation, Reply, endpoint},
    registry::Entry,
    settings::{Defaults, KnownVersion, PlatformSettings},
};
use dialect::Rest;

const PLATFORM: Platform = Platform::Mastodon;

const DEFAULTS: Defaults = Defaults {
    web: "https://mastodon.social",
    api: "https://mastodon.social",
    token: None,
    through_facebook: None,
    instances: true,
    // Of the API's paths; each call has its own, and none has an end.
    version: "v1",
    versions: &[KnownVersion { version: "v1", ends_on: None }],
    scopes: &["profile", "read:statuses", "write:statuses", "write:media"],
    sandbox_scopes: &[],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    Arc::new(Mastodon { settings, http })
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Mastodon {
    settings: PlatformSettings,
    http: Arc<Http>,
}

impl Mastodon {
    /// An address of the API; versions differ by path.
    fn api(&self, version: &str, segments: &[&str]) -> Url {
        let all: Vec<&str> = ["api", version].into_iter().chain(segments.iter().copied()).collect();
        endpoint(&self.settings.base_urls.api, &all)
    }

    async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(&Rest, call).await
    }

    /// The instance, as it stands in accounts' ids: ids are numbers of one instance, and mean somebody else elsewhere.
    fn instance(&self) -> String {
        let url = &self.settings.base_urls.api;
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The id an account of this instance is kept under.
    fn external_id(&self, id: &str) -> String {
        format!("{id}@{}", self.instance())
    }

    /// The instance's id of an account. One that was connected at another instance must not be spoken for here: its
    /// token would go to a stranger.
    fn local_id<'a>(&self, account: &'a Account) -> Result<&'a str, PlatformError> {
        match account.external_id.split_once('@') {
            Some((id, instance)) if instance == self.instance() => Ok(id),
            _ => Err(refused(ErrorClass::Operator, "other_instance").saying(format!(
                "This account is at another instance than {}, which this Arctiv is set up for. Whoever runs it must set \
                 that right; otherwise the account has to be connected anew.",
                self.instance()
            ))),
        }
    }

    fn read(&self, operation: Operation, segments: &[&str], account: &Account) -> Result<Call, PlatformError> {
        self.local_id(account)?;
        Ok(Call::get(operation, self.api("v1", segments)).bearer(&account.tokens.access_token))
    }
}

#[async_trait]
impl Adapter for Mastodon {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        Traits {
            pkce: true,
            rotates: false,
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
        self.authorization(request)
    }

    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        self.redeem(request).await
    }

    async fn refresh(&self, _account: &Account) -> Result<Tokens, PlatformError> {
        // Nothing to renew with; the account is asked instead ([`Adapter::probe`]).
        Err(refused(ErrorClass::AuthExpired, "no_refresh_token"))
    }

    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError> {
        self.local_id(account)?;
        self.who(Operation::Identify, &account.tokens.access_token).await
    }

    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError> {
        self.local_id(account)?;
        self.who(Operation::Probe, &account.tokens.access_token).await?;
        Ok(Probe::Alive { scopes: None, expires_at: None })
    }

    async fn revoke(&self, account: &Account) -> Result<(), PlatformError> {
        self.local_id(account)?;
        self.give_back(&account.tokens).await
    }

    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError> {
        self.upload_next(request, saved).await
    }

    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        self.create_status(request, state).await
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

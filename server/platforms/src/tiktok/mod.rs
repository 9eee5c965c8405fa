//! TikTok: Login Kit and the Content Posting API (platforms.md 5).
//!
//! Tokens live two hours and rotate. What TikTok lets an app do with a post follows from the creator's own settings, so
//! those are read before every post, shown in the composer, and never chosen for anybody: a post without such choices
//! goes to the creator's inbox, who finishes it in TikTok's app.
//!
//! Publishing has no end of its own. TikTok takes a post, answers with a handle (`publish_id`), works on it, and says by
//! that handle what became of it: public, in the inbox, or refused. One handle is one post, however often its last piece
//! is sent. A video goes up in pieces, the last of which sets things going; pictures TikTok fetches from our address,
//! asked to by the very call that publishes, so that an answer lost there leaves nothing to ask by.

mod dialect;
mod oauth;
mod publish;
mod push;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Platform, deliveries::ErrorClass};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    adapter::{
        Account, Adapter, ApiVersion, AuthorizeRequest, CreatorChoices, Exchange, ExchangeRequest, Finding, Finds,
        Probe, Profile, PublishRequest, Published, RevokeReach, Staged, Tokens, Traits,
    },
    error::PlatformError,
    http::{Call, Http, Reply, endpoint},
    push::{Push, PushMessage, PushRefusal},
    registry::Entry,
    settings::{Defaults, KnownVersion, PlatformSettings},
};
use dialect::OpenApi;

const PLATFORM: Platform = Platform::Tiktok;

const DEFAULTS: Defaults = Defaults {
    web: "https://www.tiktok.com",
    api: "https://open.tiktokapis.com",
    token: None,
    through_facebook: None,
    instances: false,
    version: "v2",
    versions: &[KnownVersion { version: "v2", ends_on: None }],
    scopes: &["user.info.basic", "user.info.profile", "video.publish", "video.upload"],
    sandbox_scopes: &[],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    Arc::new(Tiktok { settings, http })
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Tiktok {
    settings: PlatformSettings,
    http: Arc<Http>,
}

/// Every answer of the API proper; its `error` the dialect has read already.
#[derive(Debug, Deserialize)]
struct Data<T> {
    data: T,
}

impl Tiktok {
    /// An address of the API, version included. TikTok's end in a slash.
    fn api(&self, segments: &[&str]) -> Url {
        let version = self.api_version().version;
        let all: Vec<&str> =
            std::iter::once(version.as_str()).chain(segments.iter().copied()).chain(std::iter::once("")).collect();
        endpoint(&self.settings.base_urls.api, &all)
    }

    async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(&OpenApi, call).await
    }
}

#[async_trait]
impl Adapter for Tiktok {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        Traits {
            pkce: false,
            rotates: true,
            renews_after: chrono::Duration::zero(),
            revokes: RevokeReach::Account,
            finds: Finds::Sometimes,
            comments: false,
            pulls: true,
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

    async fn refresh(&self, account: &Account) -> Result<Tokens, PlatformError> {
        self.renew(&account.tokens).await
    }

    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError> {
        self.who(&account.tokens).await
    }

    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError> {
        self.still_there(&account.tokens).await
    }

    async fn revoke(&self, account: &Account) -> Result<(), PlatformError> {
        self.give_back(&account.tokens).await
    }

    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError> {
        self.prepare_next(request, saved).await
    }

    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        self.set_going(request, state).await
    }

    async fn find_published(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        _known: &[String],
    ) -> Result<Finding, PlatformError> {
        self.find(request, state).await
    }

    fn hear(&self, message: &PushMessage) -> Result<Push, PushRefusal> {
        push::read(message, &self.settings.client_id, &self.settings.client_secret, self.http.now())
    }

    async fn creator_choices(&self, account: &Account) -> Result<Option<CreatorChoices>, PlatformError> {
        Ok(Some(self.creator(account).await?.0.into()))
    }
}

/// An error of ours, before anything is sent.
fn refused(class: ErrorClass, code: &'static str) -> PlatformError {
    PlatformError::new(PLATFORM, class).with_code(code)
}

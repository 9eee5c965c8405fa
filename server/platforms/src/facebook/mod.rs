//! Facebook Pages through the Graph API (platforms.md 1).
//!
//! A person signs in; the accounts are the Pages they run. The short-lived user token of the sign-in is exchanged for a
//! long-lived one (about 60 days), and each Page's token, made with that one, does not end by time. An account keeps
//! both: the Page token as access token, the user token as the thing new Page tokens are made from, and access is given
//! back with.
//!
//! The picture of a post is always staged as an unpublished photo and attached by the one call to `/feed`, even when
//! there is a single one: `POST /{page}/photos` with a message would publish while the file is still being sent, and a
//! broken upload would leave an unknown outcome behind. Videos, reels and stories are uploaded first and made public by
//! one small call, each in its own way.

mod dialect;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use domain::{Platform, deliveries::ErrorClass};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    adapter::{
        Account, AccountKind, Adapter, ApiVersion, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, Probe,
        Profile, PublishRequest, Published, RevokeReach, Staged, Tokens, Traits,
    },
    error::PlatformError,
    http::{Call, Dialect, Http, Operation, Reply, endpoint},
    meta::{
        GRAPH_VERSION, GRAPH_VERSIONS, List,
        signed_request::{self, Signed},
    },
    push::{Push, PushMessage, PushRefusal, Removed},
    registry::Entry,
    settings::{Defaults, PlatformSettings},
};
use dialect::Graph;

const PLATFORM: Platform = Platform::Facebook;

const DEFAULTS: Defaults = Defaults {
    web: "https://www.facebook.com",
    api: "https://graph.facebook.com",
    token: None,
    through_facebook: None,
    instances: false,
    version: GRAPH_VERSION,
    versions: GRAPH_VERSIONS,
    scopes: &[
        "pages_show_list",
        "business_management",
        "pages_manage_posts",
        "pages_read_engagement",
        "pages_manage_engagement",
        "read_insights",
    ],
    sandbox_scopes: &[],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    Arc::new(Facebook::new(settings, http, &Graph))
}

/// The adapter.
pub(crate) struct Facebook {
    settings: PlatformSettings,
    http: Arc<Http>,
    /// Instagram's Facebook Login is this adapter's, with answers read as Instagram's.
    dialect: &'static dyn Dialect,
}

impl fmt::Debug for Facebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facebook").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// `picture` of a person or Page.
#[derive(Debug, Deserialize)]
struct Picture {
    data: PictureData,
}

#[derive(Debug, Deserialize)]
struct PictureData {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    id: String,
    name: String,
    username: Option<String>,
    picture: Option<Picture>,
}

impl Page {
    fn into_profile(self) -> Profile {
        Profile {
            external_id: self.id,
            kind: AccountKind::Page,
            display_name: self.name,
            handle: self.username.map(|name| format!("@{name}")),
            avatar_url: self.picture.and_then(|picture| picture.data.url),
            text_max: None,
        }
    }
}

impl Facebook {
    pub fn new(settings: PlatformSettings, http: Arc<Http>, dialect: &'static dyn Dialect) -> Self {
        Self { settings, http, dialect }
    }

    /// An address of the Graph API, version included.
    pub fn graph(&self, segments: &[&str]) -> Url {
        let version = self.api_version().version;
        let all: Vec<&str> = std::iter::once(version.as_str()).chain(segments.iter().copied()).collect();
        endpoint(&self.settings.base_urls.api, &all)
    }

    /// A read. The Graph API takes tokens as a parameter.
    pub fn read(&self, operation: Operation, segments: &[&str], token: &SecretString) -> Call {
        Call::get(operation, self.graph(segments)).secret_query("access_token", token)
    }

    pub async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(self.dialect, call).await
    }
}

#[async_trait]
impl Adapter for Facebook {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        Traits {
            pkce: false,
            rotates: false,
            renews_after: chrono::Duration::zero(),
            revokes: RevokeReach::Grantor,
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
        self.dialog(request)
    }

    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        self.redeem(request).await
    }

    async fn refresh(&self, account: &Account) -> Result<Tokens, PlatformError> {
        self.renew(account).await
    }

    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError> {
        let call = self
            .read(Operation::Identify, &["me"], &account.tokens.access_token)
            .query("fields", "id,name,username,picture");
        Ok(self.send(call).await?.parse::<Page>()?.into_profile())
    }

    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError> {
        self.debug_token(&account.tokens.access_token).await
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
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        self.find(request, state, known).await
    }

    fn hear(&self, message: &PushMessage) -> Result<Push, PushRefusal> {
        let Signed { user_id, at } = signed_request::read(message, &self.settings.client_secret, self.http.now())?;
        Ok(Push::Removed(Removed {
            grantor: user_id,
            // Instagram accounts connected through Facebook Login hang on the same sign-in.
            platforms: &[Platform::Facebook, Platform::Instagram],
            at,
            reason: "The person who connected this account has removed Arctiv from their Facebook settings.",
        }))
    }

    async fn comment(&self, account: &Account, external_id: &str, text: &str) -> Result<String, PlatformError> {
        self.write_comment(account, external_id, text).await
    }
}

/// An error of ours, before anything is sent.
fn refused(class: ErrorClass, code: &'static str) -> PlatformError {
    PlatformError::new(PLATFORM, class).with_code(code)
}

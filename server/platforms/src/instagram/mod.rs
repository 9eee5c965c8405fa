//! Instagram professional accounts (platforms.md 2).
//!
//! There are two logins, and an app is registered for one of them ([`Login`]): Instagram's own, which needs no Facebook
//! Page, and Facebook Login, through the Page an account is linked to. They differ in hosts, scopes and how tokens live;
//! publishing is the same. Accounts of both are of the platform `instagram` and differ in their [`AccountKind`], so that
//! one connected by the other login is told apart, and asked to reconnect, when the setting has changed.
//!
//! A post is a container first: Instagram fetches the picture, or the video, from our address (a video can also be sent),
//! works on it, and is asked until it has finished. One small call makes it public. What became of that call the
//! container tells afterwards, definitely: `PUBLISHED`, or not.

mod dialect;
mod oauth;
mod publish;
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
        Account, AccountKind, Adapter, ApiVersion, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Finds, Probe,
        Profile, PublishRequest, Published, PublishingQuota, RevokeReach, Staged, Tokens, Traits,
    },
    error::PlatformError,
    facebook::Facebook,
    http::{Call, Http, Operation, Reply, endpoint},
    meta::{
        GRAPH_VERSION, GRAPH_VERSIONS,
        signed_request::{self, Signed},
    },
    push::{Push, PushMessage, PushRefusal, Removed},
    registry::Entry,
    settings::{Defaults, Login, PlatformSettings, ThroughFacebook},
};
use dialect::InstagramGraph;

const PLATFORM: Platform = Platform::Instagram;

const DEFAULTS: Defaults = Defaults {
    web: "https://www.instagram.com",
    api: "https://graph.instagram.com",
    token: Some("https://api.instagram.com"),
    through_facebook: Some(&ThroughFacebook {
        web: "https://www.facebook.com",
        api: "https://graph.facebook.com",
        scopes: &[
            "instagram_basic",
            "instagram_content_publish",
            "instagram_manage_comments",
            "instagram_manage_insights",
            "pages_show_list",
            "pages_read_engagement",
            "business_management",
        ],
    }),
    instances: false,
    version: GRAPH_VERSION,
    versions: GRAPH_VERSIONS,
    scopes: &[
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_insights",
    ],
    sandbox_scopes: &[],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    // Facebook's adapter would ask for Facebook's scopes.
    let scopes = Some(settings.scopes(&DEFAULTS));
    let facebook = Facebook::new(PlatformSettings { scopes, ..settings.clone() }, Arc::clone(&http), &InstagramGraph);
    Arc::new(Instagram { settings, http, facebook })
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Instagram {
    settings: PlatformSettings,
    http: Arc<Http>,
    /// What is the same as for Pages: Facebook's sign-in, and the Graph API's addresses and lists.
    facebook: Facebook,
}

/// An account, as either host shows it.
#[derive(Debug, Deserialize)]
struct Professional {
    id: Option<String>,
    /// Instagram Login's name for what the Graph API calls `id`; its own `id` is another one.
    user_id: Option<Value>,
    username: Option<String>,
    name: Option<String>,
    profile_picture_url: Option<String>,
    account_type: Option<String>,
}

impl Professional {
    /// Ids come as texts and, in older answers, as numbers.
    fn id(&self) -> Option<String> {
        match &self.user_id {
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => self.id.clone(),
        }
    }

    fn into_profile(self, external_id: String, kind: AccountKind) -> Profile {
        let handle = self.username.map(|name| format!("@{name}"));
        let display_name = self.name.filter(|name| !name.trim().is_empty()).or_else(|| handle.clone());
        Profile {
            external_id,
            kind,
            display_name: display_name.unwrap_or_else(|| "Instagram account".to_owned()),
            handle,
            avatar_url: self.profile_picture_url,
            text_max: None,
        }
    }
}

impl Instagram {
    /// The kind of the accounts this app's login connects.
    const fn kind(&self) -> AccountKind {
        match self.settings.login {
            Login::Own => AccountKind::Professional,
            Login::Facebook => AccountKind::LinkedProfessional,
        }
    }

    /// Tokens of the one login are strange to the other's host.
    fn of_this_login(&self, account: &Account) -> Result<(), PlatformError> {
        if account.kind == self.kind() {
            return Ok(());
        }
        Err(refused(ErrorClass::AuthRevoked, "other_login").saying(
            "This account was connected through another login than the one this Arctiv uses now. Please reconnect it.",
        ))
    }

    /// An address of the API, version included.
    fn graph(&self, segments: &[&str]) -> Url {
        self.facebook.graph(segments)
    }

    /// A read of something of the account's.
    fn read(&self, operation: Operation, segments: &[&str], account: &Account) -> Call {
        self.facebook.read(operation, segments, &account.tokens.access_token)
    }

    /// An address of the token service that carries no version.
    fn unversioned(&self, name: &str) -> Url {
        endpoint(&self.settings.base_urls.api, &[name])
    }

    async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(&InstagramGraph, call).await
    }
}

#[async_trait]
impl Adapter for Instagram {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        let (revokes, renews_after) = match self.settings.login {
            // Instagram renews tokens from their second day on (platforms.md 2).
            Login::Own => (RevokeReach::Account, chrono::Duration::hours(24)),
            Login::Facebook => (RevokeReach::Grantor, chrono::Duration::zero()),
        };
        Traits {
            pkce: false,
            rotates: false,
            renews_after,
            revokes,
            finds: Finds::Always,
            comments: true,
            pulls: true,
            quotas: true,
        }
    }

    fn api_version(&self) -> ApiVersion {
        self.settings.api_version(&DEFAULTS)
    }

    fn scopes(&self) -> Vec<String> {
        self.settings.scopes(&DEFAULTS)
    }

    fn authorize_url(&self, request: &AuthorizeRequest<'_>) -> Url {
        match self.settings.login {
            Login::Own => self.authorization(request),
            Login::Facebook => self.facebook.dialog(request),
        }
    }

    async fn exchange(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        match self.settings.login {
            Login::Own => self.redeem(request).await,
            Login::Facebook => self.redeem_at_facebook(request).await,
        }
    }

    async fn refresh(&self, account: &Account) -> Result<Tokens, PlatformError> {
        self.of_this_login(account)?;
        match self.settings.login {
            Login::Own => self.renew(&account.tokens).await,
            Login::Facebook => self.renew_at_facebook(account).await,
        }
    }

    async fn identify(&self, account: &Account) -> Result<Profile, PlatformError> {
        self.of_this_login(account)?;
        self.who(account).await
    }

    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError> {
        self.of_this_login(account)?;
        self.still_there(account).await
    }

    async fn revoke(&self, account: &Account) -> Result<(), PlatformError> {
        self.give_back(account).await
    }

    async fn stage(&self, request: &PublishRequest, saved: Option<&Value>) -> Result<Staged, PlatformError> {
        self.of_this_login(&request.account)?;
        self.prepare_next(request, saved).await
    }

    async fn commit(&self, request: &PublishRequest, state: &Value) -> Result<Published, PlatformError> {
        self.of_this_login(&request.account)?;
        self.publish_container(request, state).await
    }

    async fn find_published(
        &self,
        request: &PublishRequest,
        state: Option<&Value>,
        known: &[String],
    ) -> Result<Finding, PlatformError> {
        self.of_this_login(&request.account)?;
        self.find(request, state, known).await
    }

    async fn publishing_quota(&self, account: &Account) -> Result<Option<PublishingQuota>, PlatformError> {
        self.of_this_login(account)?;
        Ok(self.limit(account).await?.1)
    }

    async fn permalink(&self, account: &Account, external_id: &str) -> Result<Option<String>, PlatformError> {
        self.of_this_login(account)?;
        self.address_of(account, external_id).await
    }

    fn hear(&self, message: &PushMessage) -> Result<Push, PushRefusal> {
        let Signed { user_id, at } = signed_request::read(message, &self.settings.client_secret, self.http.now())?;
        Ok(Push::Removed(Removed {
            grantor: user_id,
            platforms: &[Platform::Instagram],
            at,
            reason: "The person who connected this account has removed Arctiv from their Instagram settings.",
        }))
    }

    async fn comment(&self, account: &Account, external_id: &str, text: &str) -> Result<String, PlatformError> {
        self.of_this_login(account)?;
        self.write_comment(account, external_id, text).await
    }
}

/// An error of ours, before anything is sent.
fn refused(class: ErrorClass, code: &'static str) -> PlatformError {
    PlatformError::new(PLATFORM, class).with_code(code)
}

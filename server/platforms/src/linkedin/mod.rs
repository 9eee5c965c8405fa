//! `LinkedIn`: members and organization pages (platforms.md 4).
//!
//! One sign-in may bring several accounts: the member, and each organization they run. All of them share the member's
//! token; the author of a post is a URN, `urn:li:person:…` or `urn:li:organization:…`.
//!
//! Scopes for organizations belong to a product (Community Management) that must be the only one of its developer app,
//! so an installation asks for the member's scopes unless its `scopes` setting names others.

mod dialect;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Platform, deliveries::ErrorClass};
use reqwest::header::{HeaderName, HeaderValue};
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
use dialect::Restli;

const PLATFORM: Platform = Platform::Linkedin;

const DEFAULTS: Defaults = Defaults {
    web: "https://www.linkedin.com",
    api: "https://api.linkedin.com",
    token: None,
    through_facebook: None,
    instances: false,
    version: "202607",
    versions: &[
        KnownVersion { version: "202601", ends_on: Some((2027, 1, 15)) },
        KnownVersion { version: "202603", ends_on: Some((2027, 3, 16)) },
        // Not announced; twelve months are promised, and the earlier ones ended in the middle of the month.
        KnownVersion { version: "202607", ends_on: Some((2027, 7, 15)) },
    ],
    scopes: &["openid", "profile", "email", "w_member_social"],
    sandbox_scopes: &["r_organization_social", "w_organization_social", "rw_organization_admin"],
    scope_uses: oauth::SCOPE_USES,
};

pub(crate) const ENTRY: Entry = Entry { platform: PLATFORM, defaults: &DEFAULTS, build };

fn build(settings: PlatformSettings, http: Arc<Http>) -> Arc<dyn Adapter> {
    Arc::new(Linkedin { settings, http })
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Linkedin {
    settings: PlatformSettings,
    http: Arc<Http>,
}

impl Linkedin {
    /// An address of the token service, which lives on the website's host.
    fn oauth(&self, name: &str) -> Url {
        endpoint(&self.settings.base_urls.web, &["oauth", "v2", name])
    }

    /// A call of the versioned API.
    fn rest(&self, call: Call) -> Call {
        let version = HeaderValue::from_str(&self.api_version().version);
        let call = call.header(HeaderName::from_static("x-restli-protocol-version"), HeaderValue::from_static("2.0.0"));
        // Settings with a version that fits no header are refused at start.
        match version {
            Ok(version) => call.header(HeaderName::from_static("linkedin-version"), version),
            Err(_) => call,
        }
    }

    fn rest_url(&self, segments: &[&str]) -> Url {
        let all: Vec<&str> = std::iter::once("rest").chain(segments.iter().copied()).collect();
        endpoint(&self.settings.base_urls.api, &all)
    }

    async fn send(&self, call: Call) -> Result<Reply, PlatformError> {
        self.http.send(&Restli, call).await
    }
}

/// How `LinkedIn` names an account as an author and owner.
fn urn(account: &Account) -> String {
    match account.kind {
        AccountKind::Organization | AccountKind::Page => format!("urn:li:organization:{}", account.external_id),
        AccountKind::Profile | AccountKind::Professional | AccountKind::LinkedProfessional => {
            format!("urn:li:person:{}", account.external_id)
        }
    }
}

#[async_trait]
impl Adapter for Linkedin {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn traits(&self) -> Traits {
        Traits {
            pkce: false,
            rotates: false,
            renews_after: chrono::Duration::zero(),
            revokes: RevokeReach::Grantor,
            finds: Finds::Sometimes,
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

    fn scopes_of(&self, kind: AccountKind) -> Vec<String> {
        let for_members = kind != AccountKind::Organization;
        let mut scopes = self.scopes();
        scopes.retain(|scope| oauth::MEMBER_SCOPES.contains(&scope.as_str()) == for_members);
        scopes
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
        match account.kind {
            AccountKind::Organization | AccountKind::Page => {
                self.organization(&account.external_id, &account.tokens.access_token).await
            }
            _ => self.member(&account.tokens.access_token).await,
        }
    }

    async fn probe(&self, account: &Account) -> Result<Probe, PlatformError> {
        self.introspect(&account.tokens.access_token).await
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
        self.write_comment(account, external_id, text).await
    }
}

/// A read of the versioned API.
fn rest_get(linkedin: &Linkedin, operation: Operation, segments: &[&str]) -> Call {
    linkedin.rest(Call::get(operation, linkedin.rest_url(segments)))
}

/// An error of ours, before anything is sent.
fn refused(class: ErrorClass, code: &'static str) -> PlatformError {
    PlatformError::new(PLATFORM, class).with_code(code)
}

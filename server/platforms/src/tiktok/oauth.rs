//! Connecting creators. TikTok's OAuth has names of its own (`client_key`), scopes joined by commas, and answers errors
//! with status 200: plain calls, not the `oauth2` crate. Lives are read from each answer and never assumed: they have
//! been shortened once already.

use domain::deliveries::ErrorClass;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Data, Tiktok, refused};
use crate::{
    adapter::{AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, Probe, Profile, Tokens},
    error::PlatformError,
    http::{Call, Operation, endpoint},
    oauth::{ScopeUse, after, missing, sorted, split_scopes},
};

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "user.info.basic",
        costs: "Without permission to read the profile, the account cannot be connected.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "user.info.profile",
        costs: "Without permission to read the whole profile, links to published posts are missing.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "video.publish",
        costs: "Without permission to publish, nothing can be posted to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "video.upload",
        costs: "Without permission to upload drafts, posts cannot be handed to the creator's inbox.",
        needed_to_publish: false,
    },
];

#[derive(Debug, Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    /// Seconds.
    expires_in: Option<u32>,
    refresh_token: Option<SecretString>,
    /// Seconds.
    refresh_expires_in: Option<u32>,
    scope: Option<String>,
}

#[derive(Debug, Deserialize)]
struct UserInfo {
    user: User,
}

#[derive(Debug, Deserialize)]
struct User {
    open_id: String,
    display_name: Option<String>,
    username: Option<String>,
    avatar_url: Option<String>,
}

impl Tiktok {
    pub(super) fn authorization(&self, request: &AuthorizeRequest<'_>) -> Url {
        let version = self.api_version().version;
        let mut url = endpoint(&self.settings.base_urls.web, &[&version, "auth", "authorize", ""]);
        url.query_pairs_mut()
            .append_pair("client_key", &self.settings.client_id)
            .append_pair("scope", &self.scopes().join(","))
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("state", request.state);
        url
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let asked = self.scopes();
        let call = self
            .token_call(Operation::Exchange)
            .secret_field("code", request.code)
            .field("grant_type", "authorization_code")
            .field("redirect_uri", self.settings.redirect_uri.as_str());
        let tokens = self.tokens(call, &asked, None).await?;
        let missing_scopes = missing(&asked, &tokens.scopes, SCOPE_USES);
        if missing_scopes.iter().any(|missing| missing.scope == "user.info.basic") {
            return Err(refused(ErrorClass::Permission, "scope_missing").saying(
                "TikTok did not give us permission to read the profile. Please connect again and allow everything on \
                 the list.",
            ));
        }
        let profile = self.who(&tokens).await?;
        let grantor = profile.external_id.clone();
        Ok(Exchange { grants: vec![Grant { profile, tokens, grantor, missing_scopes }], left_out: Vec::new() })
    }

    pub(super) async fn renew(&self, old: &Tokens) -> Result<Tokens, PlatformError> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(refused(ErrorClass::AuthExpired, "no_refresh_token"));
        };
        let call = self
            .token_call(Operation::Refresh)
            .field("grant_type", "refresh_token")
            .secret_field("refresh_token", refresh_token);
        self.tokens(call, &old.scopes, Some(old)).await
    }

    fn token_call(&self, operation: Operation) -> Call {
        Call::post(operation, self.api(&["oauth", "token"]))
            .field("client_key", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
    }

    async fn tokens(
        &self,
        call: Call,
        otherwise_granted: &[String],
        old: Option<&Tokens>,
    ) -> Result<Tokens, PlatformError> {
        let now = self.http.now();
        let answer: TokenAnswer = self.send(call).await?.parse()?;
        Ok(Tokens {
            access_token: answer.access_token,
            expires_at: after(now, answer.expires_in),
            refresh_token: answer.refresh_token.or_else(|| old?.refresh_token.clone()),
            refresh_expires_at: after(now, answer.refresh_expires_in).or_else(|| old?.refresh_expires_at),
            scopes: answer.scope.as_deref().map_or_else(|| sorted(otherwise_granted.to_vec()), split_scopes),
        })
    }

    pub(super) async fn who(&self, tokens: &Tokens) -> Result<Profile, PlatformError> {
        // The name in addresses takes a scope of its own, and asking without it is refused as a whole.
        let fields = if tokens.scopes.iter().any(|scope| scope == "user.info.profile") {
            "open_id,display_name,avatar_url,username"
        } else {
            "open_id,display_name,avatar_url"
        };
        let call = Call::get(Operation::Identify, self.api(&["user", "info"]))
            .query("fields", fields)
            .bearer(&tokens.access_token);
        let user = self.send(call).await?.parse::<Data<UserInfo>>()?.data.user;
        let handle = user.username.filter(|name| !name.is_empty()).map(|name| format!("@{name}"));
        Ok(Profile {
            external_id: user.open_id,
            kind: AccountKind::Profile,
            display_name: user
                .display_name
                .filter(|name| !name.trim().is_empty())
                .or_else(|| handle.clone())
                .unwrap_or_else(|| "TikTok creator".to_owned()),
            handle,
            avatar_url: user.avatar_url,
            text_max: None,
        })
    }

    /// A refused token may just be old; that the refresh tells.
    pub(super) async fn still_there(&self, tokens: &Tokens) -> Result<Probe, PlatformError> {
        match self.who(tokens).await {
            Ok(_) => Ok(Probe::Alive { scopes: None, expires_at: None }),
            Err(error) if error.class == ErrorClass::AuthExpired => Ok(Probe::AskByRefresh),
            Err(error) if error.class == ErrorClass::AuthRevoked => {
                Ok(Probe::Gone { reason: error.message.into_owned(), code: error.code })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn give_back(&self, tokens: &Tokens) -> Result<(), PlatformError> {
        let call = Call::post(Operation::Revoke, self.api(&["oauth", "revoke"]))
            .field("client_key", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
            .secret_field("token", &tokens.access_token);
        match self.send(call).await {
            Ok(_) => Ok(()),
            // It was gone already.
            Err(error) if error.is_about_access() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

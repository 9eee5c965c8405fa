//! Connecting an account: OAuth 2 with PKCE. A person grants everything that is asked for or nothing; a broader scope
//! granted before (`write`) covers the narrower one asked for now (`write:statuses`).

use domain::deliveries::ErrorClass;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Mastodon, refused};
use crate::{
    adapter::{AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, Profile, Tokens},
    error::PlatformError,
    http::{Call, Operation, endpoint},
    oauth::{ScopeUse, TokenAnswer, after, missing, split_scopes},
};

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "profile",
        costs: "Without permission to read the profile, the account cannot be connected.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "read:statuses",
        costs: "Without permission to read posts, we cannot check what was published.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "write:statuses",
        costs: "Without permission to write posts, nothing can be published to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "write:media",
        costs: "Without permission to upload media, posts with pictures cannot go to this account.",
        needed_to_publish: false,
    },
];

/// `CredentialAccount`, as far as it matters here.
#[derive(Debug, Deserialize)]
struct CredentialAccount {
    id: String,
    username: String,
    display_name: Option<String>,
    avatar: Option<String>,
    /// Its public page, at the name by which people know the instance.
    url: Option<String>,
}

impl Mastodon {
    pub(super) fn authorization(&self, request: &AuthorizeRequest<'_>) -> Url {
        let mut url = endpoint(&self.settings.base_urls.web, &["oauth", "authorize"]);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("scope", &self.scopes().join(" "))
            .append_pair("state", request.state);
        if let Some(pkce) = request.pkce {
            let challenge = pkce.challenge();
            url.query_pairs_mut()
                .append_pair("code_challenge", challenge.as_str())
                .append_pair("code_challenge_method", challenge.method().as_str());
        }
        url
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let asked = self.scopes();
        let now = self.http.now();
        let mut call = self
            .app_call(Operation::Exchange, "token")
            .field("grant_type", "authorization_code")
            .secret_field("code", request.code)
            .field("redirect_uri", self.settings.redirect_uri.as_str())
            .field("scope", asked.join(" "));
        if let Some(pkce) = request.pkce {
            call = call.secret_field("code_verifier", pkce.verifier());
        }
        let answer: TokenAnswer = self.send(call).await?.parse()?;
        let granted = answer.scope.as_deref().map_or_else(|| asked.clone(), |scope| covered(&asked, scope));
        let missing_scopes = missing(&asked, &granted, SCOPE_USES);
        if missing_scopes.iter().any(|missing| missing.scope == "profile") {
            return Err(refused(ErrorClass::Permission, "scope_missing").saying(
                "The instance did not give us permission to read the account's profile. Please connect again and \
                 allow everything on the list.",
            ));
        }
        let profile = self.who(Operation::Identify, &answer.access_token).await?;
        let tokens = Tokens {
            access_token: answer.access_token,
            // None of either at Mastodon itself.
            refresh_token: None,
            expires_at: after(now, answer.expires_in),
            refresh_expires_at: None,
            scopes: granted,
        };
        let grantor = profile.external_id.clone();
        Ok(Exchange { grants: vec![Grant { profile, tokens, grantor, missing_scopes }], left_out: Vec::new() })
    }

    pub(super) async fn who(&self, operation: Operation, token: &SecretString) -> Result<Profile, PlatformError> {
        let call = Call::get(operation, self.api("v1", &["accounts", "verify_credentials"])).bearer(token);
        let account: CredentialAccount = self.send(call).await?.parse()?;
        let domain = account.url.as_deref().and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
        let domain = domain.unwrap_or_else(|| self.instance());
        Ok(Profile {
            external_id: self.external_id(&account.id),
            kind: AccountKind::Profile,
            display_name: account
                .display_name
                .filter(|name| !name.trim().is_empty())
                .unwrap_or_else(|| account.username.clone()),
            handle: Some(format!("@{}@{domain}", account.username)),
            avatar_url: account.avatar,
            text_max: None,
        })
    }

    pub(super) async fn give_back(&self, tokens: &Tokens) -> Result<(), PlatformError> {
        let call = self.app_call(Operation::Revoke, "revoke").secret_field("token", &tokens.access_token);
        match self.send(call).await {
            Ok(_) => Ok(()),
            // It was gone already.
            Err(error) if error.is_about_access() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn app_call(&self, operation: Operation, what: &'static str) -> Call {
        Call::post(operation, endpoint(&self.settings.base_urls.token, &["oauth", what]))
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
    }
}

/// What was granted, and which of the scopes asked for a broader one covers. Sorted.
fn covered(asked: &[String], granted: &str) -> Vec<String> {
    let mut granted = split_scopes(granted);
    let covers = |scope: &str| match scope {
        "profile" => granted.iter().any(|have| have == "read" || have == "read:accounts"),
        scope => scope.split_once(':').is_some_and(|(broad, _)| granted.iter().any(|have| have == broad)),
    };
    let more: Vec<String> = asked.iter().filter(|scope| covers(scope)).cloned().collect();
    granted.extend(more);
    crate::oauth::sorted(granted)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("profile write:media", &["profile", "write:media"])]
    #[case("read write", &["profile", "read", "read:statuses", "write", "write:media", "write:statuses"])]
    #[case("read:accounts", &["profile", "read:accounts"])]
    #[case("write:statuses", &["write:statuses"])]
    #[case("", &[])]
    fn broad_scopes_cover_narrow_ones(#[case] granted: &str, #[case] expected: &[&str]) {
        let asked = ["profile", "read:statuses", "write:statuses", "write:media"].map(str::to_owned);
        assert_eq!(covered(&asked, granted), expected);
    }
}

//! Connecting an X account. X keeps to RFC 6749 and 7636, so requests and answers are the `oauth2` crate's, sent through
//! our client. Revoking is not: the crate refuses any revocation address that is not https, and the sandbox's is not.

use domain::{accounts::MissingScope, deliveries::ErrorClass};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, RedirectUrl,
    RefreshToken, Scope, TokenResponse, TokenUrl, basic::BasicClient,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{PLATFORM, Twitter, dialect::X, refused};
use crate::{
    adapter::{Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, Tokens},
    error::PlatformError,
    http::{Call, Operation, endpoint},
    oauth::{Carrier, ScopeUse, after, flatten, missing, sorted},
};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;
type TokenAnswer = oauth2::basic::BasicTokenResponse;

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "tweet.read",
        costs: "Without permission to read posts, nothing can be published to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "tweet.write",
        costs: "Without permission to post, nothing can be published to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "users.read",
        costs: "Without permission to read the profile, nothing can be published to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "media.write",
        costs: "Without permission to upload media, posts with pictures cannot go to this account.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "offline.access",
        costs: "Without permission to stay connected, this account must be reconnected every two hours.",
        needed_to_publish: false,
    },
];

impl Twitter {
    fn client(&self) -> Client {
        let auth = endpoint(&self.settings.base_urls.web, &["i", "oauth2", "authorize"]);
        // Basic authentication is the crate's default, and X's rule for apps that can keep a secret.
        BasicClient::new(ClientId::new(self.settings.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.settings.client_secret.expose_secret().to_owned()))
            .set_auth_uri(AuthUrl::from_url(auth))
            .set_token_uri(TokenUrl::from_url(self.api(&["oauth2", "token"])))
            .set_redirect_uri(RedirectUrl::from_url(self.settings.redirect_uri.clone()))
    }

    fn carrier(&self, operation: Operation, secrets: Vec<SecretString>) -> Carrier<'_> {
        Carrier { http: &self.http, dialect: &X, operation, secrets }
    }

    pub(super) fn authorize(&self, request: &AuthorizeRequest<'_>) -> Url {
        let client = self.client();
        let mut authorization = client
            .authorize_url(|| CsrfToken::new(request.state.to_owned()))
            .add_scopes(self.scopes().into_iter().map(Scope::new));
        if let Some(pkce) = request.pkce {
            authorization = authorization.set_pkce_challenge(pkce.challenge());
        }
        authorization.url().0
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let asked = self.scopes();
        let mut secrets = vec![self.settings.client_secret.clone(), request.code.clone()];
        let client = self.client();
        let mut exchange = client.exchange_code(AuthorizationCode::new(request.code.expose_secret().to_owned()));
        if let Some(pkce) = request.pkce {
            secrets.push(pkce.verifier().clone());
            exchange = exchange.set_pkce_verifier(pkce.oauth2_verifier());
        }
        let now = self.http.now();
        let answer = exchange
            .request_async(&self.carrier(Operation::Exchange, secrets))
            .await
            .map_err(|error| flatten(PLATFORM, error))?;
        let tokens = tokens(&answer, now, &asked, None);
        let missing_scopes = missing(&asked, &tokens.scopes, SCOPE_USES);
        refuse_if_unusable(&missing_scopes)?;
        let profile = self.me(&tokens).await?;
        let grantor = profile.external_id.clone();
        let grants = vec![Grant { profile, tokens, grantor, missing_scopes }];
        Ok(Exchange { grants, left_out: Vec::new() })
    }

    pub(super) async fn renew(&self, old: &Tokens) -> Result<Tokens, PlatformError> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(refused(ErrorClass::AuthExpired, "no_refresh_token"));
        };
        let secrets = vec![self.settings.client_secret.clone(), refresh_token.clone(), old.access_token.clone()];
        let refresh_token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let now = self.http.now();
        let answer = self
            .client()
            .exchange_refresh_token(&refresh_token)
            .request_async(&self.carrier(Operation::Refresh, secrets))
            .await
            .map_err(|error| flatten(PLATFORM, error))?;
        Ok(tokens(&answer, now, &old.scopes, old.refresh_token.as_ref()))
    }

    /// Both tokens: which of them takes the connection down with it is not documented.
    pub(super) async fn give_back(&self, tokens: &Tokens) -> Result<(), PlatformError> {
        let with_hints =
            [(tokens.refresh_token.as_ref(), "refresh_token"), (Some(&tokens.access_token), "access_token")];
        for (token, hint) in with_hints {
            let Some(token) = token else { continue };
            let call = Call::post(Operation::Revoke, self.api(&["oauth2", "revoke"]))
                .basic(&self.settings.client_id, &self.settings.client_secret)
                .secret_field("token", token)
                .field("token_type_hint", hint);
            match self.send(call).await {
                Ok(_) => {}
                // It was gone already.
                Err(error) if error.is_about_access() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn tokens(
    answer: &TokenAnswer,
    now: chrono::DateTime<chrono::Utc>,
    otherwise_granted: &[String],
    old_refresh_token: Option<&SecretString>,
) -> Tokens {
    let seconds = answer.expires_in().and_then(|life| u32::try_from(life.as_secs()).ok());
    // RFC 6749 5.1: an answer without `scope` grants what was asked for.
    let scopes = answer
        .scopes()
        .map_or_else(|| otherwise_granted.to_vec(), |scopes| scopes.iter().map(|scope| scope.to_string()).collect());
    Tokens {
        access_token: answer.access_token().secret().as_str().into(),
        refresh_token: answer
            .refresh_token()
            .map(|token| token.secret().as_str().into())
            .or_else(|| old_refresh_token.cloned()),
        expires_at: after(now, seconds),
        // About six months by report, but never told.
        refresh_expires_at: None,
        scopes: sorted(scopes),
    }
}

/// Without `users.read` not even the account's name can be learned.
fn refuse_if_unusable(missing: &[MissingScope]) -> Result<(), PlatformError> {
    if missing.iter().any(|missing| matches!(missing.scope.as_str(), "users.read" | "tweet.read")) {
        return Err(refused(ErrorClass::Permission, "scope_missing").saying(
            "X did not give us permission to read the account's profile. Please connect again and allow everything on \
             the list.",
        ));
    }
    Ok(())
}

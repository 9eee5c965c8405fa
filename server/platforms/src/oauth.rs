//! The parts of OAuth 2.0 that several platforms share.
//!
//! X follows RFC 6749 and 7636 closely, so its adapter speaks through the `oauth2` crate over our client
//! ([`Carrier`]). Facebook (no refresh tokens, `fb_exchange_token`, comma-separated scopes, Graph errors instead of
//! OAuth ones) and `LinkedIn` (no `token_type`, comma-separated scopes, `refresh_token_expires_in`) do not fit that
//! crate's response types; they make plain calls and read [`TokenAnswer`].

use std::pin::Pin;

use chrono::{DateTime, Duration, Utc};
use domain::{Platform, accounts::MissingScope, deliveries::ErrorClass};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, RequestTokenError};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::{PlatformError, Verdict},
    http::{Call, Dialect, Http, Operation, Payload},
};

/// A token endpoint's answer, taken liberally.
#[derive(Debug, Deserialize)]
pub(crate) struct TokenAnswer {
    pub access_token: SecretString,
    /// Seconds.
    pub expires_in: Option<u32>,
    pub refresh_token: Option<SecretString>,
    /// Seconds.
    pub refresh_token_expires_in: Option<u32>,
    pub scope: Option<String>,
}

/// The moment `seconds` after `now`.
pub(crate) fn after(now: DateTime<Utc>, seconds: Option<u32>) -> Option<DateTime<Utc>> {
    seconds.map(|seconds| now + Duration::seconds(seconds.into()))
}

/// Scopes from one string: RFC 6749 separates by spaces, practice by commas too. Sorted, without repetitions.
pub(crate) fn split_scopes(text: &str) -> Vec<String> {
    sorted(text.split([' ', ',', '\t', '\n']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

pub(crate) fn sorted(mut scopes: Vec<String>) -> Vec<String> {
    scopes.sort();
    scopes.dedup();
    scopes
}

/// What a scope is for.
#[derive(Debug)]
pub(crate) struct ScopeUse {
    pub scope: &'static str,
    /// What does not work without it, in a sentence.
    pub costs: &'static str,
    pub needed_to_publish: bool,
}

/// What was asked for and not granted, in the order it was asked for.
pub(crate) fn missing(asked: &[String], granted: &[String], uses: &[ScopeUse]) -> Vec<MissingScope> {
    let missing = asked.iter().filter(|scope| !granted.contains(scope));
    missing.map(|scope| describe(scope, uses)).collect()
}

/// A missing scope and what it costs.
pub(crate) fn describe(scope: &str, uses: &[ScopeUse]) -> MissingScope {
    let purpose = uses.iter().find(|purpose| purpose.scope == scope);
    MissingScope {
        scope: scope.to_owned(),
        costs: purpose.map_or("Some features may not work.", |purpose| purpose.costs).to_owned(),
        needed_to_publish: purpose.is_some_and(|purpose| purpose.needed_to_publish),
    }
}

/// What an OAuth error (`{"error": "…", "error_description": "…"}`, RFC 6749 5.2) means.
pub(crate) fn verdict(platform: Platform, operation: Operation, status: StatusCode, json: Option<&Value>) -> Verdict {
    let code = json.and_then(|json| json.get("error")).and_then(Value::as_str);
    let verdict = match (code, status, operation) {
        (_, StatusCode::TOO_MANY_REQUESTS, _) => Verdict::new(ErrorClass::RateLimited),
        (_, status, _) if status.is_server_error() => Verdict::new(ErrorClass::Transient),
        (
            Some(
                "invalid_client"
                | "unauthorized_client"
                | "unsupported_grant_type"
                | "invalid_redirect_uri"
                | "invalid_scope",
            ),
            ..,
        )
        | (_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, _) => app_refused(platform),
        (_, _, Operation::Exchange) => code_refused(platform),
        // `invalid_grant`, and the `invalid_request` that X answers with for a used or revoked token.
        (Some("invalid_grant" | "invalid_request"), ..) => Verdict::new(ErrorClass::AuthRevoked),
        _ => Verdict::new(ErrorClass::Transient),
    };
    Verdict { code: code.map(str::to_owned), ..verdict }
}

/// Client id, secret or redirect address do not fit what the platform has registered.
pub(crate) fn app_refused(platform: Platform) -> Verdict {
    Verdict::new(ErrorClass::Operator).saying(format!(
        "{} refused Arctiv's app settings. Whoever runs this Arctiv must check client id, secret and redirect address.",
        platform.label()
    ))
}

/// The code of the callback was expired, used, or never issued.
pub(crate) fn code_refused(platform: Platform) -> Verdict {
    Verdict::new(ErrorClass::Validation)
        .saying(format!("The sign-in at {} took too long or was used twice. Please start again.", platform.label()))
}

/// Our client as the `oauth2` crate wants one. A closure would do, were its future not generic over lifetimes, which
/// the adapters' futures, having to be `Send`, cannot hold.
pub(crate) struct Carrier<'a> {
    pub http: &'a Http,
    pub dialect: &'static dyn Dialect,
    pub operation: Operation,
    /// What must not show in a trace.
    pub secrets: Vec<SecretString>,
}

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = PlatformError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, PlatformError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Carrier<'_> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PlatformError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse();
        let url = url.map_err(|_| PlatformError::new(self.dialect.platform(), ErrorClass::Operator))?;
        let mut call = Call::new(self.operation, parts.method, url);
        call.headers = parts.headers;
        call.payload = Payload::Raw(body);
        call.secrets.clone_from(&self.secrets);
        let answer = self.http.send(self.dialect, call).await?.answer;
        let mut response = HttpResponse::new(answer.body.to_vec());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// Our error inside the `oauth2` crate's, or one for a success that the crate could not read. Its own text may quote
/// the answer, tokens and all, and is dropped.
pub(crate) fn flatten<T: oauth2::ErrorResponse + 'static>(
    platform: Platform,
    error: RequestTokenError<PlatformError, T>,
) -> PlatformError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            PlatformError::new(platform, ErrorClass::Transient).with_code("unreadable")
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_in_every_spelling() {
        assert_eq!(split_scopes("b a  b"), ["a", "b"]);
        assert_eq!(split_scopes("email,openid,profile"), ["email", "openid", "profile"]);
        assert!(split_scopes("").is_empty());
    }

    #[test]
    fn missing_scopes_say_what_they_cost() {
        let uses = [ScopeUse { scope: "write", costs: "Nothing can be published.", needed_to_publish: true }];
        let asked = ["read".to_owned(), "write".to_owned()];
        assert!(missing(&asked, &asked, &uses).is_empty());
        let missing = missing(&asked, &[], &uses);
        assert_eq!((missing[0].scope.as_str(), missing[0].needed_to_publish), ("read", false));
        assert_eq!((missing[1].costs.as_str(), missing[1].needed_to_publish), ("Nothing can be published.", true));
    }

    #[rstest]
    #[case(Operation::Exchange, 400, "invalid_request", ErrorClass::Validation)]
    #[case(Operation::Exchange, 400, "invalid_grant", ErrorClass::Validation)]
    #[case(Operation::Exchange, 400, "invalid_redirect_uri", ErrorClass::Operator)]
    #[case(Operation::Exchange, 401, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Exchange, 400, "unauthorized_client", ErrorClass::Operator)]
    #[case(Operation::Refresh, 400, "invalid_request", ErrorClass::AuthRevoked)]
    #[case(Operation::Refresh, 400, "invalid_grant", ErrorClass::AuthRevoked)]
    #[case(Operation::Refresh, 401, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Refresh, 429, "too_many", ErrorClass::RateLimited)]
    #[case(Operation::Refresh, 503, "invalid_grant", ErrorClass::Transient)]
    #[case(Operation::Refresh, 400, "server_error", ErrorClass::Transient)]
    #[case(Operation::Revoke, 400, "invalid_request", ErrorClass::AuthRevoked)]
    fn oauth_errors(
        #[case] operation: Operation,
        #[case] status: u16,
        #[case] error: &str,
        #[case] expected: ErrorClass,
    ) {
        let json = json!({"error": error, "error_description": "…"});
        let verdict = verdict(Platform::Twitter, operation, StatusCode::from_u16(status).unwrap(), Some(&json));
        assert_eq!(verdict.class, expected);
        assert_eq!(verdict.code.as_deref(), Some(error));
    }
}

//! What an instance's answers mean.
//!
//! Errors are `{"error": "a sentence"}` (with `error_description` from the OAuth part), translated and without codes; the
//! status tells them apart, and with 401 and 403 the `WWW-Authenticate` header, which says in RFC 6750's words whether
//! it is the token or its scopes. Limits are told with every answer, their end as a time in ISO 8601.

use chrono::{DateTime, Duration, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::{StatusCode, header::HeaderMap};

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, retry_after},
    oauth,
};

/// No limit lasts longer (three hours for posts); a wild header must not park an account for years.
const LONGEST_WINDOW: Duration = Duration::days(1);

/// The way an instance talks.
#[derive(Debug)]
pub(super) struct Rest;

impl Dialect for Rest {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let reset = text("x-ratelimit-reset").and_then(|reset| DateTime::parse_from_rfc3339(reset).ok());
        RateState {
            limit: text("x-ratelimit-limit").and_then(|n| n.parse().ok()),
            // Over the limit it is shown below zero.
            remaining: text("x-ratelimit-remaining")
                .and_then(|n| n.parse::<i64>().ok())
                .map(|n| u64::try_from(n).unwrap_or(0)),
            reset_at: reset.map(|reset| reset.to_utc().clamp(now, now + LONGEST_WINDOW)),
            ..RateState::default()
        }
    }

    fn verdict(&self, operation: Operation, answer: &Answer, now: DateTime<Utc>) -> Verdict {
        match operation {
            Operation::Exchange | Operation::Refresh => {
                return oauth::verdict(PLATFORM, operation, answer.status, answer.json.as_ref());
            }
            // 403: the token is none of this app's, or the app is unknown.
            Operation::Revoke if answer.status == StatusCode::FORBIDDEN => return oauth::app_refused(PLATFORM),
            _ => {}
        }
        let word = challenge(&answer.headers);
        let verdict = match answer.status {
            StatusCode::UNAUTHORIZED => Verdict::new(ErrorClass::AuthExpired),
            StatusCode::FORBIDDEN if word == Some("insufficient_scope") => Verdict::new(ErrorClass::Permission),
            // Suspended, frozen, not confirmed: the token is good, and the account may not.
            StatusCode::FORBIDDEN => Verdict::new(ErrorClass::Policy)
                .saying("The instance has restricted this account. Its owner must sign in there to see why."),
            StatusCode::TOO_MANY_REQUESTS => {
                let reset_at = self.rate(&answer.headers, now).reset_at;
                Verdict::new(ErrorClass::RateLimited).not_before(retry_after(&answer.headers, now).or(reset_at))
            }
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Verdict::new(ErrorClass::Transient)
            }
            // An upload that the instance has swept away; the adapter starts it anew.
            StatusCode::NOT_FOUND if operation == Operation::Stage => Verdict::new(ErrorClass::Transient),
            _ if operation == Operation::Stage => Verdict::new(ErrorClass::MediaInvalid),
            _ => Verdict::new(ErrorClass::Validation),
        };
        Verdict { code: word.map(str::to_owned).or(verdict.code), ..verdict }
    }
}

/// The `error` of a `WWW-Authenticate` header (RFC 6750 3): one of its three words, or nothing.
fn challenge(headers: &HeaderMap) -> Option<&'static str> {
    let header = headers.get(reqwest::header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (_, parameters) = header.split_once(' ')?;
    let error = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("error="))?;
    ["invalid_token", "insufficient_scope", "invalid_request"].into_iter().find(|word| *word == error.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            body: Bytes::from(body.to_string()),
            json: Some(body.clone()),
        }
    }

    fn error(words: &str) -> Value {
        json!({"error": words})
    }

    const SCOPE: (&str, &str) = (
        "www-authenticate",
        "Bearer realm=\"Doorkeeper\", error=\"insufficient_scope\", error_description=\"Access, refused\"",
    );
    const TOKEN: (&str, &str) = ("www-authenticate", "Bearer realm=\"Doorkeeper\", error=\"invalid_token\"");

    #[rstest]
    #[case(401, &[TOKEN], "The access token was revoked", ErrorClass::AuthExpired, Some("invalid_token"))]
    #[case(401, &[], "The access token is invalid", ErrorClass::AuthExpired, None)]
    #[case(403, &[SCOPE], "This action is outside the authorized scopes", ErrorClass::Permission, Some("insufficient_scope"))]
    #[case(403, &[], "Your login is currently disabled", ErrorClass::Policy, None)]
    #[case(422, &[], "Validation failed: Text can't be blank", ErrorClass::Validation, None)]
    #[case(404, &[], "Record not found", ErrorClass::Validation, None)]
    #[case(429, &[], "Too many requests", ErrorClass::RateLimited, None)]
    #[case(503, &[], "Remote data could not be fetched", ErrorClass::Transient, None)]
    #[case(500, &[], "", ErrorClass::Transient, None)]
    fn posting(
        #[case] status: u16,
        #[case] headers: &[(&'static str, &str)],
        #[case] words: &str,
        #[case] expected: ErrorClass,
        #[case] code: Option<&str>,
    ) {
        let verdict = Rest.verdict(Operation::Commit, &answer(status, headers, &error(words)), now());
        assert_eq!((verdict.class, verdict.code.as_deref()), (expected, code));
    }

    #[rstest]
    #[case(422, ErrorClass::MediaInvalid)]
    #[case(413, ErrorClass::MediaInvalid)]
    #[case(404, ErrorClass::Transient)]
    #[case(500, ErrorClass::Transient)]
    #[case(401, ErrorClass::AuthExpired)]
    fn uploading(#[case] status: u16, #[case] expected: ErrorClass) {
        let verdict = Rest.verdict(Operation::Stage, &answer(status, &[], &error("…")), now());
        assert_eq!(verdict.class, expected);
    }

    #[rstest]
    #[case(Operation::Exchange, 400, "invalid_grant", ErrorClass::Validation)]
    #[case(Operation::Exchange, 401, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Exchange, 400, "invalid_scope", ErrorClass::Operator)]
    #[case(Operation::Revoke, 403, "unauthorized_client", ErrorClass::Operator)]
    #[case(Operation::Revoke, 503, "", ErrorClass::Transient)]
    fn tokens(#[case] operation: Operation, #[case] status: u16, #[case] word: &str, #[case] expected: ErrorClass) {
        let verdict = Rest.verdict(operation, &answer(status, &[], &error(word)), now());
        assert_eq!(verdict.class, expected);
    }

    #[test]
    fn a_limit_ends_when_its_header_says() {
        let headers = [
            ("x-ratelimit-limit", "300"),
            ("x-ratelimit-remaining", "-2"),
            ("x-ratelimit-reset", "2026-11-20T12:05:00.123456Z"),
        ];
        let limited = answer(429, &headers, &error("Too many requests"));
        let reset = "2026-11-20T12:05:00.123456Z".parse::<DateTime<Utc>>().unwrap();
        let state = Rest.rate(&limited.headers, now());
        assert_eq!((state.limit, state.remaining, state.reset_at), (Some(300), Some(0), Some(reset)));
        assert_eq!(Rest.verdict(Operation::Commit, &limited, now()).retry_at, Some(reset));
        let wild = answer(429, &[("x-ratelimit-reset", "2099-01-01T00:00:00Z")], &Value::Null);
        assert_eq!(Rest.rate(&wild.headers, now()).reset_at, Some(now() + LONGEST_WINDOW));
        let broken = answer(429, &[("x-ratelimit-reset", "soon"), ("x-ratelimit-remaining", "many")], &Value::Null);
        assert_eq!(Rest.rate(&broken.headers, now()), RateState::default());
    }
}

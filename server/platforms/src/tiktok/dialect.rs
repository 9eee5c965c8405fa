//! What TikTok's answers mean (platforms.md 5, Errors).
//!
//! Errors are words: `{"data", "error": {"code", "message", "log_id"}}`, where `ok` is success, whatever the HTTP status.
//! The token service answers in OAuth's form, sometimes with status 200. A post that failed later names its reason in
//! the same words.

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, retry_after},
    oauth,
};

/// TikTok's way of talking.
#[derive(Debug)]
pub(super) struct OpenApi;

impl Dialect for OpenApi {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, _headers: &HeaderMap, _now: DateTime<Utc>) -> RateState {
        // Limits are documented and not told.
        RateState::default()
    }

    fn refuses(&self, answer: &Answer) -> bool {
        word(answer).is_some()
    }

    fn verdict(&self, operation: Operation, answer: &Answer, now: DateTime<Utc>) -> Verdict {
        let word = word(answer);
        if matches!(operation, Operation::Exchange | Operation::Refresh | Operation::Revoke) {
            return token_service(operation, answer, word);
        }
        let verdict = word.and_then(by_word).unwrap_or_else(|| by_status(answer.status));
        let asked = retry_after(&answer.headers, now);
        Verdict { code: word.map(str::to_owned), ..verdict }.not_before(asked)
    }
}

/// The error's word; `None` for success, and for answers in no form of TikTok's.
fn word(answer: &Answer) -> Option<&str> {
    let error = answer.json.as_ref()?.get("error")?;
    let word = match error {
        Value::String(word) => word.as_str(),
        other => other.get("code")?.as_str()?,
    };
    (!word.is_empty() && word != "ok").then_some(word)
}

fn token_service(operation: Operation, answer: &Answer, word: Option<&str>) -> Verdict {
    match word {
        // The request, not the token.
        Some("invalid_request") if operation == Operation::Refresh => {
            Verdict { code: word.map(str::to_owned), ..oauth::app_refused(PLATFORM) }
        }
        Some("access_token_invalid") => Verdict::new(ErrorClass::AuthRevoked).with_code("access_token_invalid"),
        _ => oauth::verdict(PLATFORM, operation, answer.status, answer.json.as_ref()),
    }
}

/// What a word means, in an error or as the reason why a post failed.
pub(super) fn by_word(word: &str) -> Option<Verdict> {
    use ErrorClass::{
        AuthExpired, AuthRevoked, MediaInvalid, Operator, Permission, Policy, QuotaDaily, RateLimited, Transient,
        Validation,
    };
    let (class, message) = match word {
        "access_token_invalid" => (AuthExpired, None),
        "auth_removed" => (AuthRevoked, Some("The creator has removed Arctiv in their TikTok settings.")),
        "scope_not_authorized" | "scope_permission_missed" => (Permission, None),
        "rate_limit_exceeded" => (RateLimited, None),
        "spam_risk_too_many_posts" => (QuotaDaily, Some("TikTok takes no more posts from this creator today.")),
        "spam_risk_too_many_pending_share" => {
            (QuotaDaily, Some("Too many posts wait in this creator's inbox. Some must be finished or removed first."))
        }
        "reached_active_user_cap" => (QuotaDaily, Some("TikTok allows this Arctiv's app no more creators today.")),
        "spam_risk_text" => {
            (Validation, Some("TikTok takes the words of this post for spam. Write them anew, then retry."))
        }
        "spam_risk" => (Policy, Some("TikTok takes this creator's posts for spam. They should look there.")),
        "spam_risk_user_banned_from_posting" => (Policy, Some("TikTok has banned this creator from posting.")),
        "unaudited_client_can_only_post_to_private_accounts" => (
            Operator,
            Some("TikTok has not audited this Arctiv's app yet: until then it may post to private accounts only."),
        ),
        "url_ownership_unverified" => (
            Operator,
            Some(
                "TikTok fetches from verified addresses only. Whoever runs this Arctiv must verify its address there.",
            ),
        ),
        "privacy_level_option_mismatch" => {
            (Validation, Some("This creator can no longer choose who may see it like that. Choose again, then retry."))
        }
        "invalid_param" | "invalid_params" => (Validation, None),
        "publish_cancelled" => (Validation, Some("The creator has cancelled this post at TikTok.")),
        "app_version_check_failed" => {
            (Validation, Some("The creator's TikTok app is too old to finish a post from here. They should update it."))
        }
        // Asked about a post that it does not know, or no longer.
        "invalid_publish_id" | "token_not_authorized_for_specified_publish_id" => {
            (Validation, Some("TikTok no longer knows this post by the handle that it gave for it."))
        }
        "file_format_check_failed" => {
            (MediaInvalid, Some("TikTok takes videos as MP4, MOV or WebM, pictures as JPG or WebP."))
        }
        "duration_check_failed" => (MediaInvalid, Some("TikTok takes no video of this length from this creator.")),
        "frame_rate_check_failed" => (MediaInvalid, Some("TikTok takes videos of 23 to 60 frames a second.")),
        "picture_size_check_failed" => (MediaInvalid, Some("TikTok takes no media of this size in pixels.")),
        "video_pull_failed" | "photo_pull_failed" => (Transient, Some("TikTok could not fetch the media from us.")),
        "internal" | "internal_error" => (Transient, None),
        _ => return None,
    };
    Some(Verdict { message: message.map(Into::into), ..Verdict::new(class) })
}

/// For answers without a word we know: of gateways, of the upload host, new ones.
fn by_status(status: StatusCode) -> Verdict {
    Verdict::new(match status {
        StatusCode::UNAUTHORIZED => ErrorClass::AuthExpired,
        StatusCode::FORBIDDEN => ErrorClass::Permission,
        StatusCode::TOO_MANY_REQUESTS => ErrorClass::RateLimited,
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => ErrorClass::Transient,
        _ => ErrorClass::Validation,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            json: Some(body.clone()),
        }
    }

    fn verdict(operation: Operation, status: u16, body: &Value) -> Verdict {
        OpenApi.verdict(operation, &answer(status, body), "2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[rstest]
    #[case("access_token_invalid", 401, ErrorClass::AuthExpired)]
    #[case("auth_removed", 401, ErrorClass::AuthRevoked)]
    #[case("scope_not_authorized", 401, ErrorClass::Permission)]
    #[case("scope_permission_missed", 401, ErrorClass::Permission)]
    #[case("rate_limit_exceeded", 429, ErrorClass::RateLimited)]
    #[case("spam_risk_too_many_posts", 403, ErrorClass::QuotaDaily)]
    #[case("reached_active_user_cap", 403, ErrorClass::QuotaDaily)]
    #[case("spam_risk_too_many_pending_share", 403, ErrorClass::QuotaDaily)]
    #[case("spam_risk_user_banned_from_posting", 403, ErrorClass::Policy)]
    #[case("unaudited_client_can_only_post_to_private_accounts", 403, ErrorClass::Operator)]
    #[case("url_ownership_unverified", 403, ErrorClass::Operator)]
    #[case("privacy_level_option_mismatch", 403, ErrorClass::Validation)]
    #[case("invalid_param", 400, ErrorClass::Validation)]
    #[case("invalid_params", 400, ErrorClass::Validation)]
    #[case("spam_risk", 403, ErrorClass::Policy)]
    #[case("spam_risk_text", 400, ErrorClass::Validation)]
    #[case("app_version_check_failed", 400, ErrorClass::Validation)]
    #[case("invalid_publish_id", 400, ErrorClass::Validation)]
    #[case("token_not_authorized_for_specified_publish_id", 403, ErrorClass::Validation)]
    #[case("file_format_check_failed", 400, ErrorClass::MediaInvalid)]
    #[case("duration_check_failed", 400, ErrorClass::MediaInvalid)]
    #[case("frame_rate_check_failed", 400, ErrorClass::MediaInvalid)]
    #[case("picture_size_check_failed", 400, ErrorClass::MediaInvalid)]
    #[case("video_pull_failed", 400, ErrorClass::Transient)]
    #[case("photo_pull_failed", 400, ErrorClass::Transient)]
    #[case("publish_cancelled", 400, ErrorClass::Validation)]
    #[case("internal", 500, ErrorClass::Transient)]
    #[case("internal_error", 500, ErrorClass::Transient)]
    #[case("never_heard_of", 503, ErrorClass::Transient)]
    #[case("never_heard_of", 403, ErrorClass::Permission)]
    #[case("never_heard_of", 400, ErrorClass::Validation)]
    fn words(#[case] word: &str, #[case] status: u16, #[case] expected: ErrorClass) {
        let body = json!({"data": {}, "error": {"code": word, "message": "…", "log_id": "1"}});
        for status in [status, 200] {
            assert!(OpenApi.refuses(&answer(status, &body)));
        }
        let verdict = verdict(Operation::Stage, status, &body);
        assert_eq!((verdict.class, verdict.code.as_deref()), (expected, Some(word)));
    }

    #[rstest]
    #[case(json!({"data": {}, "error": {"code": "ok", "message": ""}}))]
    #[case(json!({"access_token": "x"}))]
    #[case(json!({"error": {}}))]
    #[case(json!(null))]
    fn successes(#[case] body: Value) {
        assert!(!OpenApi.refuses(&answer(200, &body)));
    }

    #[rstest]
    #[case(Operation::Refresh, 200, "invalid_grant", ErrorClass::AuthRevoked)]
    #[case(Operation::Refresh, 400, "invalid_grant", ErrorClass::AuthRevoked)]
    #[case(Operation::Refresh, 400, "invalid_request", ErrorClass::Operator)]
    #[case(Operation::Refresh, 401, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Refresh, 200, "unauthorized_client", ErrorClass::Operator)]
    #[case(Operation::Refresh, 500, "server_error", ErrorClass::Transient)]
    #[case(Operation::Exchange, 200, "invalid_grant", ErrorClass::Validation)]
    #[case(Operation::Exchange, 200, "invalid_request", ErrorClass::Validation)]
    #[case(Operation::Exchange, 200, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Revoke, 401, "access_token_invalid", ErrorClass::AuthRevoked)]
    fn tokens(#[case] operation: Operation, #[case] status: u16, #[case] word: &str, #[case] expected: ErrorClass) {
        let body = json!({"error": word, "error_description": "…", "log_id": "1"});
        assert!(OpenApi.refuses(&answer(status, &body)));
        let verdict = verdict(operation, status, &body);
        assert_eq!((verdict.class, verdict.code.as_deref()), (expected, Some(word)));
    }

    #[rstest]
    #[case(401, ErrorClass::AuthExpired)]
    #[case(429, ErrorClass::RateLimited)]
    #[case(504, ErrorClass::Transient)]
    fn without_a_word(#[case] status: u16, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Find, status, &json!(null)).class, expected);
    }
}

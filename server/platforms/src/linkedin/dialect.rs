//! What `LinkedIn`'s answers mean (platforms.md 4, Errors).
//!
//! Errors are `{"status", "code", "serviceErrorCode", "message"}`; the token service answers in OAuth's own form.

use chrono::{DateTime, Days, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, retry_after},
    oauth,
};

/// `LinkedIn`'s way of talking.
#[derive(Debug)]
pub(super) struct Restli;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    code: Option<Value>,
    service_error_code: Option<i64>,
    message: Option<String>,
}

impl Body {
    /// `code`, which is a word in new services and a number in old ones.
    fn word(&self) -> Option<&str> {
        self.code.as_ref().and_then(Value::as_str)
    }

    /// The post that this one repeats, where the sentence is the one that names it: `Content is a duplicate of urn:li:…`.
    fn repeated(&self) -> Option<&str> {
        self.message.as_deref()?.strip_prefix("Content is a duplicate of ").filter(|urn| urn.starts_with("urn:li:"))
    }

    /// What a throttle counts by, where the sentence is the one about throttles: `DAY` of `Resource level throttle MEMBER DAY
    /// limit for calls to this resource is reached.`
    fn throttled_by(&self) -> Option<&str> {
        let counted = self.message.as_deref()?.strip_prefix("Resource level throttle ")?;
        counted.split_once(" limit for calls to this resource")?.0.rsplit(' ').next()
    }

    fn for_log(&self) -> Option<String> {
        let word = self.code.as_ref().map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        match (word, self.service_error_code) {
            (Some(word), Some(number)) => Some(format!("{word}/{number}")),
            (Some(word), None) => Some(word),
            (None, number) => number.map(|number| number.to_string()),
        }
    }
}

impl Dialect for Restli {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, _headers: &HeaderMap, _now: DateTime<Utc>) -> RateState {
        // Quotas are shown in the developer portal only.
        RateState::default()
    }

    fn verdict(&self, operation: Operation, answer: &Answer, now: DateTime<Utc>) -> Verdict {
        if matches!(operation, Operation::Exchange | Operation::Refresh | Operation::Revoke | Operation::Probe) {
            return oauth::verdict(PLATFORM, operation, answer.status, answer.json.as_ref());
        }
        let body = answer.json.as_ref().and_then(|json| Body::deserialize(json).ok()).unwrap_or_default();
        let verdict = judge(operation, answer, &body, now);
        Verdict { code: body.for_log(), ..verdict }
    }
}

fn judge(operation: Operation, answer: &Answer, body: &Body, now: DateTime<Utc>) -> Verdict {
    match answer.status {
        StatusCode::UNAUTHORIZED => Verdict::new(match (body.service_error_code, body.word()) {
            (Some(65_601), _) | (_, Some("REVOKED_ACCESS_TOKEN")) => ErrorClass::AuthRevoked,
            // 65602 has expired; 65600 and anything else may be a token just replaced.
            _ => ErrorClass::AuthExpired,
        }),
        StatusCode::FORBIDDEN => Verdict::new(ErrorClass::Permission),
        StatusCode::UPGRADE_REQUIRED => Verdict::new(ErrorClass::Operator)
            .saying("LinkedIn has switched off the version of its API that this Arctiv uses. It needs an update."),
        StatusCode::TOO_MANY_REQUESTS => too_many(answer, body, now),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Verdict::new(ErrorClass::Transient)
        }
        _ => match body.word() {
            Some("MEDIA_ASSET_WAITING_UPLOAD") => Verdict::new(ErrorClass::MediaProcessing),
            Some("MEDIA_ASSET_PROCESSING_FAILED") => Verdict::new(ErrorClass::MediaInvalid),
            // The word is not documented, so the form of the sentence, which names the post there is, counts too.
            Some("DUPLICATE_POST") => Verdict::new(ErrorClass::Duplicate),
            _ if answer.status == StatusCode::UNPROCESSABLE_ENTITY && body.repeated().is_some() => {
                Verdict::new(ErrorClass::Duplicate)
            }
            _ if operation == Operation::Stage => Verdict::new(ErrorClass::MediaInvalid),
            _ => Verdict::new(ErrorClass::Validation),
        },
    }
}

/// A limit of the day ends at midnight UTC; others say nothing of their end, and the caller backs off.
fn too_many(answer: &Answer, body: &Body, now: DateTime<Utc>) -> Verdict {
    let asked = retry_after(&answer.headers, now);
    if body.throttled_by() == Some("DAY") {
        let midnight = now.date_naive().checked_add_days(Days::new(1)).and_then(|day| day.and_hms_opt(0, 0, 0));
        return Verdict::new(ErrorClass::QuotaDaily).not_before(asked.or(midnight.map(|midnight| midnight.and_utc())));
    }
    Verdict::new(ErrorClass::RateLimited).not_before(asked)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn verdict(operation: Operation, status: u16, body: &Value) -> Verdict {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            json: Some(body.clone()),
        };
        Restli.verdict(operation, &answer, "2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[rstest]
    #[case(401, json!({"serviceErrorCode": 65600, "code": "INVALID_ACCESS_TOKEN"}), ErrorClass::AuthExpired)]
    #[case(401, json!({"serviceErrorCode": 65601, "code": "REVOKED_ACCESS_TOKEN"}), ErrorClass::AuthRevoked)]
    #[case(401, json!({"code": "REVOKED_ACCESS_TOKEN"}), ErrorClass::AuthRevoked)]
    #[case(401, json!({"serviceErrorCode": 65602, "code": "EXPIRED_ACCESS_TOKEN"}), ErrorClass::AuthExpired)]
    #[case(401, json!(null), ErrorClass::AuthExpired)]
    #[case(403, json!({"serviceErrorCode": 100, "code": "ACCESS_DENIED"}), ErrorClass::Permission)]
    #[case(400, json!({"code": "MEDIA_ASSET_WAITING_UPLOAD"}), ErrorClass::MediaProcessing)]
    #[case(400, json!({"code": "MEDIA_ASSET_PROCESSING_FAILED"}), ErrorClass::MediaInvalid)]
    #[case(400, json!({"code": "INVALID_VALUE_FOR_FIELD"}), ErrorClass::Validation)]
    #[case(422, json!({"code": "INVALID_VALUE_FOR_FIELD", "message": "too long"}), ErrorClass::Validation)]
    #[case(422, json!({"message": "Content is a duplicate of urn:li:share:1"}), ErrorClass::Duplicate)]
    // A word in a sentence about something else proves nothing.
    #[case(422, json!({"message": "The duplicate field /author is not allowed"}), ErrorClass::Validation)]
    #[case(401, json!({"serviceErrorCode": 65603, "code": "EMPTY_ACCESS_TOKEN"}), ErrorClass::AuthExpired)]
    #[case(403, json!(null), ErrorClass::Permission)]
    #[case(408, json!(null), ErrorClass::Transient)]
    #[case(422, json!({"code": "DUPLICATE_POST"}), ErrorClass::Duplicate)]
    #[case(426, json!({"code": "NONEXISTENT_VERSION"}), ErrorClass::Operator)]
    #[case(429, json!({"code": "TOO_MANY_REQUESTS"}), ErrorClass::RateLimited)]
    #[case(500, json!({"code": "INTERNAL_SERVER_ERROR"}), ErrorClass::Transient)]
    #[case(503, json!(null), ErrorClass::Transient)]
    fn posting(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Commit, status, &body).class, expected);
    }

    #[rstest]
    #[case(400, ErrorClass::MediaInvalid)]
    #[case(401, ErrorClass::AuthExpired)]
    #[case(403, ErrorClass::Permission)]
    #[case(503, ErrorClass::Transient)]
    fn uploading(#[case] status: u16, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Stage, status, &json!({})).class, expected);
    }

    #[rstest]
    #[case(Operation::Exchange, 400, "invalid_request", ErrorClass::Validation)]
    #[case(Operation::Exchange, 401, "invalid_client", ErrorClass::Operator)]
    #[case(Operation::Refresh, 400, "invalid_grant", ErrorClass::AuthRevoked)]
    #[case(Operation::Refresh, 400, "invalid_request", ErrorClass::AuthRevoked)]
    fn tokens(#[case] operation: Operation, #[case] status: u16, #[case] error: &str, #[case] expected: ErrorClass) {
        assert_eq!(verdict(operation, status, &json!({"error": error, "error_description": "…"})).class, expected);
    }

    #[test]
    fn the_day_ends_at_midnight_utc() {
        let message = "Resource level throttle MEMBER DAY limit for calls to this resource is reached.";
        let daily = verdict(Operation::Commit, 429, &json!({"message": message, "serviceErrorCode": 101}));
        assert_eq!(daily.class, ErrorClass::QuotaDaily);
        assert_eq!(daily.retry_at, Some("2026-11-21T00:00:00Z".parse().unwrap()));
        let of_the_app = "Resource level throttle DAY limit for calls to this resource is reached.";
        assert_eq!(verdict(Operation::Commit, 429, &json!({"message": of_the_app})).class, ErrorClass::QuotaDaily);
        let of_a_minute = "Resource level throttle APPLICATION MINUTE limit for calls to this resource is reached.";
        assert_eq!(verdict(Operation::Commit, 429, &json!({"message": of_a_minute})).class, ErrorClass::RateLimited);
        assert_eq!(verdict(Operation::Commit, 429, &json!({})).retry_at, None);
    }

    #[rstest]
    #[case(json!({"code": "ACCESS_DENIED", "serviceErrorCode": 100}), Some("ACCESS_DENIED/100"))]
    #[case(json!({"serviceErrorCode": 65601}), Some("65601"))]
    #[case(json!({"code": 7}), Some("7"))]
    #[case(json!({}), None)]
    fn codes_for_the_log(#[case] body: Value, #[case] expected: Option<&str>) {
        assert_eq!(verdict(Operation::Commit, 403, &body).code.as_deref(), expected);
    }
}

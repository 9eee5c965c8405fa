//! What X's answers mean (platforms.md 3, Errors).
//!
//! Errors come as problem documents (`type`, `title`, `detail`), as lists (`errors: [{message, parameters}]`), and from
//! older parts as `errors: [{code, message}]`. Some refusals share one type and differ in their `detail` alone: those
//! sentences are known ones, compared as a whole.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, retry_after, x_headers},
    oauth,
};

/// X's way of talking.
#[derive(Debug)]
pub(super) struct X;

impl Dialect for X {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
        x_headers(headers, now)
    }

    fn verdict(&self, operation: Operation, answer: &Answer, now: DateTime<Utc>) -> Verdict {
        if matches!(operation, Operation::Exchange | Operation::Refresh | Operation::Revoke) {
            return oauth::verdict(PLATFORM, operation, answer.status, answer.json.as_ref());
        }
        let problem = Problem::read(answer.json.as_ref());
        let verdict = judge(operation, answer, &problem, now);
        Verdict { code: problem.code().map(Cow::into_owned), ..verdict }
    }
}

fn judge(operation: Operation, answer: &Answer, problem: &Problem<'_>, now: DateTime<Utc>) -> Verdict {
    // Of whatever status: the plan's money or monthly posts are used up.
    if problem.is("usage-capped") || answer.status == StatusCode::PAYMENT_REQUIRED {
        return Verdict::new(ErrorClass::Billing);
    }
    if let Some(verdict) = problem.number().and_then(by_number) {
        return verdict;
    }
    match answer.status {
        StatusCode::UNAUTHORIZED => Verdict::new(ErrorClass::AuthExpired),
        // Of a post it says nothing of the account; and after an unclear answer it may well be this post that X has.
        StatusCode::FORBIDDEN if operation == Operation::Commit && problem.says(NOT_PERMITTED) => {
            Verdict::new(ErrorClass::Duplicate).saying(REPEATED_OR_LIMITED)
        }
        StatusCode::FORBIDDEN => forbidden(problem),
        StatusCode::TOO_MANY_REQUESTS => {
            let rate = x_headers(&answer.headers, now);
            let class = if rate.daily { ErrorClass::QuotaDaily } else { ErrorClass::RateLimited };
            // X names the end of the window and sends no `Retry-After`; a gateway in front of it may.
            let reset_at = rate.reset_at.filter(|_| rate.remaining.is_none_or(|remaining| remaining == 0));
            Verdict::new(class).not_before(reset_at.or_else(|| retry_after(&answer.headers, now)))
        }
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Verdict::new(ErrorClass::Transient)
        }
        // An upload that has expired meanwhile; the adapter starts it anew.
        StatusCode::NOT_FOUND if operation == Operation::Stage => Verdict::new(ErrorClass::Transient),
        _ if operation == Operation::Stage || problem.blames("media") => Verdict::new(ErrorClass::MediaInvalid),
        _ => Verdict::new(ErrorClass::Validation),
    }
}

/// What a number of the older API says, whatever the status.
fn by_number(code: u64) -> Option<Verdict> {
    use ErrorClass::{AuthExpired, Duplicate, MediaInvalid, Operator, Policy, QuotaDaily, Transient, Validation};
    let (class, message) = match code {
        32 | 89 => (AuthExpired, None),
        63 | 64 | 141 => (Policy, Some(SUSPENDED)),
        226 => (Policy, Some("X takes this post for an automated one. The account's owner should look there.")),
        326 => (Policy, Some(LOCKED)),
        187 => (Duplicate, None),
        185 | 344 => (QuotaDaily, None),
        186 => (Validation, Some("X says that this post is too long.")),
        433 => (Validation, Some("The author of the post this one replies to lets only some people reply.")),
        323..=325 => (MediaInvalid, None),
        130 | 131 => (Transient, None),
        261 | 416 | 453 => (Operator, Some(NOT_ALLOWED)),
        _ => return None,
    };
    Some(Verdict { message: message.map(Into::into), ..Verdict::new(class) })
}

const SUSPENDED: &str = "X has suspended this account. Its owner must resolve that at X.";
const LOCKED: &str = "X has locked this account. Its owner must sign in at X to unlock it.";
const NOT_ALLOWED: &str = "X refused the app: its plan or its permissions do not allow this.";
const NOT_PERMITTED: &str = "You are not permitted to perform this action.";
const REPEATED_OR_LIMITED: &str = "X does not permit this post and does not say why. Mostly it has the same words as an \
                                   earlier one, or answers a post whose author lets only some people reply.";
const ONE_CASHTAG: &str = "X allows one cashtag per post at most.";

/// X's sentences for refusals that share the type `about:blank`.
const SENTENCES: [(&str, ErrorClass, Option<&str>); 8] = [
    ("You are not allowed to create a Tweet with duplicate content.", ErrorClass::Duplicate, None),
    ("You are not allowed to create a Post with duplicate content.", ErrorClass::Duplicate, None),
    ("Status is a duplicate.", ErrorClass::Duplicate, None),
    ("Your account is suspended and is not permitted to access this feature.", ErrorClass::Policy, Some(SUSPENDED)),
    ("To protect our users, this account is temporarily locked.", ErrorClass::Policy, Some(LOCKED)),
    (
        "To protect our users from spam and other malicious activity, this account is temporarily locked.",
        ErrorClass::Policy,
        Some(LOCKED),
    ),
    ("You may not use more than one cashtag in a post.", ErrorClass::Validation, Some(ONE_CASHTAG)),
    ("A post may hold at most one cashtag.", ErrorClass::Validation, Some(ONE_CASHTAG)),
];

fn forbidden(problem: &Problem<'_>) -> Verdict {
    if let Some((_, class, message)) = SENTENCES.iter().find(|(sentence, ..)| problem.says(sentence)) {
        return Verdict { message: message.map(Into::into), ..Verdict::new(*class) };
    }
    if problem.is("user-suspended") {
        return Verdict::new(ErrorClass::Policy).saying(SUSPENDED);
    }
    if problem.is("client-forbidden") || problem.is("oauth1-permissions") {
        return Verdict::new(ErrorClass::Operator).saying(NOT_ALLOWED);
    }
    if problem.is("unsupported-authentication") {
        return Verdict::new(ErrorClass::Operator);
    }
    if problem.is("disallowed-resource") {
        return Verdict::new(ErrorClass::Validation).saying("X says that this post breaks its rules.");
    }
    Verdict::new(ErrorClass::Permission)
}

/// What an error body says, whichever form it has.
struct Problem<'a> {
    kind: Option<&'a str>,
    title: Option<&'a str>,
    detail: Option<&'a str>,
    errors: &'a [Value],
}

impl<'a> Problem<'a> {
    fn read(json: Option<&'a Value>) -> Self {
        let text = |name: &str| json.and_then(|json| json.get(name)).and_then(Value::as_str);
        let errors = json.and_then(|json| json.get("errors")).and_then(Value::as_array);
        Self {
            // `https://api.x.com/2/problems/usage-capped`
            kind: text("type").and_then(|kind| kind.rsplit('/').next()).filter(|kind| *kind != "about:blank"),
            title: text("title"),
            detail: text("detail"),
            errors: errors.map_or(&[], Vec::as_slice),
        }
    }

    fn is(&self, kind: &str) -> bool {
        let of = |error: &Value| {
            error.get("type").and_then(Value::as_str).and_then(|kind| kind.rsplit('/').next()).map(str::to_owned)
        };
        self.kind == Some(kind) || self.errors.iter().any(|error| of(error).as_deref() == Some(kind))
    }

    /// The number of the older API.
    fn number(&self) -> Option<u64> {
        self.errors.iter().find_map(|error| error.get("code").and_then(Value::as_u64))
    }

    /// Whether one of the sentences meant for people is this one.
    fn says(&self, sentence: &str) -> bool {
        let of_errors = self
            .errors
            .iter()
            .flat_map(|error| [error.get("detail"), error.get("message")])
            .filter_map(|text| text.and_then(Value::as_str));
        self.detail.into_iter().chain(of_errors).any(|text| text.trim().eq_ignore_ascii_case(sentence))
    }

    /// Whether one of the parameters blamed belongs to `group` (`media.media_ids`).
    fn blames(&self, group: &str) -> bool {
        self.errors
            .iter()
            .filter_map(|error| error.get("parameters").and_then(Value::as_object))
            .flat_map(|parameters| parameters.keys())
            .any(|name| name.split('.').next() == Some(group))
    }

    fn code(&self) -> Option<Cow<'a, str>> {
        let number = || self.number().map(|code| Cow::Owned(code.to_string()));
        self.kind.map(Cow::Borrowed).or_else(number).or_else(|| self.title.map(Cow::Borrowed))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn answer(status: u16, headers: &[(&'static str, &str)], json: &Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            body: Bytes::from(json.to_string()),
            json: Some(json.clone()),
        }
    }

    fn verdict(operation: Operation, answer: &Answer) -> Verdict {
        X.verdict(operation, answer, NOW.parse().unwrap())
    }

    fn problem(kind: &str) -> Value {
        json!({"type": format!("https://api.x.com/2/problems/{kind}"), "title": "…", "detail": "…", "status": 403})
    }

    fn plain(detail: &str) -> Value {
        json!({"type": "about:blank", "title": "Forbidden", "detail": detail, "status": 403})
    }

    #[rstest]
    #[case(401, plain("Unauthorized"), ErrorClass::AuthExpired)]
    #[case(403, plain("You are not allowed to create a Tweet with duplicate content."), ErrorClass::Duplicate)]
    #[case(403, json!({"errors": [{"code": 187, "message": "Status is a duplicate."}]}), ErrorClass::Duplicate)]
    #[case(403, plain("You are not permitted to perform this action."), ErrorClass::Duplicate)]
    #[case(403, plain("Something else is not permitted."), ErrorClass::Permission)]
    #[case(403, plain("You may not use more than one cashtag in a post."), ErrorClass::Validation)]
    #[case(403, plain("you are not allowed to create a post with duplicate content."), ErrorClass::Duplicate)]
    // Words in a sentence about something else prove nothing.
    #[case(403, plain("You may not reply to a suspended account about duplicate content."), ErrorClass::Permission)]
    #[case(403, problem("oauth1-permissions"), ErrorClass::Operator)]
    #[case(403, problem("disallowed-resource"), ErrorClass::Validation)]
    #[case(403, problem("client-forbidden"), ErrorClass::Operator)]
    #[case(403, problem("unsupported-authentication"), ErrorClass::Operator)]
    #[case(403, problem("user-suspended"), ErrorClass::Policy)]
    #[case(403, json!({"errors": [{"code": 64, "message": "…"}]}), ErrorClass::Policy)]
    #[case(403, json!({"errors": [{"code": 326, "message": "…"}]}), ErrorClass::Policy)]
    #[case(403, plain("To protect our users, this account is temporarily locked."), ErrorClass::Policy)]
    #[case(403, plain("A post may hold at most one cashtag."), ErrorClass::Validation)]
    #[case(403, problem("usage-capped"), ErrorClass::Billing)]
    #[case(429, problem("usage-capped"), ErrorClass::Billing)]
    #[case(402, json!({"title": "CreditsDepleted"}), ErrorClass::Billing)]
    #[case(429, json!({"title": "Too Many Requests"}), ErrorClass::RateLimited)]
    #[case(400, json!({"errors": [{"message": "…", "parameters": {"text": ["…"]}}], "title": "Invalid Request"}), ErrorClass::Validation)]
    #[case(400, json!({"errors": [{"message": "…", "parameters": {"media.media_ids": ["1"]}}]}), ErrorClass::MediaInvalid)]
    #[case(500, json!({"title": "Internal"}), ErrorClass::Transient)]
    #[case(503, json!({"title": "Service Unavailable"}), ErrorClass::Transient)]
    #[case(408, json!(null), ErrorClass::Transient)]
    #[case(403, json!(null), ErrorClass::Permission)]
    fn posting(#[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Commit, &answer(status, &[], &body)).class, expected);
    }

    #[rstest]
    #[case(32, ErrorClass::AuthExpired)]
    #[case(63, ErrorClass::Policy)]
    #[case(64, ErrorClass::Policy)]
    #[case(89, ErrorClass::AuthExpired)]
    #[case(130, ErrorClass::Transient)]
    #[case(131, ErrorClass::Transient)]
    #[case(141, ErrorClass::Policy)]
    #[case(185, ErrorClass::QuotaDaily)]
    #[case(186, ErrorClass::Validation)]
    #[case(187, ErrorClass::Duplicate)]
    #[case(226, ErrorClass::Policy)]
    #[case(261, ErrorClass::Operator)]
    #[case(323, ErrorClass::MediaInvalid)]
    #[case(324, ErrorClass::MediaInvalid)]
    #[case(325, ErrorClass::MediaInvalid)]
    #[case(326, ErrorClass::Policy)]
    #[case(344, ErrorClass::QuotaDaily)]
    #[case(416, ErrorClass::Operator)]
    #[case(433, ErrorClass::Validation)]
    #[case(453, ErrorClass::Operator)]
    #[case(999, ErrorClass::Permission)]
    fn numbers_of_the_older_api(#[case] code: u64, #[case] expected: ErrorClass) {
        let body = json!({"errors": [{"message": "…"}, {"code": code, "message": "…"}]});
        let verdict = verdict(Operation::Commit, &answer(403, &[], &body));
        assert_eq!((verdict.class, verdict.code), (expected, Some(code.to_string())));
    }

    #[rstest]
    #[case(400, ErrorClass::MediaInvalid)]
    #[case(413, ErrorClass::MediaInvalid)]
    #[case(404, ErrorClass::Transient)]
    #[case(401, ErrorClass::AuthExpired)]
    #[case(429, ErrorClass::RateLimited)]
    #[case(503, ErrorClass::Transient)]
    fn uploading(#[case] status: u16, #[case] expected: ErrorClass) {
        let body = json!({"title": "…", "detail": "…"});
        assert_eq!(verdict(Operation::Stage, &answer(status, &[], &body)).class, expected);
    }

    #[rstest]
    #[case(Operation::Refresh, 400, json!({"error": "invalid_request", "error_description": "Value passed for the token was invalid."}), ErrorClass::AuthRevoked)]
    #[case(Operation::Exchange, 400, json!({"error": "invalid_request", "error_description": "Value passed for the authorization code was invalid."}), ErrorClass::Validation)]
    #[case(Operation::Refresh, 401, json!({"error": "unauthorized_client", "error_description": "Missing valid authorization header"}), ErrorClass::Operator)]
    #[case(Operation::Refresh, 500, json!(null), ErrorClass::Transient)]
    fn tokens(#[case] operation: Operation, #[case] status: u16, #[case] body: Value, #[case] expected: ErrorClass) {
        assert_eq!(verdict(operation, &answer(status, &[], &body)).class, expected);
    }

    #[test]
    fn a_limit_lasts_until_its_window_ends() {
        let window = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1795176600")];
        let limited = verdict(Operation::Commit, &answer(429, &window, &json!({})));
        assert_eq!(limited.retry_at, Some("2026-11-20T12:10:00Z".parse().unwrap()));
        let day = [("x-user-limit-24hour-remaining", "0"), ("x-user-limit-24hour-reset", "1795219200")];
        let daily = verdict(Operation::Commit, &answer(429, &day, &json!({})));
        assert_eq!(daily.class, ErrorClass::QuotaDaily);
        assert_eq!(daily.retry_at, Some("2026-11-21T00:00:00Z".parse().unwrap()));
        let gateway = verdict(Operation::Commit, &answer(429, &[("retry-after", "30")], &json!({})));
        assert_eq!(gateway.retry_at, Some("2026-11-20T12:00:30Z".parse().unwrap()));
    }

    #[rstest]
    #[case(problem("usage-capped"), Some("usage-capped"))]
    #[case(json!({"errors": [{"code": 187, "message": "…"}]}), Some("187"))]
    #[case(plain("…"), Some("Forbidden"))]
    #[case(json!({}), None)]
    fn codes_for_the_log(#[case] body: Value, #[case] expected: Option<&str>) {
        assert_eq!(verdict(Operation::Commit, &answer(403, &[], &body)).code.as_deref(), expected);
    }
}

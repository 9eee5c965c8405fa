//! What Facebook's answers mean (platforms.md 1, Errors): the Graph API's errors, with subcodes of Pages.

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::header::HeaderMap;

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, meta_headers},
    meta::{GraphError, by_code, judge, without_code},
};

/// The Graph API's way of talking.
#[derive(Debug)]
pub(super) struct Graph;

impl Dialect for Graph {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
        meta_headers(headers, now)
    }

    fn verdict(&self, operation: Operation, answer: &Answer, _now: DateTime<Utc>) -> Verdict {
        let Some(error) = GraphError::read(answer) else { return without_code(operation, answer) };
        judge(PLATFORM, operation, answer.status, &error, by_subcode(&error), by_code(&error))
    }
}

fn by_subcode(error: &GraphError) -> Option<Verdict> {
    let (class, message) = match error.error_subcode? {
        1_363_047 | 1_609_010 => (ErrorClass::Transient, None),
        1_366_051 => (ErrorClass::Duplicate, None),
        1_366_046 => (ErrorClass::MediaInvalid, Some("Facebook takes pictures as JPG or PNG of at most 4 MB.")),
        1_609_005 | 1_609_008 => (ErrorClass::Validation, Some("Facebook refused the link of this post.")),
        1_390_008 => (ErrorClass::Policy, Some("Facebook says that this Page is posting too fast.")),
        1_346_003 => (ErrorClass::Policy, Some("People have reported posts of this Page as abusive.")),
        1_404_006 => (ErrorClass::Policy, Some("Facebook asks for a security check. Sign in there to pass it.")),
        1_404_102 => (ErrorClass::Policy, Some("Facebook says that this goes against its community standards.")),
        4_854_002 => (ErrorClass::Policy, Some("Facebook asks the Page's administrator to confirm their identity.")),
        1_404_078 => (
            ErrorClass::Policy,
            Some("Facebook asks for Page Publishing Authorization. Complete it in the Page's settings there."),
        ),
        _ => return None,
    };
    Some(Verdict { message: message.map(Into::into), ..Verdict::new(class) })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn verdict(operation: Operation, status: u16, body: &Value) -> Verdict {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            json: Some(body.clone()),
        };
        Graph.verdict(operation, &answer, "2026-11-20T12:00:00Z".parse().unwrap())
    }

    fn error(code: i64, subcode: Option<i64>) -> Value {
        let mut error = json!({"message": "…", "type": "OAuthException", "code": code, "fbtrace_id": "A"});
        if let Some(subcode) = subcode {
            error["error_subcode"] = subcode.into();
        }
        json!({ "error": error })
    }

    #[rstest]
    fn access_is_gone(
        #[values(
            None,
            Some(458),
            Some(459),
            Some(460),
            Some(461),
            Some(463),
            Some(464),
            Some(465),
            Some(466),
            Some(467),
            Some(468),
            Some(492)
        )]
        subcode: Option<i64>,
    ) {
        assert_eq!(verdict(Operation::Commit, 400, &error(190, subcode)).class, ErrorClass::AuthRevoked);
        assert_eq!(verdict(Operation::Refresh, 400, &error(190, subcode)).class, ErrorClass::AuthRevoked);
    }

    #[rstest]
    #[case(102, None, ErrorClass::AuthRevoked)]
    #[case(10, None, ErrorClass::Permission)]
    #[case(200, None, ErrorClass::Permission)]
    #[case(299, None, ErrorClass::Permission)]
    #[case(3, None, ErrorClass::Permission)]
    #[case(4, None, ErrorClass::RateLimited)]
    #[case(17, None, ErrorClass::RateLimited)]
    #[case(32, None, ErrorClass::RateLimited)]
    #[case(341, None, ErrorClass::RateLimited)]
    #[case(613, None, ErrorClass::RateLimited)]
    #[case(80_000, None, ErrorClass::RateLimited)]
    #[case(80_014, None, ErrorClass::RateLimited)]
    #[case(1, None, ErrorClass::Transient)]
    #[case(2, None, ErrorClass::Transient)]
    #[case(100, Some(1_363_047), ErrorClass::Transient)]
    #[case(100, Some(1_609_010), ErrorClass::Transient)]
    #[case(506, None, ErrorClass::Duplicate)]
    #[case(100, Some(1_366_051), ErrorClass::Duplicate)]
    #[case(368, None, ErrorClass::Policy)]
    #[case(368, Some(1_390_008), ErrorClass::Policy)]
    #[case(200, Some(1_346_003), ErrorClass::Policy)]
    #[case(190, Some(1_404_006), ErrorClass::Policy)]
    #[case(100, Some(1_404_102), ErrorClass::Policy)]
    #[case(100, Some(4_854_002), ErrorClass::Policy)]
    #[case(100, Some(1_404_078), ErrorClass::Policy)]
    #[case(100, None, ErrorClass::Validation)]
    #[case(324, Some(1_366_046), ErrorClass::MediaInvalid)]
    #[case(100, Some(1_609_005), ErrorClass::Validation)]
    #[case(100, Some(1_609_008), ErrorClass::Validation)]
    #[case(2635, None, ErrorClass::Operator)]
    #[case(77_777, None, ErrorClass::Validation)]
    // 490 is a subcode of 190 and no code: the trap of platforms.md 1
    #[case(490, None, ErrorClass::Validation)]
    fn publishing(#[case] code: i64, #[case] subcode: Option<i64>, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Commit, 400, &error(code, subcode)).class, expected);
    }

    #[test]
    fn the_platform_may_say_that_it_passes() {
        let mut passing = error(100, None);
        passing["error"]["is_transient"] = true.into();
        assert_eq!(verdict(Operation::Stage, 400, &passing).class, ErrorClass::Transient);
        // It says so of throttling too, which is the better word for it.
        let mut throttled = error(4, None);
        throttled["error"]["is_transient"] = true.into();
        assert_eq!(verdict(Operation::Stage, 400, &throttled).class, ErrorClass::RateLimited);
    }

    #[rstest]
    #[case(100, Some(36_007), ErrorClass::Validation)]
    #[case(100, Some(36_009), ErrorClass::Validation)]
    #[case(100, None, ErrorClass::Validation)]
    #[case(100, Some(36_008), ErrorClass::Operator)]
    #[case(1, None, ErrorClass::Operator)]
    #[case(101, None, ErrorClass::Operator)]
    #[case(191, None, ErrorClass::Operator)]
    #[case(2, None, ErrorClass::Transient)]
    fn exchanging(#[case] code: i64, #[case] subcode: Option<i64>, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Exchange, 400, &error(code, subcode)).class, expected);
    }

    #[test]
    fn a_probe_refused_says_nothing_about_the_account() {
        for code in [1, 101, 102, 190] {
            assert_eq!(verdict(Operation::Probe, 400, &error(code, None)).class, ErrorClass::Operator, "{code}");
        }
        assert_eq!(verdict(Operation::Probe, 400, &error(4, None)).class, ErrorClass::RateLimited);
        assert_eq!(verdict(Operation::Probe, 500, &error(2, None)).class, ErrorClass::Transient);
    }

    #[rstest]
    #[case(Operation::Commit, 401, ErrorClass::AuthExpired)]
    #[case(Operation::Commit, 403, ErrorClass::Permission)]
    #[case(Operation::Commit, 429, ErrorClass::RateLimited)]
    #[case(Operation::Commit, 500, ErrorClass::Transient)]
    #[case(Operation::Commit, 503, ErrorClass::Transient)]
    #[case(Operation::Stage, 413, ErrorClass::MediaInvalid)]
    #[case(Operation::Commit, 400, ErrorClass::Validation)]
    fn answers_without_a_body(#[case] operation: Operation, #[case] status: u16, #[case] expected: ErrorClass) {
        assert_eq!(verdict(operation, status, &Value::Null).class, expected);
    }

    #[test]
    fn codes_for_the_log() {
        assert_eq!(verdict(Operation::Commit, 400, &error(190, Some(463))).code.as_deref(), Some("190/463"));
        assert_eq!(verdict(Operation::Commit, 400, &error(506, None)).code.as_deref(), Some("506"));
    }
}

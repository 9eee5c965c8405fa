//! What Instagram's answers mean (platforms.md 2, Errors): the Graph API's errors, with subcodes of its own that say
//! most. A container that failed carries the same numbers in its `status`.

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};
use reqwest::header::HeaderMap;

use super::PLATFORM;
use crate::{
    error::Verdict,
    http::{Answer, Dialect, Operation, RateState, meta_headers},
    meta::{GraphError, by_code, judge, without_code},
    oauth,
};

/// Instagram's way of talking.
#[derive(Debug)]
pub(super) struct InstagramGraph;

impl Dialect for InstagramGraph {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState {
        meta_headers(headers, now)
    }

    fn verdict(&self, operation: Operation, answer: &Answer, _now: DateTime<Utc>) -> Verdict {
        let Some(error) = GraphError::read(answer) else { return by_token_service(operation, answer) };
        let own = error.error_subcode.and_then(|subcode| by_subcode(operation, error.code, subcode));
        // Facebook's sentences speak of Pages.
        let code = own_code(&error).or_else(|| by_code(&error).map(|verdict| Verdict { message: None, ..verdict }));
        judge(PLATFORM, operation, answer.status, &error, own, code)
    }
}

/// The token service of Instagram Login has a form of its own: `{"error_type", "code", "error_message"}`.
/// One type stands for all that can be wrong with the app or the code, so that only the sentence tells them apart. Those
/// about the app are known from reports; of one that is new, the code is taken for the culprit.
fn by_token_service(operation: Operation, answer: &Answer) -> Verdict {
    let says = |name: &str| answer.json.as_ref().and_then(|json| json.get(name)?.as_str());
    let Some(kind) = says("error_type") else { return without_code(operation, answer) };
    let about_the_app = says("error_message").is_some_and(is_about_the_app);
    let verdict = match (operation, answer.status) {
        (_, status) if status.is_server_error() => Verdict::new(ErrorClass::Transient),
        (_, reqwest::StatusCode::TOO_MANY_REQUESTS) => Verdict::new(ErrorClass::RateLimited),
        (Operation::Exchange, _) if about_the_app => oauth::app_refused(PLATFORM),
        (Operation::Exchange, reqwest::StatusCode::BAD_REQUEST) => oauth::code_refused(PLATFORM),
        _ => oauth::app_refused(PLATFORM),
    };
    verdict.with_code(kind)
}

/// Client id, secret or redirect address.
fn is_about_the_app(sentence: &str) -> bool {
    const APP: &[&str] =
        &["Invalid platform app", "Invalid Client ID", "Invalid Client Secret", "Error validating client secret"];
    let sentence = sentence.trim_end_matches('.');
    APP.iter().any(|known| sentence.eq_ignore_ascii_case(known))
        || sentence.starts_with("Error validating verification code. Please make sure your redirect_uri is identical")
}

fn own_code(error: &GraphError) -> Option<Verdict> {
    Some(match error.code? {
        9 => Verdict::new(ErrorClass::QuotaDaily),
        36_003 => ratio(),
        -1 | -2 => Verdict::new(ErrorClass::Transient),
        // "does not exist, cannot be loaded due to missing permissions": also seen as a passing fault of Meta's, so it
        // is tried again as often as any.
        100 if error.error_subcode == Some(33) => Verdict::new(ErrorClass::Transient),
        _ => return None,
    })
}

fn ratio() -> Verdict {
    Verdict::new(ErrorClass::MediaInvalid).saying("Instagram takes pictures between 4:5 upright and 1.91:1 wide.")
}

/// What a number of Instagram's own means.
pub(super) fn by_subcode(operation: Operation, code: Option<i64>, subcode: i64) -> Option<Verdict> {
    use ErrorClass::{
        MediaInvalid, MediaProcessing, Operator, OutcomeUnknown, Policy, QuotaDaily, Transient, Validation,
    };
    let (class, message) = match subcode {
        2_207_001 => (Policy, Some("Instagram takes this account's posts for spam. Look there for what it asks.")),
        2_207_042 => (QuotaDaily, None),
        2_207_050 => {
            (Policy, Some("Instagram has restricted this account. Its owner must sign in there to lift that."))
        }
        // The post may have gone out all the same.
        2_207_051 if operation == Operation::Commit => (OutcomeUnknown, None),
        2_207_051 if code == Some(4) => {
            (Operator, Some("Instagram has restricted what this Arctiv's app may do for now."))
        }
        2_207_051 => (Policy, Some("Instagram has blocked this action for the account. Its owner must look there.")),
        // Ours took too long, or could not be reached, just now.
        2_207_003 => (Transient, Some("Instagram could not fetch the media from us quickly enough.")),
        2_207_052 => (Transient, Some("Instagram could not fetch the media from us.")),
        2_207_004 => (MediaInvalid, Some("Instagram takes pictures of at most 8 MB.")),
        2_207_005 => (MediaInvalid, Some("Instagram takes pictures as JPG only.")),
        2_207_009 | 36_003 => return Some(ratio()),
        2_207_023 => (MediaInvalid, Some("Instagram does not know this kind of media.")),
        2_207_026 => (MediaInvalid, Some("Instagram takes videos as MP4 or MOV, with H.264 or HEVC and AAC sound.")),
        2_207_057 => (MediaInvalid, Some("The moment chosen for the cover lies outside the video.")),
        2_207_028 => (Validation, Some("Instagram takes 2 to 10 pictures and videos in one post.")),
        2_207_010 => (Validation, Some("Instagram takes captions of at most 2,200 characters.")),
        2_207_040 => (Validation, Some("Instagram takes at most 30 hashtags and 20 mentions.")),
        2_207_081 => (Validation, Some("This account may not publish trial reels.")),
        2_207_027 => (MediaProcessing, None),
        // The first three: the container is gone, and is made anew. The last two: of Facebook's.
        2_207_006 | 2_207_008 | 2_207_020 | 2_207_032 | 2_207_053 | 2_207_077 | 2_207_082 | 1_363_047 | 1_609_010 => {
            (Transient, None)
        }
        // Page Publishing Authorization of the Page it is linked to.
        1_404_078 => (
            Policy,
            Some("Facebook asks for Page Publishing Authorization. Complete it in the linked Page's settings there."),
        ),
        _ => return None,
    };
    Some(Verdict { message: message.map(Into::into), ..Verdict::new(class) })
}

/// The number in a failed container's `status`, a sentence that ends in it: `Error: … with error code 2207026`.
pub(super) fn number_in(status: &str) -> Option<i64> {
    let is_own = |number: &i64| (2_207_000..2_208_000).contains(number) || *number == 36_003;
    status.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).rfind(is_own)
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
        InstagramGraph.verdict(operation, &answer, "2026-11-20T12:00:00Z".parse().unwrap())
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
        #[values(None, Some(458), Some(459), Some(460), Some(463), Some(464), Some(467), Some(492))] subcode: Option<
            i64,
        >,
        #[values(Operation::Stage, Operation::Commit, Operation::Refresh, Operation::Identify)] operation: Operation,
    ) {
        let verdict = verdict(operation, 400, &error(190, subcode));
        assert_eq!((verdict.class, verdict.message), (ErrorClass::AuthRevoked, None));
    }

    #[rstest]
    #[case(10, None, ErrorClass::Permission)]
    #[case(200, None, ErrorClass::Permission)]
    #[case(4, None, ErrorClass::RateLimited)]
    #[case(17, None, ErrorClass::RateLimited)]
    #[case(80_002, None, ErrorClass::RateLimited)]
    #[case(9, None, ErrorClass::QuotaDaily)]
    #[case(9, Some(2_207_042), ErrorClass::QuotaDaily)]
    #[case(4, Some(2_207_051), ErrorClass::Operator)]
    #[case(10, Some(2_207_051), ErrorClass::Policy)]
    #[case(4, Some(2_207_001), ErrorClass::Policy)]
    #[case(25, Some(2_207_050), ErrorClass::Policy)]
    #[case(190, Some(1_404_078), ErrorClass::Policy)]
    #[case(-2, Some(2_207_003), ErrorClass::Transient)]
    #[case(9004, Some(2_207_052), ErrorClass::Transient)]
    #[case(36000, Some(2_207_004), ErrorClass::MediaInvalid)]
    #[case(36001, Some(2_207_005), ErrorClass::MediaInvalid)]
    #[case(36003, Some(2_207_009), ErrorClass::MediaInvalid)]
    #[case(36003, None, ErrorClass::MediaInvalid)]
    #[case(100, Some(36_003), ErrorClass::MediaInvalid)]
    #[case(100, Some(2_207_023), ErrorClass::MediaInvalid)]
    #[case(352, Some(2_207_026), ErrorClass::MediaInvalid)]
    #[case(100, Some(2_207_057), ErrorClass::MediaInvalid)]
    #[case(100, Some(2_207_028), ErrorClass::Validation)]
    #[case(36004, Some(2_207_010), ErrorClass::Validation)]
    #[case(100, Some(2_207_040), ErrorClass::Validation)]
    #[case(100, Some(2_207_081), ErrorClass::Validation)]
    #[case(24, Some(2_207_006), ErrorClass::Transient)]
    #[case(24, Some(2_207_008), ErrorClass::Transient)]
    #[case(100, Some(2_207_020), ErrorClass::Transient)]
    #[case(9007, Some(2_207_027), ErrorClass::MediaProcessing)]
    #[case(1, Some(2_207_032), ErrorClass::Transient)]
    #[case(-1, Some(2_207_053), ErrorClass::Transient)]
    #[case(-1, Some(2_207_077), ErrorClass::Transient)]
    #[case(100, Some(2_207_082), ErrorClass::Transient)]
    #[case(-1, None, ErrorClass::Transient)]
    #[case(-2, None, ErrorClass::Transient)]
    #[case(100, Some(33), ErrorClass::Transient)]
    #[case(100, None, ErrorClass::Validation)]
    #[case(2, None, ErrorClass::Transient)]
    #[case(102, None, ErrorClass::AuthRevoked)]
    #[case(2635, None, ErrorClass::Operator)]
    fn staging(#[case] code: i64, #[case] subcode: Option<i64>, #[case] expected: ErrorClass) {
        let verdict = verdict(Operation::Stage, 400, &error(code, subcode));
        assert_eq!(verdict.class, expected);
        let shown = subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}"));
        assert_eq!(verdict.code, Some(shown));
    }

    #[test]
    fn a_blocked_publication_may_have_gone_out() {
        for code in [4, 10] {
            let verdict = verdict(Operation::Commit, 400, &error(code, Some(2_207_051)));
            assert_eq!(verdict.class, ErrorClass::OutcomeUnknown);
        }
    }

    #[rstest]
    #[case(400, "OAuthException", ErrorClass::Validation)]
    #[case(401, "OAuthException", ErrorClass::Operator)]
    #[case(503, "OAuthException", ErrorClass::Transient)]
    #[case(429, "OAuthRateLimitException", ErrorClass::RateLimited)]
    fn instagrams_own_token_service(#[case] status: u16, #[case] kind: &str, #[case] expected: ErrorClass) {
        let body = json!({"error_type": kind, "code": status, "error_message": "…"});
        let verdict = verdict(Operation::Exchange, status, &body);
        assert_eq!((verdict.class, verdict.code.as_deref()), (expected, Some(kind)));
    }

    #[rstest]
    #[case("Matching code was not found or was already used", ErrorClass::Validation)]
    #[case("Something new about a client secret", ErrorClass::Validation)]
    #[case("Error validating client secret.", ErrorClass::Operator)]
    #[case("Invalid Client Secret", ErrorClass::Operator)]
    #[case("Invalid platform app", ErrorClass::Operator)]
    #[case(
        "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in \
         the OAuth dialog request",
        ErrorClass::Operator
    )]
    fn instagrams_own_token_service_in_its_sentences(#[case] sentence: &str, #[case] expected: ErrorClass) {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": sentence});
        assert_eq!(verdict(Operation::Exchange, 400, &body).class, expected);
    }

    #[rstest]
    #[case(100, Some(36_009), ErrorClass::Validation)]
    #[case(100, Some(36_008), ErrorClass::Operator)]
    #[case(1, None, ErrorClass::Operator)]
    fn facebooks_token_service(#[case] code: i64, #[case] subcode: Option<i64>, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Exchange, 400, &error(code, subcode)).class, expected);
    }

    #[rstest]
    #[case(401, ErrorClass::AuthExpired)]
    #[case(403, ErrorClass::Permission)]
    #[case(429, ErrorClass::RateLimited)]
    #[case(502, ErrorClass::Transient)]
    #[case(404, ErrorClass::Validation)]
    fn without_a_code(#[case] status: u16, #[case] expected: ErrorClass) {
        assert_eq!(verdict(Operation::Stage, status, &json!(null)).class, expected);
    }

    #[rstest]
    #[case("Error: Media upload has failed with error code 2207026", Some(2_207_026))]
    #[case("Error: 2207009", Some(2_207_009))]
    #[case("Error: Media upload 12207026 has failed", None)]
    #[case("In Progress: 2 of 3", None)]
    #[case("", None)]
    fn numbers_in_a_containers_status(#[case] status: &str, #[case] expected: Option<i64>) {
        assert_eq!(number_in(status), expected);
    }
}

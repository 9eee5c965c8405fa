//! The Graph API's errors, which Facebook and Instagram share (platforms.md 1, Errors).
//!
//! Errors are `{"error": {"code", "error_subcode", "is_transient", "fbtrace_id", …}}`. The subcode says more than the
//! code, and both say more than the HTTP status, which is 400 for nearly everything. Each network has subcodes of its
//! own; they are asked first. The upload host has a form of its own: `{"debug_info": {"retriable", "type", …}}`.

use domain::{Platform, deliveries::ErrorClass};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    error::Verdict,
    http::{Answer, Operation},
    oauth::{app_refused, code_refused},
};

#[derive(Debug, Deserialize)]
struct Body {
    error: GraphError,
}

/// What the Graph API says went wrong.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphError {
    pub code: Option<i64>,
    pub error_subcode: Option<i64>,
    #[serde(default)]
    pub is_transient: bool,
}

#[derive(Debug, Deserialize)]
struct UploadBody {
    debug_info: UploadError,
}

/// What the upload host says went wrong.
#[derive(Debug, Deserialize)]
struct UploadError {
    #[serde(default)]
    retriable: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl GraphError {
    pub fn read(answer: &Answer) -> Option<Self> {
        answer.json.as_ref().and_then(|json| Body::deserialize(json).ok()).map(|body| body.error)
    }

    /// `190/463`, for the log.
    pub fn for_log(&self) -> Option<String> {
        self.code.map(|code| match self.error_subcode {
            Some(subcode) => format!("{code}/{subcode}"),
            None => code.to_string(),
        })
    }
}

/// What an error means: what the network's own subcodes say, then what the token endpoint or a probe makes of it, then
/// the code as the network reads it, and at last the status.
pub(crate) fn judge(
    platform: Platform,
    operation: Operation,
    status: StatusCode,
    error: &GraphError,
    by_subcode: Option<Verdict>,
    by_code: Option<Verdict>,
) -> Verdict {
    let verdict = by_subcode
        .or_else(|| match operation {
            Operation::Exchange => at_exchange(platform, error),
            Operation::Probe => at_probe(platform, error),
            _ => None,
        })
        .or(by_code)
        .or_else(|| error.is_transient.then(|| Verdict::new(ErrorClass::Transient)))
        .unwrap_or_else(|| by_status(operation, status));
    Verdict { code: error.for_log(), ..verdict }
}

/// The token endpoint has meanings of its own for some codes.
fn at_exchange(platform: Platform, error: &GraphError) -> Option<Verdict> {
    match (error.code?, error.error_subcode) {
        // "redirect_uri is not identical", "error validating client secret", "error validating application", "not an
        // allowed domain"
        (100, Some(36_008)) | (1 | 101 | 191, _) if !error.is_transient => Some(app_refused(platform)),
        // the code has expired or been used, or is none
        (100, _) => Some(code_refused(platform)),
        _ => None,
    }
}

/// A probe is made with the app's own token, so what is refused there is the app and never the account.
fn at_probe(platform: Platform, error: &GraphError) -> Option<Verdict> {
    matches!(error.code?, 1 | 101 | 102 | 190 if !error.is_transient).then(|| app_refused(platform))
}

pub(crate) fn by_code(error: &GraphError) -> Option<Verdict> {
    let verdict = match error.code? {
        190 => Verdict {
            message: auth_message(error.error_subcode).map(Into::into),
            ..Verdict::new(ErrorClass::AuthRevoked)
        },
        102 => Verdict::new(ErrorClass::AuthRevoked),
        // All calls of the app together, and all its posts.
        4 | 341 => Verdict::new(ErrorClass::RateLimited).of_app(),
        17 | 32 | 613 | 80_000..=80_014 => Verdict::new(ErrorClass::RateLimited),
        506 => Verdict::new(ErrorClass::Duplicate),
        368 => Verdict::new(ErrorClass::Policy),
        3 | 10 | 200..=299 => Verdict::new(ErrorClass::Permission),
        1 | 2 => Verdict::new(ErrorClass::Transient),
        // the API or this version of it is gone; the app id is unknown
        12 | 101 | 2635 => Verdict::new(ErrorClass::Operator),
        100 if !error.is_transient => match error.error_subcode {
            // "does not exist, cannot be loaded due to missing permissions"
            Some(33) => Verdict::new(ErrorClass::Permission),
            _ => Verdict::new(ErrorClass::Validation),
        },
        _ => return None,
    };
    Some(verdict)
}

/// Why a token has died, where the subcode tells.
fn auth_message(subcode: Option<i64>) -> Option<&'static str> {
    Some(match subcode? {
        458 => "The person who connected this Page has removed Arctiv from their Facebook settings.",
        459 | 490 => "Facebook asks the person who connected this Page to pass a security check first.",
        460 => "The person who connected this Page has changed their Facebook password.",
        463 => "Our access to this Page has expired.",
        464 => "The person who connected this Page must confirm their Facebook account first.",
        465..=468 => "The person who connected this Page has logged out, or Facebook has ended their session.",
        492 => "The person who connected this Page no longer has a role on it.",
        _ => return None,
    })
}

/// For answers that are no Graph error: the upload host's, and those of gateways and proxies.
pub(crate) fn without_code(operation: Operation, answer: &Answer) -> Verdict {
    let otherwise = by_status(operation, answer.status);
    let Some(UploadBody { debug_info }) = answer.json.as_ref().and_then(|json| UploadBody::deserialize(json).ok())
    else {
        return otherwise;
    };
    // The last one answers an upload that is complete already, too. What has become of it is asked at the next try.
    let passes = debug_info.retriable
        || matches!(
            debug_info.kind.as_deref(),
            Some("OffsetInvalidError" | "PartialRequestError" | "ProcessingFailedError")
        );
    let class = match otherwise.class {
        class @ (ErrorClass::AuthExpired | ErrorClass::RateLimited) => class,
        _ if passes => ErrorClass::Transient,
        class => class,
    };
    Verdict { code: debug_info.kind, ..Verdict::new(class) }
}

/// For codes we do not know.
fn by_status(operation: Operation, status: StatusCode) -> Verdict {
    Verdict::new(match status {
        StatusCode::UNAUTHORIZED => ErrorClass::AuthExpired,
        StatusCode::FORBIDDEN => ErrorClass::Permission,
        StatusCode::TOO_MANY_REQUESTS => ErrorClass::RateLimited,
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => ErrorClass::Transient,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE if operation == Operation::Stage => {
            ErrorClass::MediaInvalid
        }
        _ => ErrorClass::Validation,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn verdict(status: u16, body: &Value) -> Verdict {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            json: Some(body.clone()),
        };
        without_code(Operation::Stage, &answer)
    }

    #[rstest]
    #[case(412, true, "OffsetInvalidError", ErrorClass::Transient)]
    #[case(400, false, "OffsetInvalidError", ErrorClass::Transient)]
    #[case(400, false, "PartialRequestError", ErrorClass::Transient)]
    #[case(400, false, "ProcessingFailedError", ErrorClass::Transient)]
    #[case(400, true, "NeverHeardOf", ErrorClass::Transient)]
    #[case(403, true, "NeverHeardOf", ErrorClass::Transient)]
    #[case(503, false, "NeverHeardOf", ErrorClass::Transient)]
    #[case(400, false, "NeverHeardOf", ErrorClass::Validation)]
    #[case(413, false, "NeverHeardOf", ErrorClass::MediaInvalid)]
    // Whatever else it says, these are not about the upload.
    #[case(401, true, "NotAuthorizedError", ErrorClass::AuthExpired)]
    #[case(429, true, "ProcessingFailedError", ErrorClass::RateLimited)]
    fn the_upload_host(#[case] status: u16, #[case] retriable: bool, #[case] kind: &str, #[case] expected: ErrorClass) {
        let body = json!({"debug_info": {"retriable": retriable, "type": kind, "message": "…"}});
        let verdict = verdict(status, &body);
        assert_eq!((verdict.class, verdict.code.as_deref()), (expected, Some(kind)));
    }

    #[test]
    fn the_upload_host_in_few_words() {
        let verdict = verdict(400, &json!({"debug_info": {"retriable": true}}));
        assert_eq!((verdict.class, verdict.code), (ErrorClass::Transient, None));
    }
}

//! What was asked and answered, for the log of a delivery's attempts, without anything that would let a reader act in
//! our name.
//!
//! Two nets, either of which would do for a well-behaved platform: values under names known to hold secrets are
//! replaced, and so is every secret that went into the request, wherever it turns up again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::{Content, Operation, Payload};

/// What stands in place of a secret.
const MASK: &str = "***";
/// Names whose values are secrets, in queries, forms and JSON alike, compared without case and separators.
const SECRET_NAMES: &[&str] = &[
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "token",
    "inputtoken",
    "fbexchangetoken",
    "clientsecret",
    "clientassertion",
    "appsecret",
    "appsecretproof",
    "secret",
    "password",
    "authorization",
    "codeverifier",
    "authcode",
    "signedrequest",
    "uploadurl",
    "uploadtoken",
];
/// Headers that help to understand an answer and never hold a secret. All others are left out.
const TELLING_HEADERS: &[&str] = &[
    "content-type",
    "content-length",
    "content-range",
    "date",
    "file_size",
    "idempotency-key",
    "linkedin-version",
    "offset",
    "retry-after",
    "www-authenticate",
    "x-ad-account-usage",
    "x-app-limit-24hour-limit",
    "x-app-limit-24hour-remaining",
    "x-app-limit-24hour-reset",
    "x-app-usage",
    "x-business-use-case-usage",
    "x-fb-request-id",
    "x-fb-trace-id",
    "x-li-uuid",
    "x-page-usage",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-restli-id",
    "x-restli-protocol-version",
    "x-transaction-id",
    "x-user-limit-24hour-limit",
    "x-user-limit-24hour-remaining",
    "x-user-limit-24hour-reset",
];
/// Longest text kept of a body or of one string in it, in characters.
const LONGEST_TEXT: usize = 1_000;
/// Most entries kept of a list in a body.
const LONGEST_LIST: usize = 20;
/// A shorter secret would mask half the alphabet; none of the platforms issues one.
const SHORTEST_SECRET: usize = 6;

/// One request and its answer, masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// What the call was for.
    pub operation: Operation,
    /// `GET`, `POST`, …
    pub method: String,
    /// With secret query values masked.
    pub url: String,
    /// The telling ones of the request's headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request_headers: BTreeMap<String, String>,
    /// The request's body: JSON or form fields masked, bytes by their count.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub request: Value,
    /// The answer's status; `None` if there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The telling ones of the answer's headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub response_headers: BTreeMap<String, String>,
    /// The answer's body, masked and shortened.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub response: Value,
    /// Why there was no (whole) answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was sent.
    pub started_at: DateTime<Utc>,
    /// From sending to the end of the answer.
    pub duration_ms: u64,
}

/// Masks what belongs to one call.
pub(super) struct Masker {
    secrets: Vec<SecretString>,
}

impl Masker {
    pub fn new(secrets: Vec<SecretString>) -> Self {
        let mut secrets = secrets;
        secrets.retain(|secret| secret.expose_secret().chars().count() >= SHORTEST_SECRET);
        // Longest first: a secret that contains another one must not be left half readable.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    /// Replaces the call's own secrets, and `name=value` pairs of secret names, as they stand in a `paging.next` URL; and the character
    /// that PostgreSQL stores in no text.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.replace('\0', "\u{FFFD}");
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if text.contains(secret) {
                text = text.replace(secret, MASK);
            }
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            if encoded != secret && text.contains(&encoded) {
                text = text.replace(&encoded, MASK);
            }
        }
        mask_pairs(&text)
    }

    pub fn url(&self, url: &Url) -> String {
        let mut shown = url.clone();
        if url.query().is_some() {
            let pairs: Vec<(String, String)> = url
                .query_pairs()
                .map(|(name, value)| {
                    let masked = if is_secret_parameter(&name) { MASK.to_owned() } else { self.text(&value) };
                    (name.into_owned(), masked)
                })
                .collect();
            shown.query_pairs_mut().clear().extend_pairs(pairs);
        }
        self.text(shown.as_str())
    }

    pub fn headers(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let telling = |name: &HeaderName| TELLING_HEADERS.contains(&name.as_str());
        headers
            .iter()
            .filter(|(name, value)| telling(name) && !value.is_sensitive())
            .filter_map(|(name, value)| Some((name.to_string(), self.shortened(value.to_str().ok()?))))
            .collect()
    }

    pub fn request(&self, payload: &Payload) -> Value {
        match payload {
            Payload::Empty => Value::Null,
            Payload::Json(value) => self.json(value),
            Payload::Form(fields) => self.fields(fields.iter().map(|(name, value)| (name.as_ref(), value.as_str()))),
            Payload::Raw(bytes) => {
                let fields: Vec<_> = url::form_urlencoded::parse(bytes).collect();
                self.fields(fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
            }
            Payload::Bytes { mime, bytes } => format!("{} bytes of {}", bytes.len(), self.shortened(mime)).into(),
            Payload::Stream { mime, range, .. } => {
                let length = range.end.saturating_sub(range.start);
                format!("{length} bytes of {}, from byte {}", self.shortened(mime), range.start).into()
            }
            Payload::Multipart(parts) => {
                let shown = parts.iter().map(|part| {
                    let value = match &part.mime {
                        Some(mime) => format!("{} bytes of {}", part.content.len(), self.shortened(mime)),
                        None if is_secret_parameter(&part.name) => MASK.to_owned(),
                        None => match &part.content {
                            Content::Bytes(bytes) => self.shortened(&String::from_utf8_lossy(bytes)),
                            Content::File { size, .. } => format!("{size} bytes"),
                        },
                    };
                    (part.name.to_string(), Value::String(value))
                });
                Value::Object(shown.collect())
            }
        }
    }

    /// A body as it came: JSON masked field by field, anything else as text.
    pub fn response(&self, json: Option<&Value>, bytes: &[u8]) -> Value {
        match json {
            Some(json) => self.json(json),
            None if bytes.is_empty() => Value::Null,
            None => {
                // Enough to recognise a proxy's or a load balancer's error page.
                let start = bytes.get(..bytes.len().min(4 * LONGEST_TEXT)).unwrap_or_default();
                self.shortened(&String::from_utf8_lossy(start)).into()
            }
        }
    }

    fn fields<'a>(&self, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
        let shown = fields.map(|(name, value)| {
            let value = if is_secret_parameter(name) { MASK.to_owned() } else { self.shortened(value) };
            (name.to_owned(), Value::String(value))
        });
        Value::Object(shown.collect())
    }

    fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.shortened(text).into(),
            Value::Array(items) => items.iter().take(LONGEST_LIST).map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                let masked = fields.iter().map(|(name, value)| {
                    let hidden = is_secret_name(name) && !matches!(value, Value::Null | Value::Bool(_));
                    (self.text(name), if hidden { MASK.into() } else { self.json(value) })
                });
                Value::Object(masked.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn shortened(&self, text: &str) -> String {
        // Masked first: a secret cut in two would not be found any more.
        let text = self.text(text);
        match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}

impl Trace {
    pub(super) fn answered(&mut self, masker: &Masker, status: StatusCode, headers: &HeaderMap) {
        self.status = Some(status.as_u16());
        self.response_headers = masker.headers(headers);
    }
}

fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    SECRET_NAMES.contains(&plain.as_str())
}

/// In a query or form `code` is an authorization code; in a JSON answer it is an error code that must stay readable.
fn is_secret_parameter(name: &str) -> bool {
    name == "code" || is_secret_name(name)
}

/// Masks `name=value` where the name is a secret's, inside a longer text.
fn mask_pairs(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        masked.push_str(before);
        masked.push('=');
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next().unwrap_or("");
        rest = after;
        if is_secret_name(name) {
            let end = after.find(['&', '"', '\'', ' ', '\n', ',']).unwrap_or(after.len());
            masked.push_str(MASK);
            rest = after.get(end..).unwrap_or_default();
        }
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn masker(secrets: &[&str]) -> Masker {
        Masker::new(secrets.iter().map(|secret| SecretString::from(*secret)).collect())
    }

    #[test]
    fn queries_are_masked_by_name_and_by_value() {
        let url: Url = "https://graph.facebook.com/debug_token?input_token=AAA&access_token=1%7Cs3cr%2Bet&code=xyz&x=my-secret&fields=id"
            .parse()
            .unwrap();
        assert_eq!(
            masker(&["my-secret"]).url(&url),
            "https://graph.facebook.com/debug_token?input_token=***&access_token=***&code=***&x=***&fields=id"
        );
    }

    #[test]
    fn json_keeps_error_codes_and_hides_tokens() {
        let answer = json!({
            "error": {"code": 190, "error_subcode": 463, "message": "Session of TOKEN-123 has expired"},
            "data": [{"id": "1", "access_token": "EAAB", "name": "Page"}],
            "paging": {"next": "https://graph.facebook.com/me/accounts?access_token=EAAC&limit=100"},
            "uploadUrl": "https://www.linkedin.com/dms-uploads/sig=abc",
            "token_type": "bearer",
        });
        assert_eq!(
            masker(&["TOKEN-123"]).response(Some(&answer), b""),
            json!({
                "error": {"code": 190, "error_subcode": 463, "message": "Session of *** has expired"},
                "data": [{"id": "1", "access_token": "***", "name": "Page"}],
                "paging": {"next": "https://graph.facebook.com/me/accounts?access_token=***&limit=100"},
                "uploadUrl": "***",
                "token_type": "bearer",
            })
        );
    }

    #[test]
    fn forms_hide_codes_and_secrets() {
        let form = Payload::Raw(
            b"grant_type=authorization_code&code=abc&client_secret=def&redirect_uri=https%3A%2F%2Fa".into(),
        );
        assert_eq!(
            masker(&[]).request(&form),
            json!({"grant_type": "authorization_code", "code": "***", "client_secret": "***", "redirect_uri": "https://a"})
        );
    }

    #[rstest]
    #[case("nothing here", "nothing here")]
    #[case("a=b access_token=x y", "a=b access_token=*** y")]
    #[case("?refresh-token=x&client_secret=y", "?refresh-token=***&client_secret=***")]
    #[case("refresh_token=", "refresh_token=***")]
    #[case("my_token=x", "my_token=x")]
    fn pairs_in_text(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(mask_pairs(text), expected);
    }

    #[test]
    fn a_secret_inside_another_is_masked_whole() {
        assert_eq!(masker(&["abcdef", "abcdefghi"]).text("x abcdefghi y"), "x *** y");
        assert_eq!(masker(&["a/b+c=d"]).text("v=a%2Fb%2Bc%3Dd"), "v=***");
    }

    #[test]
    fn long_bodies_are_cut_after_masking() {
        let secret = "s".repeat(40);
        let body = format!("{}{secret}", "é".repeat(LONGEST_TEXT - 3));
        let Value::String(shown) = masker(&[&secret]).response(None, body.as_bytes()) else { panic!() };
        assert!(!shown.contains("ss"), "{shown}");
        let long = json!("x".repeat(5_000));
        assert_eq!(masker(&[]).response(Some(&long), b"").as_str().unwrap().chars().count(), LONGEST_TEXT + 1);
    }

    /// JSON with `secret` somewhere in it: as a value, inside a text, or even as a name.
    fn holding(secret: String) -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z =&\"]{0,12}".prop_map(Value::from),
            ("[a-z =&?]{0,8}", "[a-z =&]{0,8}").prop_map({
                let secret = secret.clone();
                move |(before, after)| Value::from(format!("{before}{secret}{after}"))
            }),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let name =
                prop_oneof!["[a-z_]{1,10}".boxed(), Just(secret.clone()).boxed(), Just("code".to_owned()).boxed()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((name, inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_secret_of_the_call_survives(
            (secret, body) in "[A-Za-z0-9_/+|.-]{6,40}".prop_flat_map(|secret| (Just(secret.clone()), holding(secret))),
        ) {
            let masker = masker(&[&secret]);
            let shown = masker.response(Some(&body), b"").to_string();
            prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
            let shown = masker.response(None, body.to_string().as_bytes()).to_string();
            prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
            let shown = masker.request(&Payload::Json(body)).to_string();
            prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
        }
    }

    #[test]
    fn only_telling_headers_are_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("set-cookie", "a=b"), ("authorization", "Bearer x"), ("retry-after", "5")] {
            headers.insert(name, value.parse().unwrap());
        }
        assert_eq!(masker(&[]).headers(&headers), BTreeMap::from([("retry-after".to_owned(), "5".to_owned())]));
    }
}

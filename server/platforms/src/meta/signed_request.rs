//! Meta's *deauthorize* and *data deletion* callbacks (platforms.md 1, Events): a form with `signed_request`, which is
//! `signature.payload`, both in base64url, the signature being the HMAC-SHA256 of the payload as it stands there.
//!
//! *Unsure*: how long Meta goes on trying; a message of a week is still taken. What it is about is compared with the
//! message's own time anyway.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::push::{PushMessage, PushRefusal, is_signed, timely};

/// Meta writes it without padding, and other makers of the same thing with.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The longest message that is looked at.
const LONGEST: usize = 8 * 1024;
/// How old a message may be.
const OLDEST: Duration = Duration::days(7);

#[derive(Debug, Deserialize)]
struct Payload {
    algorithm: String,
    issued_at: i64,
    user_id: Value,
}

/// Who is meant, and when the message was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub user_id: String,
    pub at: DateTime<Utc>,
}

/// Checks a message before anything in it is read.
pub(crate) fn read(message: &PushMessage, secret: &SecretString, now: DateTime<Utc>) -> Result<Signed, PushRefusal> {
    if message.body.len() > LONGEST {
        return Err(PushRefusal::Unsigned);
    }
    let request = url::form_urlencoded::parse(&message.body).find(|(name, _)| name == "signed_request");
    let (_, request) = request.ok_or(PushRefusal::Unsigned)?;
    let (signature, payload) = request.split_once('.').ok_or(PushRefusal::Unsigned)?;
    let signature = BASE64URL.decode(signature).map_err(|_| PushRefusal::Unsigned)?;
    if !is_signed(secret, &[payload.as_bytes()], &signature) {
        return Err(PushRefusal::Unsigned);
    }
    let payload = BASE64URL.decode(payload).map_err(|_| PushRefusal::Unreadable)?;
    let payload: Payload = serde_json::from_slice(&payload).map_err(|_| PushRefusal::Unreadable)?;
    if !payload.algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(PushRefusal::Unreadable);
    }
    let user_id = match payload.user_id {
        Value::String(id) if !id.is_empty() => id,
        Value::Number(id) => id.to_string(),
        _ => return Err(PushRefusal::Unreadable),
    };
    Ok(Signed { user_id, at: timely(payload.issued_at, OLDEST, now)? })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;
    use sha2::Sha256;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn signed(secret: &str, payload: &Value) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&payload);
        format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn message(request: &str) -> PushMessage {
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("signed_request", request).finish();
        PushMessage { body: body.into_bytes(), ..PushMessage::default() }
    }

    fn heard(request: &str) -> Result<Signed, PushRefusal> {
        read(&message(request), &"app-secret".into(), now())
    }

    fn payload() -> Value {
        json!({"algorithm": "HMAC-SHA256", "issued_at": now().timestamp() - 3, "user_id": "218471"})
    }

    #[test]
    fn who_has_taken_access_back() {
        let expected = Signed { user_id: "218471".into(), at: now() - Duration::seconds(3) };
        assert_eq!(heard(&signed("app-secret", &payload())), Ok(expected));
        let mut by_number = payload();
        by_number["user_id"] = 218_471.into();
        assert_eq!(heard(&signed("app-secret", &by_number)).unwrap().user_id, "218471");
    }

    #[test]
    fn nothing_unsigned_is_believed() {
        let good = signed("app-secret", &payload());
        let (signature, body) = good.split_once('.').unwrap();
        let mut other = payload();
        other["user_id"] = "1".into();
        let foreign = URL_SAFE_NO_PAD.encode(other.to_string());
        for bad in [
            signed("another-secret", &payload()),
            format!("{signature}.{foreign}"),
            format!(".{body}"),
            format!("{}.{body}", &signature[1..]),
            format!("{}.{body}", URL_SAFE_NO_PAD.encode([0; 32])),
            "not-base64!.x".to_owned(),
            body.to_owned(),
            String::new(),
        ] {
            assert_eq!(heard(&bad), Err(PushRefusal::Unsigned), "{bad}");
        }
        for body in ["", "signed_request", "other=1"] {
            let message = PushMessage { body: body.into(), ..PushMessage::default() };
            assert_eq!(read(&message, &"app-secret".into(), now()), Err(PushRefusal::Unsigned), "{body}");
        }
        let long = PushMessage { body: vec![b'a'; LONGEST + 1], ..PushMessage::default() };
        assert_eq!(read(&long, &"app-secret".into(), now()), Err(PushRefusal::Unsigned));
    }

    #[rstest]
    #[case(json!({"algorithm": "HMAC-SHA1", "issued_at": 1_795_176_000, "user_id": "1"}), PushRefusal::Unreadable)]
    #[case(json!({"algorithm": "HMAC-SHA256", "issued_at": 1_795_176_000}), PushRefusal::Unreadable)]
    #[case(json!({"algorithm": "HMAC-SHA256", "issued_at": 1_795_176_000, "user_id": ""}), PushRefusal::Unreadable)]
    #[case(json!({"algorithm": "HMAC-SHA256", "user_id": "1"}), PushRefusal::Unreadable)]
    #[case(json!({"algorithm": "HMAC-SHA256", "issued_at": 1_700_000_000, "user_id": "1"}), PushRefusal::Untimely)]
    #[case(json!("text"), PushRefusal::Unreadable)]
    fn what_is_signed_and_makes_no_sense(#[case] payload: Value, #[case] expected: PushRefusal) {
        assert_eq!(heard(&signed("app-secret", &payload)), Err(expected));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_refused_and_never_panics(
            body in proptest::collection::vec(any::<u8>(), 0..300),
            request in ".{0,200}",
        ) {
            let plain = PushMessage { body, ..PushMessage::default() };
            prop_assert_eq!(read(&plain, &"app-secret".into(), now()), Err(PushRefusal::Unsigned));
            prop_assert_eq!(heard(&request), Err(PushRefusal::Unsigned));
        }

        /// Who has the secret may still write nonsense: what is signed is read with the same care.
        #[test]
        fn whatever_is_signed_never_panics(issued in any::<i64>(), id in ".{0,20}", number in any::<f64>()) {
            for user in [json!(id), json!(number)] {
                let request = json!({"algorithm": "HMAC-SHA256", "issued_at": issued, "user_id": user});
                if let Ok(signed) = heard(&signed("app-secret", &request)) {
                    prop_assert!(!signed.user_id.is_empty() && signed.at.timestamp() == issued);
                }
            }
        }
    }
}

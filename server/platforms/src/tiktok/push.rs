//! TikTok's webhook (platforms.md 5): JSON, signed by the header `TikTok-Signature: t=<seconds>,s=<hex>` with the
//! HMAC-SHA256 of `<seconds>.<body>`. It is sent at least once, and again for up to 72 hours until it is taken.

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::PLATFORM;
use crate::push::{Push, PushMessage, PushRefusal, Removed, is_signed, timely};

const SIGNATURE: &str = "tiktok-signature";
/// The longest message that is looked at.
const LONGEST: usize = 64 * 1024;
/// How long TikTok goes on trying.
const OLDEST: Duration = Duration::hours(72);

#[derive(Debug, Deserialize)]
struct Notice {
    client_key: String,
    event: String,
    create_time: i64,
    user_openid: Option<String>,
    /// JSON within JSON.
    content: Option<Value>,
}

/// Checks a message before anything in it is read.
pub(super) fn read(
    message: &PushMessage,
    client_key: &str,
    secret: &SecretString,
    now: DateTime<Utc>,
) -> Result<Push, PushRefusal> {
    let header = message.headers.get(SIGNATURE).filter(|_| message.body.len() <= LONGEST);
    let (time, signature) = header.and_then(|header| parts(header)).ok_or(PushRefusal::Unsigned)?;
    if !is_signed(secret, &[time.as_bytes(), b".", &message.body], &signature) {
        return Err(PushRefusal::Unsigned);
    }
    timely(time.parse().map_err(|_| PushRefusal::Unreadable)?, OLDEST, now)?;
    let event: Notice = serde_json::from_slice(&message.body).map_err(|_| PushRefusal::Unreadable)?;
    if event.client_key != client_key {
        return Err(PushRefusal::Foreign);
    }
    if event.event != "authorization.removed" {
        return Ok(Push::Other);
    }
    let grantor = event.user_openid.filter(|id| !id.is_empty()).ok_or(PushRefusal::Unreadable)?;
    let at = timely(event.create_time, OLDEST, now)?;
    Ok(Push::Removed(Removed { grantor, platforms: &[PLATFORM], at, reason: reason(event.content.as_ref()) }))
}

/// `t=1633174587,s=18494715…`
fn parts(header: &str) -> Option<(&str, Vec<u8>)> {
    let named = |name: &str| {
        header.split(',').find_map(|part| part.trim().split_once('=').filter(|(key, _)| *key == name)).map(|(_, it)| it)
    };
    Some((named("t")?, bytes_of(named("s")?)?))
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits
        .then(|| (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect())
}

fn reason(content: Option<&Value>) -> &'static str {
    let inner = match content {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    match inner.as_ref().and_then(|inner| inner.get("reason")).and_then(Value::as_i64) {
        Some(1) => "The creator has removed Arctiv from their TikTok settings.",
        Some(2) => "The creator's TikTok account has been deleted.",
        Some(3) => "TikTok has ended our access because the creator's age has changed.",
        Some(4) => "TikTok has banned this account.",
        Some(5) => "Our access to this TikTok account was given back.",
        _ => "TikTok has ended our access to this account.",
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;
    use sha2::Sha256;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn removed() -> Value {
        json!({"client_key": "key", "event": "authorization.removed", "create_time": now().timestamp() - 60,
            "user_openid": "act.1", "content": "{\"reason\": 1 }"})
    }

    fn signed_at(seconds: i64, secret: &str, body: &Value) -> PushMessage {
        let body = body.to_string();
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(format!("{seconds}.{body}"));
        let hex = mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let headers = [(SIGNATURE.to_owned(), format!("t={seconds},s={hex}"))].into();
        PushMessage { headers, body: body.into_bytes() }
    }

    fn signed(secret: &str, body: &Value) -> PushMessage {
        signed_at(now().timestamp(), secret, body)
    }

    fn heard(message: &PushMessage) -> Result<Push, PushRefusal> {
        read(message, "key", &"secret".into(), now())
    }

    #[rstest]
    #[case(json!("{\"reason\": 1 }"), "settings")]
    #[case(json!("{\"reason\": 2}"), "deleted")]
    #[case(json!({"reason": 4}), "banned")]
    #[case(json!("nonsense"), "ended")]
    #[case(Value::Null, "ended")]
    fn access_that_was_removed(#[case] content: Value, #[case] words: &str) {
        let mut event = removed();
        event["content"] = content;
        let Ok(Push::Removed(removed)) = heard(&signed("secret", &event)) else { panic!("not taken") };
        assert_eq!((removed.grantor.as_str(), removed.platforms), ("act.1", &[PLATFORM][..]));
        assert_eq!(removed.at, now() - Duration::seconds(60));
        assert!(removed.reason.contains(words), "{}", removed.reason);
    }

    #[test]
    fn nothing_unsigned_is_believed() {
        let good = signed("secret", &removed());
        let header = good.headers[SIGNATURE].clone();
        let with = |signature: &str| PushMessage {
            headers: [(SIGNATURE.to_owned(), signature.to_owned())].into(),
            ..good.clone()
        };
        for bad in [
            signed("another", &removed()),
            PushMessage { headers: [].into(), ..good.clone() },
            with(""),
            with("t=1"),
            with(&header.replace("t=17", "t=18")),
            with(&header[..header.len() - 1]),
            with(&header.replace("s=", "s=zz")),
            PushMessage { body: b"{}".to_vec(), ..good.clone() },
            PushMessage { body: vec![b' '; LONGEST + 1], ..good.clone() },
        ] {
            assert_eq!(heard(&bad), Err(PushRefusal::Unsigned), "{bad:?}");
        }
        // Written apart, it is the same.
        assert!(heard(&with(&header.replace(',', ", "))).is_ok());
    }

    #[test]
    fn messages_for_others_of_other_times_and_of_other_kinds() {
        let with = |name: &str, value: Value| {
            let mut event = removed();
            event[name] = value;
            heard(&signed("secret", &event))
        };
        assert_eq!(with("client_key", "another".into()), Err(PushRefusal::Foreign));
        assert_eq!(with("event", "post.publish.complete".into()), Ok(Push::Other));
        assert_eq!(with("user_openid", Value::Null), Err(PushRefusal::Unreadable));
        assert_eq!(with("create_time", "soon".into()), Err(PushRefusal::Unreadable));
        assert_eq!(with("create_time", (now().timestamp() - 80 * 3_600).into()), Err(PushRefusal::Untimely));
        let old = signed_at(now().timestamp() - 73 * 3_600, "secret", &removed());
        assert_eq!(heard(&old), Err(PushRefusal::Untimely));
        assert_eq!(heard(&signed("secret", &json!([]))), Err(PushRefusal::Unreadable));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_refused_and_never_panics(
            header in ".{0,120}",
            body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let headers = [(SIGNATURE.to_owned(), header)].into();
            prop_assert_eq!(heard(&PushMessage { headers, body }), Err(PushRefusal::Unsigned));
        }

        /// Who has the secret may still write nonsense: what is signed is read with the same care.
        #[test]
        fn whatever_is_signed_never_panics(
            seconds in any::<i64>(),
            created in any::<i64>(),
            id in ".{0,20}",
            content in proptest::option::of(".{0,60}"),
        ) {
            let event = json!({"client_key": "key", "event": "authorization.removed", "create_time": created,
                "user_openid": id, "content": content});
            for seconds in [seconds, now().timestamp()] {
                let taken = heard(&signed_at(seconds, "secret", &event));
                let in_time = (now().timestamp() - created).abs() < OLDEST.num_seconds();
                prop_assert!(taken.is_err() || (in_time && !id.is_empty()), "{taken:?}");
            }
        }

        #[test]
        fn one_changed_byte_undoes_the_signature(at in any::<proptest::sample::Index>(), by in 1_u8..) {
            let mut message = signed("secret", &removed());
            let at = at.index(message.body.len());
            message.body[at] ^= by;
            prop_assert_eq!(heard(&message), Err(PushRefusal::Unsigned));
        }
    }
}

//! What proves to a receiver that a request is ours, of now, and whole: the signature scheme `v1` of the Standard Webhooks
//! specification, HMAC-SHA256 over `id.timestamp.body`.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::notifications::SECRET_MARK;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Bytes of a new secret; the specification asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// A secret as people copy it.
pub(super) fn new_secret() -> SecretString {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    SecretString::from(format!("{SECRET_MARK}{}", STANDARD.encode(bytes)))
}

/// The header `webhook-signature`: one signature for each secret, the present one first, with spaces between. `None` when one of
/// them is no secret.
pub(super) fn sign(secrets: &[SecretString], id: &str, at: DateTime<Utc>, body: &str) -> Option<String> {
    let signatures: Option<Vec<String>> = secrets.iter().map(|secret| one(secret, id, at, body)).collect();
    signatures.filter(|all| !all.is_empty()).map(|all| all.join(" "))
}

fn one(secret: &SecretString, id: &str, at: DateTime<Utc>, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.expose_secret().strip_prefix(SECRET_MARK)?).ok()?;
    let mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    let mac = mac.chain_update(format!("{id}.{}.", at.timestamp())).chain_update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value that other implementations of the specification test with.
    #[test]
    fn signs_as_other_implementations_do() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn a_new_secret_signs_and_is_like_no_other() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().starts_with("whsec_") && one.expose_secret().len() == 50);
        let at = DateTime::UNIX_EPOCH;
        let both = sign(&[one.clone(), other.clone()], "msg_1", at, "{}").unwrap();
        let alone = |secret: SecretString| sign(&[secret], "msg_1", at, "{}").unwrap();
        assert_eq!(both, format!("{} {}", alone(one), alone(other)));
        assert_eq!(sign(&[], "msg_1", at, "{}"), None);
        assert_eq!(sign(&[SecretString::from("arc_1")], "msg_1", at, "{}"), None);
    }

    proptest! {
        /// Nothing can be moved between the parts, or left out, without another signature.
        #[test]
        fn every_part_counts(id in "[a-z0-9]{1,12}", seconds in 0_i64..4_000_000_000, body in "\\PC{0,60}", more in "\\PC{1,8}") {
            let secret = [SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let signed = sign(&secret, &id, at, &body);
            prop_assert_eq!(&signed, &sign(&secret, &id, at, &body));
            prop_assert_ne!(&signed, &sign(&secret, &id, at, &format!("{body}{more}")));
            prop_assert_ne!(&signed, &sign(&secret, &format!("{id}x"), at, &body));
            prop_assert_ne!(&signed, &sign(&secret, &id, at + chrono::Duration::seconds(1), &body));
        }
    }
}

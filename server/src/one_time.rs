//! Links of letters: what stands in them, and what is kept of it.
//!
//! A token is derived from the id of its row, its purpose and a key of the server's; the database keeps SHA-256 of it. So a
//! letter that waits to be sent holds an id and no secret, and a copy of the database opens nothing.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a link is for: a token of one purpose is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    ConfirmEmail,
    ResetPassword,
    Invitation,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm email",
            Self::ResetPassword => "reset password",
            Self::Invitation => "invitation",
        }
    }
}

/// Makes tokens. Cheap to clone.
#[derive(Clone)]
pub struct OneTimeTokens {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for OneTimeTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeTokens")
    }
}

impl OneTimeTokens {
    /// `secret` may serve other purposes too: the key is derived from it and opens nothing else.
    pub fn new(secret: &SecretString) -> Self {
        let derived =
            Sha256::new().chain_update(b"arctiv one-time links 1\0").chain_update(secret.expose_secret()).finalize();
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in key.iter_mut().zip(derived) {
            *to = from;
        }
        Self { mac: Hmac::new(&key) }
    }

    /// The token of a row: 43 characters that can stand in an address.
    pub fn token(&self, purpose: Purpose, id: Uuid) -> String {
        let mac = self.mac.clone().chain_update(purpose.as_str()).chain_update([0]).chain_update(id.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// A signature for a link that says itself what it is for and works more than once: 43 characters that can stand in an address.
    pub fn stamp(&self, purpose: &str, said: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.stamped(purpose, said).finalize().into_bytes())
    }

    /// Whether we have signed it; told in the same time for every signature.
    pub fn is_stamp(&self, purpose: &str, said: &[u8], stamp: &str) -> bool {
        URL_SAFE_NO_PAD.decode(stamp).is_ok_and(|stamp| self.stamped(purpose, said).verify_slice(&stamp).is_ok())
    }

    fn stamped(&self, purpose: &str, said: &[u8]) -> Hmac<Sha256> {
        // No purpose of a token begins so.
        self.mac.clone().chain_update(b"stamp\0").chain_update(purpose).chain_update([0]).chain_update(said)
    }

    /// What is kept of it.
    pub fn hash_of(&self, purpose: Purpose, id: Uuid) -> [u8; 32] {
        hash(&self.token(purpose, id))
    }
}

/// What a token is looked up by.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether it can be a token at all.
pub fn is_shaped(token: &str) -> bool {
    token.len() == 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &str) -> OneTimeTokens {
        OneTimeTokens::new(&SecretString::from(secret))
    }

    #[test]
    fn a_token_belongs_to_one_row_one_purpose_and_one_key() {
        let (a, id) = (tokens("a secret"), Uuid::from_u128(7));
        let token = a.token(Purpose::ConfirmEmail, id);
        assert!(is_shaped(&token), "{token}");
        assert_eq!(token, tokens("a secret").token(Purpose::ConfirmEmail, id));
        assert_eq!(a.hash_of(Purpose::ConfirmEmail, id), hash(&token));
        for other in [
            a.token(Purpose::ResetPassword, id),
            a.token(Purpose::Invitation, id),
            a.token(Purpose::ConfirmEmail, Uuid::from_u128(8)),
            tokens("another secret").token(Purpose::ConfirmEmail, id),
        ] {
            assert_ne!(token, other);
        }
    }

    #[test]
    fn a_stamp_belongs_to_one_purpose_one_text_and_one_key() {
        let (a, other) = (tokens("a secret"), tokens("another secret"));
        let stamp = a.stamp("unsubscribe", b"said");
        assert!(a.is_stamp("unsubscribe", b"said", &stamp));
        for (tokens, purpose, said) in [
            (&a, "unsubscribe", &b"sai"[..]),
            (&a, "unsubscrib", b"esaid"),
            (&a, "", b"said"),
            (&other, "unsubscribe", b"said"),
        ] {
            assert!(!tokens.is_stamp(purpose, said, &stamp));
        }
        for nonsense in ["", "a", &stamp[..42], &format!("{stamp}A")] {
            assert!(!a.is_stamp("unsubscribe", b"said", nonsense), "{nonsense}");
        }
    }

    #[test]
    fn nonsense_is_not_shaped_like_one() {
        for text in ["", "short", &"a".repeat(44), &format!("{}%", "a".repeat(42)), &"ü".repeat(43)] {
            assert!(!is_shaped(text), "{text}");
        }
    }
}

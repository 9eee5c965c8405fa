//! What platforms send of their own accord: that a person has taken access back, or wants gone what is kept of them.
//!
//! Each platform signs what it sends with the app's secret; what is not signed so is nobody's word, and nothing in it is
//! believed. A signature says who wrote a message and not that it is new, so each brings its own time, and whoever acts
//! on it compares that with what it is about.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use domain::Platform;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A message as it came.
#[derive(Debug, Clone, Default)]
pub struct PushMessage {
    /// By lower-case name; one of them may sign the body.
    pub headers: BTreeMap<String, String>,
    /// The body, untouched: it is what was signed.
    pub body: Vec<u8>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Push {
    /// A person has taken access back, or the platform has for them.
    Removed(Removed),
    /// Something that is none of our business.
    Other,
}

/// Whose access is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The person ([`crate::Grant::grantor`]).
    pub grantor: String,
    /// Where accounts may hang on this person: Instagram's can hang on a Facebook sign-in.
    pub platforms: &'static [Platform],
    /// When it happened, to the second.
    pub at: DateTime<Utc>,
    /// In a sentence for people.
    pub reason: &'static str,
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushRefusal {
    /// The platform sends nothing here.
    #[error("this platform sends no messages")]
    NotHere,
    /// It carries no signature, or one that is not made with this app's secret.
    #[error("the message is not signed with this app's secret")]
    Unsigned,
    /// Signed, for another app.
    #[error("the message is for another app")]
    Foreign,
    /// Signed, and too old or from the future.
    #[error("the message is not of this time")]
    Untimely,
    /// Signed, and not what the platform documents.
    #[error("the message cannot be read")]
    Unreadable,
}

/// How far a platform's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// Whether `signature` is the HMAC-SHA256 of `signed` under the app's secret; compared in constant time.
pub(crate) fn is_signed(secret: &SecretString, signed: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
    for part in signed {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

/// The moment of these seconds since 1970, if it lies within `oldest` before `now` and not ahead of it.
pub(crate) fn timely(seconds: i64, oldest: Duration, now: DateTime<Utc>) -> Result<DateTime<Utc>, PushRefusal> {
    let at = DateTime::from_timestamp(seconds, 0).ok_or(PushRefusal::Unreadable)?;
    if at > now + CLOCK_SKEW || at < now - oldest { Err(PushRefusal::Untimely) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_of_rfc_4231_case_2() {
        let secret = SecretString::from("Jefe");
        let signature = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
            0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        assert!(is_signed(&secret, &[b"what do ya want ", b"for nothing?"], &signature));
        assert!(!is_signed(&secret, &[b"what do ya want for nothing"], &signature));
        assert!(!is_signed(&secret, &[b"what do ya want for nothing?"], &signature[..31]));
        assert!(!is_signed(&"jefe".into(), &[b"what do ya want for nothing?"], &signature));
        assert!(!is_signed(&secret, &[], &[]));
    }

    #[test]
    fn messages_are_of_this_time() {
        let now: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let at = |seconds| timely(now.timestamp() + seconds, Duration::days(3), now);
        assert!(at(0).is_ok() && at(-3 * 86_400).is_ok() && at(300).is_ok());
        assert_eq!(at(301), Err(PushRefusal::Untimely));
        assert_eq!(at(-3 * 86_400 - 1), Err(PushRefusal::Untimely));
        assert_eq!(timely(i64::MAX, Duration::days(3), now), Err(PushRefusal::Unreadable));
    }
}

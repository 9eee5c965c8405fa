//! The bytes of a sealed value.
//!
//! ```text
//! algorithm (1) ‖ key id length (1) ‖ key id (1..=32) ‖ nonce (24 or 12) ‖ ciphertext ‖ tag (16)
//! ╰───────────────── header ─────────────────╯
//! ```
//!
//! The header is in clear, because it says how to open the rest; it is authenticated with it all the same.

use std::{fmt, str::FromStr};

use crate::{VaultError, key_ring::KeyId};

/// Length of the authentication tag of both algorithms, in bytes.
pub(crate) const TAG_LEN: usize = 16;

/// The cipher of an envelope. Both take 256-bit keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// The default: its 192-bit nonce can be drawn at random for any number of values.
    #[default]
    XChaCha20Poly1305,
    /// For those whose auditors ask for AES. Its 96-bit random nonce bounds one key to about 2^32 values.
    Aes256Gcm,
}

impl Algorithm {
    /// The byte that stands for it in an envelope. Never reuse one.
    const fn id(self) -> u8 {
        match self {
            Self::XChaCha20Poly1305 => 1,
            Self::Aes256Gcm => 2,
        }
    }

    const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::XChaCha20Poly1305),
            2 => Some(Self::Aes256Gcm),
            _ => None,
        }
    }

    pub(crate) const fn nonce_len(self) -> usize {
        match self {
            Self::XChaCha20Poly1305 => 24,
            Self::Aes256Gcm => 12,
        }
    }

    /// The word used in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XChaCha20Poly1305 => "xchacha20-poly1305",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "xchacha20-poly1305" => Ok(Self::XChaCha20Poly1305),
            "aes-256-gcm" => Ok(Self::Aes256Gcm),
            _ => Err(UnknownAlgorithm),
        }
    }
}

/// The setting names neither of the algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token cipher must be `xchacha20-poly1305` or `aes-256-gcm`")]
pub struct UnknownAlgorithm;

/// The header of an envelope sealed with `algorithm` under `key_id`.
pub(crate) fn header(algorithm: Algorithm, key_id: &KeyId) -> Vec<u8> {
    let id = key_id.as_str().as_bytes();
    let mut header = Vec::with_capacity(2 + id.len());
    header.push(algorithm.id());
    header.push(key_id.len());
    header.extend_from_slice(id);
    header
}

/// An envelope taken apart; nothing in it is trusted yet.
pub(crate) struct Envelope<'a> {
    pub algorithm: Algorithm,
    pub key_id: KeyId,
    pub header: &'a [u8],
    pub nonce: &'a [u8],
    pub ciphertext: &'a [u8],
    pub tag: &'a [u8],
}

impl<'a> Envelope<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, VaultError> {
        let &[algorithm, id_len, ..] = bytes else { return Err(VaultError::Malformed) };
        let algorithm = Algorithm::from_id(algorithm).ok_or(VaultError::Malformed)?;
        let (header, rest) = bytes.split_at_checked(2 + usize::from(id_len)).ok_or(VaultError::Malformed)?;
        let (nonce, rest) = rest.split_at_checked(algorithm.nonce_len()).ok_or(VaultError::Malformed)?;
        let ciphertext_len = rest.len().checked_sub(TAG_LEN).ok_or(VaultError::Malformed)?;
        let (ciphertext, tag) = rest.split_at_checked(ciphertext_len).ok_or(VaultError::Malformed)?;
        let key_id = header
            .get(2..)
            .and_then(|id| std::str::from_utf8(id).ok())
            .and_then(KeyId::parse)
            .ok_or(VaultError::Malformed)?;
        Ok(Self { algorithm, key_id, header, nonce, ciphertext, tag })
    }
}

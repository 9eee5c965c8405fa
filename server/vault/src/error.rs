//! What can go wrong. No variant carries plaintext, key material or ciphertext: every one may be logged as it is.

use thiserror::Error;

/// Why an envelope could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The bytes are not an envelope: empty, cut short, or of an algorithm this version does not know.
    #[error("the sealed value is malformed")]
    Malformed,
    /// The envelope names a key that the ring does not hold. Either the key was taken out of the setting too early, or
    /// the id itself was altered.
    #[error("the sealed value needs the key `{key_id}`, which the key ring does not hold")]
    UnknownKey {
        /// The id as it stands in the envelope; ids are names, not secrets.
        key_id: String,
    },
    /// Authentication failed: a bit was changed, the key is another one under the same id, or the value belongs to
    /// another row, column or table. These cases cannot be told apart, by design of the cipher.
    #[error("the sealed value was altered, or belongs to another place")]
    Tampered,
    /// The value opened, but is not UTF-8 text; use `open_bytes` for binary values.
    #[error("the sealed value is not text")]
    NotText,
    /// The value is too large for the cipher (256 GiB for XChaCha20-Poly1305, 64 GiB for AES-GCM).
    #[error("the value is too large to be sealed")]
    TooLarge,
    /// The operating system gave no random bytes. Nothing was sealed.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Why the key ring setting was refused. Entries are named by their position (from 1), never quoted: a setting with a
/// missing colon would otherwise print the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRingError {
    /// No entry at all.
    #[error("the key ring is empty; it needs at least one `id:key` entry")]
    Empty,
    /// More entries than anyone could have rotated through; most likely another setting was pasted here.
    #[error("the key ring holds more than {max} keys")]
    TooManyKeys {
        /// The most entries accepted.
        max: usize,
    },
    /// The entry has no colon between id and key.
    #[error("entry {position} of the key ring is not of the form `id:key`")]
    NotAnEntry {
        /// Counted from 1.
        position: usize,
    },
    /// The id is empty, longer than 32 characters, or holds something else than `a-z A-Z 0-9 - _ .`.
    #[error("entry {position} of the key ring has a bad id: 1 to 32 of the characters a-z, A-Z, 0-9, `-`, `_`, `.`")]
    BadId {
        /// Counted from 1.
        position: usize,
    },
    /// The key is not 32 bytes in standard base64 (44 characters, the padding may be left out).
    #[error("entry {position} of the key ring is not a key of 32 bytes in base64; `openssl rand -base64 32` makes one")]
    BadKey {
        /// Counted from 1.
        position: usize,
    },
    /// All bytes of the key are the same: a placeholder, not a key.
    #[error("entry {position} of the key ring is a placeholder, not a random key")]
    WeakKey {
        /// Counted from 1.
        position: usize,
    },
    /// The id stands on an earlier entry already.
    #[error("entry {position} of the key ring repeats the id of an earlier entry")]
    DuplicateId {
        /// Counted from 1.
        position: usize,
    },
    /// The key stands under another id already. Re-sealing from one to the other would change nothing.
    #[error("entry {position} of the key ring repeats the key of an earlier entry under another id")]
    DuplicateKey {
        /// Counted from 1.
        position: usize,
    },
}

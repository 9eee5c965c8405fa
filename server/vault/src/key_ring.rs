//! The keys: one that seals, and any number that still open what was sealed before.

use std::fmt;

use aes_gcm::aead::Generate;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::{KeyRingError, VaultError};

/// Length of a key in bytes; both algorithms take 256-bit keys.
const KEY_LEN: usize = 32;
/// A ring as long as this is not a ring but a mistake.
const MAX_KEYS: usize = 64;
const MAX_ID_LEN: usize = 32;

/// `openssl rand -base64 32` pads, some secret managers strip it: both are the same key.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The name of a key: 1 to 32 of the characters `a-z A-Z 0-9 - _ .`. A name, not a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// `None` if `id` is not a name as described above.
    pub fn parse(id: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        ((1..=MAX_ID_LEN).contains(&id.len()) && id.bytes().all(plain)).then(|| Self(id.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn len(&self) -> u8 {
        // `parse` admits at most 32 bytes, so the fallback is never taken.
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key and its name. The key is wiped from memory when it is dropped.
struct NamedKey {
    id: KeyId,
    key: SecretBox<[u8; KEY_LEN]>,
}

/// One sealing key and any number of opening keys.
///
/// To rotate: put a new entry **first** in the setting, restart, let `arctiv keys rotate` re-seal everything, and take
/// the old entry out when it reports that nothing is left under it.
pub struct KeyRing {
    sealing: NamedKey,
    opening: Vec<NamedKey>,
}

impl KeyRing {
    /// Reads `id:key,id:key,…`; the first entry seals, all open. Keys are 32 bytes in standard base64. Spaces and line
    /// breaks around entries are ignored, as is a comma at the end.
    pub fn parse(setting: &SecretString) -> Result<Self, KeyRingError> {
        let mut keys: Vec<NamedKey> = Vec::new();
        let entries = setting.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (entry, position) in entries.zip(1..) {
            if position > MAX_KEYS {
                return Err(KeyRingError::TooManyKeys { max: MAX_KEYS });
            }
            let (id, key) = entry.split_once(':').ok_or(KeyRingError::NotAnEntry { position })?;
            let id = KeyId::parse(id.trim()).ok_or(KeyRingError::BadId { position })?;
            let key = decode(key.trim()).ok_or(KeyRingError::BadKey { position })?;
            let bytes = key.expose_secret();
            if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
                return Err(KeyRingError::WeakKey { position });
            }
            if keys.iter().any(|known| known.id == id) {
                return Err(KeyRingError::DuplicateId { position });
            }
            if keys.iter().any(|known| known.key.expose_secret() == bytes) {
                return Err(KeyRingError::DuplicateKey { position });
            }
            keys.push(NamedKey { id, key });
        }
        let mut keys = keys.into_iter();
        let sealing = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { sealing, opening: keys.collect() })
    }

    /// A ring of one new random key under a random name: for development, and for the first entry of a rotation.
    pub fn generate() -> Result<Self, VaultError> {
        let suffix = u32::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let mut bytes = <[u8; KEY_LEN]>::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let key = SecretBox::new(Box::new(bytes));
        bytes.zeroize();
        let id = KeyId(format!("k-{suffix:08x}").into());
        Ok(Self { sealing: NamedKey { id, key }, opening: Vec::new() })
    }

    /// The ring as [`KeyRing::parse`] reads it.
    pub fn to_setting(&self) -> SecretString {
        // 44 characters of base64, the name, a colon and a comma: reserved at once, so that growing leaves no copies.
        let mut setting = String::with_capacity(self.keys().count() * (44 + MAX_ID_LEN + 2));
        for NamedKey { id, key } in self.keys() {
            if !setting.is_empty() {
                setting.push(',');
            }
            setting.push_str(id.as_str());
            setting.push(':');
            BASE64.encode_string(key.expose_secret(), &mut setting);
        }
        let secret = SecretString::from(setting.as_str());
        setting.zeroize();
        secret
    }

    /// The name of the key that seals.
    pub fn sealing_id(&self) -> &KeyId {
        &self.sealing.id
    }

    /// The names of all keys, the sealing one first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys().map(|named| &named.id)
    }

    pub(crate) fn sealing_key(&self) -> &SecretBox<[u8; KEY_LEN]> {
        &self.sealing.key
    }

    pub(crate) fn key(&self, id: &KeyId) -> Option<&SecretBox<[u8; KEY_LEN]>> {
        self.keys().find(|named| named.id == *id).map(|named| &named.key)
    }

    fn keys(&self) -> impl Iterator<Item = &NamedKey> {
        std::iter::once(&self.sealing).chain(&self.opening)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opening: Vec<&str> = self.opening.iter().map(|named| named.id.as_str()).collect();
        f.debug_struct("KeyRing")
            .field("sealing", &self.sealing.id.as_str())
            .field("opening", &opening)
            .finish_non_exhaustive()
    }
}

fn decode(text: &str) -> Option<SecretBox<[u8; KEY_LEN]>> {
    // Room for a longer value than a key, so that a wrong length is seen as such and nothing is allocated to be copied.
    let mut buffer = Zeroizing::new([0_u8; 2 * KEY_LEN]);
    let length = BASE64.decode_slice(text, buffer.as_mut_slice()).ok()?;
    let bytes: &[u8; KEY_LEN] = buffer.get(..length)?.try_into().ok()?;
    Some(SecretBox::new(Box::new(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const B: &str = "/////////////////////////////////////////w8=";

    fn parse(setting: &str) -> Result<KeyRing, KeyRingError> {
        KeyRing::parse(&SecretString::from(setting))
    }

    #[test]
    fn the_first_entry_seals_and_all_open() {
        let ring = parse(&format!(" 2026-11:{A},\n old:{B}, ")).unwrap();
        assert_eq!(ring.sealing_id().as_str(), "2026-11");
        assert_eq!(ring.ids().map(KeyId::as_str).collect::<Vec<_>>(), ["2026-11", "old"]);
    }

    #[test]
    fn padding_may_be_left_out() {
        let padded = parse(&format!("a:{A}")).unwrap();
        let bare = parse(&format!("a:{}", A.trim_end_matches('='))).unwrap();
        assert_eq!(padded.to_setting().expose_secret(), bare.to_setting().expose_secret());
    }

    #[test]
    fn bad_settings_are_refused_by_position() {
        let long_id = "x".repeat(33);
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let cases = [
            (String::new(), KeyRingError::Empty),
            (" , ,".into(), KeyRingError::Empty),
            (A.into(), KeyRingError::NotAnEntry { position: 1 }),
            (format!("a:{A},{B}"), KeyRingError::NotAnEntry { position: 2 }),
            (format!(":{A}"), KeyRingError::BadId { position: 1 }),
            (format!("a b:{A}"), KeyRingError::BadId { position: 1 }),
            (format!("{long_id}:{A}"), KeyRingError::BadId { position: 1 }),
            ("a:".into(), KeyRingError::BadKey { position: 1 }),
            ("a:AAEC".into(), KeyRingError::BadKey { position: 1 }),
            (format!("a:{A}{A}{A}"), KeyRingError::BadKey { position: 1 }),
            ("a:not base64 at all!".into(), KeyRingError::BadKey { position: 1 }),
            (format!("a:{zeros}"), KeyRingError::WeakKey { position: 1 }),
            (format!("a:{A},a:{B}"), KeyRingError::DuplicateId { position: 2 }),
            (format!("a:{A},b:{A}"), KeyRingError::DuplicateKey { position: 2 }),
        ];
        for (setting, expected) in cases {
            assert_eq!(parse(&setting).unwrap_err(), expected, "{setting}");
        }
        let many: Vec<String> = (0..=MAX_KEYS)
            .map(|n| {
                let mut key = [1_u8; KEY_LEN];
                key[0] = u8::try_from(n).unwrap() + 2;
                format!("k{n}:{}", BASE64.encode(key))
            })
            .collect();
        assert_eq!(parse(&many.join(",")).unwrap_err(), KeyRingError::TooManyKeys { max: MAX_KEYS });
    }

    #[test]
    fn a_generated_ring_survives_its_setting() {
        let ring = KeyRing::generate().unwrap();
        let again = KeyRing::parse(&ring.to_setting()).unwrap();
        assert_eq!(ring.sealing_id(), again.sealing_id());
        assert_eq!(ring.sealing_key().expose_secret(), again.sealing_key().expose_secret());
        assert_ne!(KeyRing::generate().unwrap().sealing_key().expose_secret(), ring.sealing_key().expose_secret());
    }

    #[test]
    fn debug_and_errors_show_no_key() {
        let ring = parse(&format!("first:{A},second:{B}")).unwrap();
        let shown = format!("{ring:?} {ring:#?}");
        assert!(shown.contains("first") && shown.contains("second"));
        assert!(!shown.contains(&A[..8]) && !shown.contains(&B[..8]));
        // The byte values of A, as an array would print them.
        assert!(!shown.contains("4, 5, 6"));
        let error = parse(A).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&A[..8]));
    }
}

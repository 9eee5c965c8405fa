//! Sealing and opening.

use std::fmt;

use aes_gcm::{
    Aes256Gcm,
    aead::{AeadInOut, Generate, KeyInit, Nonce, Tag},
};
use chacha20poly1305::XChaCha20Poly1305;
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Context, KeyId, KeyRing, VaultError,
    envelope::{self, Algorithm, Envelope, TAG_LEN},
};

/// Seals secrets for one place and opens them there again. Cheap to share behind an `Arc`; holds the keys.
pub struct Vault {
    ring: KeyRing,
    algorithm: Algorithm,
}

impl Vault {
    /// `algorithm` is what new envelopes are sealed with; envelopes of either algorithm open.
    pub const fn new(ring: KeyRing, algorithm: Algorithm) -> Self {
        Self { ring, algorithm }
    }

    /// Seals `secret` for `context` under the sealing key. Two calls never give the same bytes.
    pub fn seal(&self, secret: &SecretString, context: &Context<'_>) -> Result<Vec<u8>, VaultError> {
        self.seal_bytes(secret.expose_secret().as_bytes(), context)
    }

    /// [`Vault::seal`] for binary values. The caller wipes `secret`.
    pub fn seal_bytes(&self, secret: &[u8], context: &Context<'_>) -> Result<Vec<u8>, VaultError> {
        let header = envelope::header(self.algorithm, self.ring.sealing_id());
        let associated_data = context.associated_data(&header);
        let key = self.ring.sealing_key();
        match self.algorithm {
            Algorithm::XChaCha20Poly1305 => encrypt::<XChaCha20Poly1305>(key, header, &associated_data, secret),
            Algorithm::Aes256Gcm => encrypt::<Aes256Gcm>(key, header, &associated_data, secret),
        }
    }

    /// Opens a text sealed for `context`, under whichever key of the ring the envelope names.
    pub fn open(&self, envelope: &[u8], context: &Context<'_>) -> Result<SecretString, VaultError> {
        let bytes = self.open_zeroizing(envelope, context)?;
        // Checked in place, so that no second copy has to be wiped.
        let text = std::str::from_utf8(&bytes).map_err(|_| VaultError::NotText)?;
        Ok(SecretString::from(text))
    }

    /// [`Vault::open`] for binary values.
    pub fn open_bytes(&self, envelope: &[u8], context: &Context<'_>) -> Result<SecretSlice<u8>, VaultError> {
        let bytes = self.open_zeroizing(envelope, context)?;
        Ok(SecretBox::new(bytes.as_slice().into()))
    }

    /// Whether the envelope should be sealed anew: under another key than the sealing one, or with another algorithm.
    /// True for bytes that are no envelope at all; [`Vault::reseal`] then says what is wrong with them.
    pub fn needs_reseal(&self, envelope: &[u8]) -> bool {
        !envelope.starts_with(&self.sealing_prefix())
    }

    /// What every up-to-date envelope starts with, so that a query can find the stale ones without opening any:
    /// `where substring(access_token from 1 for length($1)) <> $1`.
    pub fn sealing_prefix(&self) -> Vec<u8> {
        envelope::header(self.algorithm, self.ring.sealing_id())
    }

    /// The envelope under the present sealing key and algorithm; `None` if it is already.
    pub fn reseal(&self, envelope: &[u8], context: &Context<'_>) -> Result<Option<Vec<u8>>, VaultError> {
        if !self.needs_reseal(envelope) {
            return Ok(None);
        }
        let bytes = self.open_zeroizing(envelope, context)?;
        self.seal_bytes(&bytes, context).map(Some)
    }

    /// The name of the key an envelope was sealed under, read from its header without checking anything.
    pub fn key_id(envelope: &[u8]) -> Result<KeyId, VaultError> {
        Envelope::parse(envelope).map(|parsed| parsed.key_id)
    }

    /// The keys, by name.
    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// What new envelopes are sealed with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn open_zeroizing(&self, envelope: &[u8], context: &Context<'_>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let parsed = Envelope::parse(envelope)?;
        let key = self
            .ring
            .key(&parsed.key_id)
            .ok_or_else(|| VaultError::UnknownKey { key_id: parsed.key_id.to_string() })?;
        let associated_data = context.associated_data(parsed.header);
        match parsed.algorithm {
            Algorithm::XChaCha20Poly1305 => decrypt::<XChaCha20Poly1305>(key, &parsed, &associated_data),
            Algorithm::Aes256Gcm => decrypt::<Aes256Gcm>(key, &parsed, &associated_data),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("ring", &self.ring).field("algorithm", &self.algorithm).finish()
    }
}

/// Turns the header into the whole envelope.
fn encrypt<C>(
    key: &SecretBox<[u8; 32]>,
    mut envelope: Vec<u8>,
    associated_data: &[u8],
    secret: &[u8],
) -> Result<Vec<u8>, VaultError>
where
    C: KeyInit + AeadInOut,
{
    let cipher = C::new_from_slice(key.expose_secret()).map_err(|_| VaultError::Malformed)?;
    let nonce = Nonce::<C>::try_generate().map_err(|_| VaultError::NoRandomness)?;
    // Everything at once: had the buffer to grow after the secret is in it, a copy would stay behind in freed memory.
    envelope.reserve_exact(nonce.len() + secret.len() + TAG_LEN);
    envelope.extend_from_slice(&nonce);
    let start = envelope.len();
    envelope.extend_from_slice(secret);
    let body = envelope.get_mut(start..).unwrap_or_default();
    let Ok(tag) = cipher.encrypt_inout_detached(&nonce, associated_data, body.into()) else {
        envelope.zeroize();
        return Err(VaultError::TooLarge);
    };
    envelope.extend_from_slice(&tag);
    Ok(envelope)
}

fn decrypt<C>(
    key: &SecretBox<[u8; 32]>,
    envelope: &Envelope<'_>,
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError>
where
    C: KeyInit + AeadInOut,
{
    let cipher = C::new_from_slice(key.expose_secret()).map_err(|_| VaultError::Malformed)?;
    let nonce = Nonce::<C>::try_from(envelope.nonce).map_err(|_| VaultError::Malformed)?;
    let tag = Tag::<C>::try_from(envelope.tag).map_err(|_| VaultError::Malformed)?;
    let mut bytes = Zeroizing::new(envelope.ciphertext.to_vec());
    cipher
        .decrypt_inout_detached(&nonce, associated_data, bytes.as_mut_slice().into(), &tag)
        .map_err(|_| VaultError::Tampered)?;
    Ok(bytes)
}

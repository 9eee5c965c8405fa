//! `[security]`: keys. In development they are made up and kept in the data folder; in production a missing one
//! stops the start.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Faults, Section};

/// What new secrets are sealed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TokenAlgorithm {
    #[default]
    #[serde(rename = "xchacha20-poly1305")]
    XChaCha20Poly1305,
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecuritySettings {
    /// Signs session cookies; 32 characters or more.
    pub jwt_secret: Option<SecretString>,
    /// `id:base64,id:base64…`, 32 bytes each; the first seals, all open.
    pub token_keys: Option<SecretString>,
    pub token_algorithm: TokenAlgorithm,
}

impl SecuritySettings {
    pub(super) fn require_for_production(&self, faults: &mut Faults) {
        if self.jwt_secret.is_none() {
            faults.add("security.jwt_secret (JWT_SECRET)", "is missing; set 32 random characters or more");
        }
        if self.token_keys.is_none() {
            faults.add("security.token_keys (ARCTIV_TOKEN_KEYS)", "is missing; `arctiv keys generate` prints one");
        }
    }
}

impl Section for SecuritySettings {
    const NAME: &'static str = "security";
    fn validate(&self, faults: &mut Faults) {
        if self.jwt_secret.as_ref().is_some_and(|secret| secret.expose_secret().chars().count() < 32) {
            faults.add("security.jwt_secret (JWT_SECRET)", "must have 32 characters or more");
        }
        if let Some(keys) = &self.token_keys
            && let Err(error) = vault::KeyRing::parse(keys)
        {
            faults.add("security.token_keys (ARCTIV_TOKEN_KEYS)", error);
        }
    }
}

/// The keys in force.
#[derive(Clone, Debug)]
pub struct Keys {
    pub jwt_secret: SecretString,
    pub token_keys: SecretString,
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    jwt_secret: String,
    token_keys: String,
}

impl Keys {
    /// Puts keys into a data folder that has none, as its development keys.
    pub fn put(data_dir: &Path, jwt_secret: &str, token_keys: &str) -> io::Result<()> {
        let given = KeyFile { jwt_secret: jwt_secret.to_owned(), token_keys: token_keys.to_owned() };
        let kept = keep(data_dir, given)?;
        if kept.jwt_secret == jwt_secret && kept.token_keys == token_keys {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "the data folder has other keys already"))
        }
    }

    /// The set keys, and for those not set the development keys of the data folder, made at first need.
    pub fn resolve(settings: &SecuritySettings, data_dir: &Path) -> io::Result<Self> {
        if let (Some(jwt_secret), Some(token_keys)) = (&settings.jwt_secret, &settings.token_keys) {
            return Ok(Self { jwt_secret: jwt_secret.clone(), token_keys: token_keys.clone() });
        }
        let made = development_keys(data_dir)?;
        Ok(Self {
            jwt_secret: settings.jwt_secret.clone().unwrap_or_else(|| made.jwt_secret.into()),
            token_keys: settings.token_keys.clone().unwrap_or_else(|| made.token_keys.into()),
        })
    }
}

fn development_keys(data_dir: &Path) -> io::Result<KeyFile> {
    let generated = vault::KeyRing::generate().map_err(io::Error::other)?;
    keep(data_dir, KeyFile { jwt_secret: random_key(), token_keys: generated.to_setting().expose_secret().to_owned() })
}

/// Keeps keys in the data folder. Whoever comes first makes them; a second process reads the first one's.
fn keep(data_dir: &Path, fresh: KeyFile) -> io::Result<KeyFile> {
    let path = data_dir.join("development-keys.json");
    fs::create_dir_all(data_dir)?;
    let temporary = data_dir.join(format!(".development-keys-{}", random_key()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(&fresh)?)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => Ok(fresh),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(serde_json::from_slice(&fs::read(&path)?)?),
        Err(error) => Err(error),
    }
}

fn random_key() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

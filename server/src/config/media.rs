//! `[media]`: where pictures, videos and documents are kept, and how much of them.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    pub store: MediaStore,
    /// For `folder`: a local folder; `<data_dir>/media` when left out.
    pub folder: Option<PathBuf>,
    /// For `s3`.
    pub s3: S3Settings,
    /// What one workspace may keep, gigabytes; 0 for as much as there is room for.
    pub workspace_gigabytes: u32,
}

/// Where files are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaStore {
    /// On this machine; for one machine.
    #[default]
    Folder,
    /// In a bucket of Amazon S3, or of anything that speaks its protocol.
    S3,
}

/// `[media.s3]`: a bucket.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Settings {
    pub bucket: String,
    pub region: String,
    /// Of a store that is not Amazon's: `https://minio.example.com`.
    pub endpoint: Option<Url>,
    /// Left out, both: the machine's own role is asked for.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<SecretString>,
    /// Whether the bucket stands in the path, as most stores that are not Amazon's want it, and not in the host's name.
    pub path_style: bool,
    /// In front of every key, where a bucket is shared: `arctiv/`.
    pub prefix: Option<String>,
    /// Whether the endpoint may be reached without encryption.
    pub allow_http: bool,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self { store: MediaStore::Folder, folder: None, s3: S3Settings::default(), workspace_gigabytes: 100 }
    }
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            access_key_id: None,
            secret_access_key: None,
            path_style: true,
            prefix: None,
            allow_http: false,
        }
    }
}

impl MediaSettings {
    /// What one workspace may keep, bytes.
    pub fn room(&self) -> u64 {
        match self.workspace_gigabytes {
            0 => u64::MAX,
            gigabytes => u64::from(gigabytes) * 1024 * 1024 * 1024,
        }
    }

    /// The local folder, wherever files are kept.
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| data_dir.join("media"))
    }
}

impl Section for MediaSettings {
    const NAME: &'static str = "media";
    fn validate(&self, faults: &mut Faults) {
        if self.folder.as_ref().is_some_and(|folder| folder.as_os_str().is_empty()) {
            faults.add("media.folder", "must not be empty");
        }
        if self.store == MediaStore::Folder {
            return;
        }
        let s3 = &self.s3;
        if s3.bucket.trim().is_empty() {
            faults.add("media.s3.bucket", "names the bucket; media.store = s3 needs it");
        }
        if s3.region.trim().is_empty() {
            faults.add("media.s3.region", "must not be empty");
        }
        if s3.access_key_id.is_some() != s3.secret_access_key.is_some() {
            faults.add("media.s3.access_key_id", "access_key_id and secret_access_key go together: both, or none");
        }
        if s3.secret_access_key.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
            faults.add("media.s3.secret_access_key", "must not be empty");
        }
        if s3.endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http") && !s3.allow_http {
            faults.add("media.s3.endpoint", "is not encrypted; use https, or set media.s3.allow_http = true");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::config::Settings;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let variables: HashMap<_, _> =
            pairs.iter().map(|(name, value)| (format!("ARCTIV_MEDIA__{name}"), (*value).to_owned())).collect();
        Settings::read(None, variables).map_err(|faults| faults.to_string())
    }

    #[test]
    fn a_bucket_needs_a_name_and_encryption() {
        let missing = read(&[("STORE", "s3")]).unwrap_err();
        assert!(missing.contains("media.s3.bucket"), "{missing}");
        let plain =
            read(&[("STORE", "s3"), ("S3__BUCKET", "media"), ("S3__ENDPOINT", "http://minio:9000")]).unwrap_err();
        assert!(plain.contains("media.s3.endpoint"), "{plain}");
        let half = read(&[("STORE", "s3"), ("S3__BUCKET", "media"), ("S3__ACCESS_KEY_ID", "key")]).unwrap_err();
        assert!(half.contains("go together"), "{half}");
        let whole = read(&[
            ("STORE", "s3"),
            ("S3__BUCKET", "media"),
            ("S3__ENDPOINT", "http://minio:9000"),
            ("S3__ALLOW_HTTP", "true"),
            ("S3__ACCESS_KEY_ID", "key"),
            ("S3__SECRET_ACCESS_KEY", "very-secret"),
        ])
        .unwrap();
        assert!(!format!("{whole:?}").contains("very-secret"));
        assert!(read(&[("STORE", "tape")]).is_err());
    }

    #[test]
    fn room_is_counted_in_gigabytes() {
        assert_eq!(read(&[("WORKSPACE_GIGABYTES", "2")]).unwrap().media.room(), 2 * 1024 * 1024 * 1024);
        assert_eq!(read(&[("WORKSPACE_GIGABYTES", "0")]).unwrap().media.room(), u64::MAX);
    }
}

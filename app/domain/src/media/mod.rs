//! Pictures, videos and documents: what is taken, what is known of each, and how it goes to a platform.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    error::{ErrorCode, ServiceError, ServiceResult},
    ids::MediaId,
    page::{Page, PageRequest},
};

mod fit;
mod kind;

pub use fit::{Fit, PictureFacts, Recipe, fit};
pub use kind::{AudioCodec, MediaKind, MediaType, VideoCodec, VideoFacts};

/// The largest upload, bytes: the largest any platform takes as a picture.
pub const MAX_UPLOAD: u64 = 20 * 1024 * 1024;
/// Decoding more than this many pixels is refused before it is tried.
pub const MAX_PIXELS: u64 = 50_000_000;
pub const MAX_SIDE: u32 = 12_000;
pub const MAX_ALT_TEXT: usize = 1_000;
pub const MAX_FILE_NAME: usize = 200;

/// The error of a file over [`MAX_UPLOAD`], whoever notices it first.
pub fn too_large() -> ServiceError {
    let mut error = ServiceError::field(
        "file",
        format!("This file is too large. A picture may have up to {} MB.", MAX_UPLOAD / (1024 * 1024)),
    );
    error.fault.code = ErrorCode::PayloadTooLarge;
    error
}

/// An uploaded picture, video or document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MediaAsset {
    pub id: MediaId,
    pub kind: MediaKind,
    pub file_name: String,
    pub content_type: MediaType,
    pub bytes: u64,
    /// Pixels, as it is seen; `null` for documents.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// For videos.
    #[serde(default)]
    pub video: Option<VideoFacts>,
    /// Of a document, where they can be counted.
    #[serde(default)]
    pub pages: Option<u32>,
    /// Whether something shows through a picture.
    #[serde(default)]
    pub see_through: bool,
    /// Lower-case hex.
    pub sha256: String,
    pub alt_text: Option<String>,
    /// In alphabetical order.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Signed, valid for about an hour.
    pub url: String,
    /// Signed; at most 480 px on the longer side. `null` for documents, and for videos that came without a poster.
    pub thumbnail_url: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A file as it came in. The declared type is not trusted.
#[derive(Clone, Debug)]
pub struct Upload {
    pub file_name: String,
    pub alt_text: Option<String>,
    /// At most [`MAX_UPLOAD`].
    pub bytes: Vec<u8>,
}

/// What a signed URL leads to.
#[derive(Clone, Debug)]
pub struct MediaFile {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Which picture of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Original,
    Thumbnail,
}

impl Variant {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Thumbnail => "thumbnail",
        }
    }
}

/// The query of a signed URL.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// Unix seconds.
    pub expires: i64,
    /// HMAC-SHA256, base64url.
    pub signature: String,
}

/// Pictures of the actor's workspace. Reading: viewer. Changing: editor.
#[async_trait]
pub trait Media: Send + Sync {
    /// Takes a picture: sniffed, measured, hashed, stored with a thumbnail. The same bytes again give the same asset.
    async fn upload(&self, actor: &Actor, upload: Upload) -> ServiceResult<MediaAsset>;

    /// Newest first.
    async fn list(&self, actor: &Actor, page: PageRequest) -> ServiceResult<Page<MediaAsset>>;

    async fn get(&self, actor: &Actor, id: MediaId) -> ServiceResult<MediaAsset>;

    /// At most [`MAX_ALT_TEXT`] characters; empty removes it.
    async fn set_alt_text(&self, actor: &Actor, id: MediaId, alt_text: String) -> ServiceResult<MediaAsset>;

    /// `CONFLICT` while a post that has not gone out uses it.
    async fn delete(&self, actor: &Actor, id: MediaId) -> ServiceResult<()>;

    /// The bytes behind a signed URL; `GONE` once expired, `NOT_FOUND` when the signature is not ours.
    async fn open(&self, id: MediaId, variant: Variant, signature: Signature) -> ServiceResult<MediaFile>;
}

//! Uploads in pieces, which go on where they stopped.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{MAX_ALT_TEXT, MAX_DOCUMENT, MAX_FILE_NAME, MAX_UPLOAD, MAX_VIDEO, MediaAsset, MediaKind};
use crate::{
    error::{ErrorCode, FieldErrors, ServiceError, ServiceResult},
    ids::UploadId,
    text::has_control_chars,
};

/// How long an unfinished upload is kept after its last piece, hours.
pub const UPLOAD_KEPT_HOURS: i64 = 24;
/// Unfinished uploads of one workspace at a time.
pub const MAX_OPEN_UPLOADS: u32 = 50;
/// What a browser sends per request, bytes: small enough to lose little with a connection, large enough to cost little.
pub const PIECE: u64 = 8 * 1024 * 1024;

/// A file that is going to come in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    pub file_name: String,
    pub alt_text: Option<String>,
    /// Of the whole file, bytes.
    pub length: u64,
}

impl NewUpload {
    /// Refuses what could never become an asset. What the file is shows in its bytes, later.
    pub fn check(&self) -> ServiceResult<()> {
        if self.length > MAX_VIDEO {
            return Err(too_large(MediaKind::Video));
        }
        let mut errors = FieldErrors::default();
        if self.length == 0 {
            errors.add("length", "This file is empty.");
        }
        if self.file_name.chars().count() > MAX_FILE_NAME * 2 {
            errors.add("filename", format!("The name is at most {} characters.", MAX_FILE_NAME * 2));
        }
        if let Some(alt_text) = &self.alt_text {
            if alt_text.trim().chars().count() > MAX_ALT_TEXT {
                errors.add("alt_text", format!("The alt text is at most {MAX_ALT_TEXT} characters."));
            } else if has_control_chars(alt_text) {
                errors.add("alt_text", "The alt text contains control characters.");
            }
        }
        errors.into_result()
    }
}

/// The most bytes of a file of this kind.
pub const fn max_bytes(kind: MediaKind) -> u64 {
    match kind {
        MediaKind::Image => MAX_UPLOAD,
        MediaKind::Video => MAX_VIDEO,
        MediaKind::Document => MAX_DOCUMENT,
    }
}

/// The error of a file over [`max_bytes`], whoever notices it first.
pub fn too_large(kind: MediaKind) -> ServiceError {
    const MIB: u64 = 1024 * 1024;
    let most = max_bytes(kind);
    let most = if most >= 1024 * MIB { format!("{} GB", most / (1024 * MIB)) } else { format!("{} MB", most / MIB) };
    let mut error =
        ServiceError::field("file", format!("This file is too large. A {} may have up to {most}.", kind.noun()));
    error.fault.code = ErrorCode::PayloadTooLarge;
    error
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UploadStatus {
    /// Waits for its next piece.
    Receiving,
    /// All there; looked at in the background.
    Inspecting,
    /// In the library.
    Ready,
    /// Not taken, and why is said.
    Refused,
}

impl UploadStatus {
    pub const ALL: [Self; 4] = [Self::Receiving, Self::Inspecting, Self::Ready, Self::Refused];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Inspecting => "inspecting",
            Self::Ready => "ready",
            Self::Refused => "refused",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// An upload in pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadState {
    pub id: UploadId,
    pub file_name: String,
    /// Bytes in all.
    pub length: u64,
    /// Bytes that have arrived: where the next piece begins.
    pub offset: u64,
    pub status: UploadStatus,
    /// When it is given up, unless another piece arrives before.
    pub expires_at: DateTime<Utc>,
    /// What it has become.
    pub media: Option<MediaAsset>,
    /// Whether the library had the same file already: `media` is that one.
    pub duplicate: bool,
    /// Why it was not taken, in a sentence for people.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(length: u64) -> NewUpload {
        NewUpload { file_name: "walk.mp4".into(), alt_text: None, length }
    }

    #[test]
    fn what_can_never_be_taken_is_refused_at_once() {
        assert!(new(1).check().is_ok() && new(MAX_VIDEO).check().is_ok());
        assert_eq!(new(MAX_VIDEO + 1).check().unwrap_err().code(), ErrorCode::PayloadTooLarge);
        assert!(new(0).check().unwrap_err().fault.fields.get("length").is_some());
        let long = NewUpload { file_name: "x".repeat(401), alt_text: Some("a\0".into()), length: 1 };
        let fields = long.check().unwrap_err().fault.fields;
        assert!(fields.get("filename").is_some() && fields.get("alt_text").is_some());
    }

    #[test]
    fn limits_are_said_in_words() {
        let words = |kind| too_large(kind).fault.message;
        assert!(words(MediaKind::Image).contains("A picture may have up to 20 MB"));
        assert!(words(MediaKind::Video).contains("A video may have up to 4 GB"));
        assert!(words(MediaKind::Document).contains("A document may have up to 100 MB"));
    }

    #[test]
    fn words_round_trip() {
        for status in UploadStatus::ALL {
            assert_eq!(UploadStatus::from_word(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}

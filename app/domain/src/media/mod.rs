//! Pictures, videos and documents: what is taken, what is known of each, and how it goes to a platform.

use std::{fmt, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    error::{FieldErrors, ServiceResult},
    ids::{MediaId, PostId},
    page::PageRequest,
    posts::PostStatus,
};

mod fit;
mod kind;
mod port;
mod upload;

pub use fit::{Fit, PictureFacts, Recipe, fit};
pub use kind::{AudioCodec, MediaKind, MediaType, VideoCodec, VideoFacts};
pub use port::{BrokenOff, Incoming, Media, read_all};
pub use upload::{
    MAX_OPEN_UPLOADS, NewUpload, PIECE, UPLOAD_KEPT_HOURS, UploadState, UploadStatus, max_bytes, too_large,
};

/// The largest picture, bytes, as the largest that any platform takes; and the most that is sent in one request.
pub const MAX_UPLOAD: u64 = 20 * 1024 * 1024;
/// The largest video, bytes: the largest any platform takes.
pub const MAX_VIDEO: u64 = 4 * 1024 * 1024 * 1024;
/// The largest document, bytes.
pub const MAX_DOCUMENT: u64 = 100 * 1024 * 1024;
/// Decoding more than this many pixels is refused before it is tried.
pub const MAX_PIXELS: u64 = 50_000_000;
pub const MAX_SIDE: u32 = 12_000;
pub const MAX_ALT_TEXT: usize = 1_000;
pub const MAX_FILE_NAME: usize = 200;
pub const MAX_TAGS: usize = 20;
pub const MAX_TAG: usize = 40;
/// How long what was removed can be brought back, days.
pub const KEPT_DAYS: i64 = 30;

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

/// What an upload came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Uploaded {
    pub asset: MediaAsset,
    /// Whether the library had the same file already: then this is that one.
    pub duplicate: bool,
}

/// A change to an asset. Left out means unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MediaPatch {
    /// At most 1,000 characters; empty removes it.
    pub alt_text: Option<String>,
    /// All of its tags, in any order: at most 20, each of at most 40 characters.
    pub tags: Option<Vec<String>>,
}

/// Which assets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaFilter {
    /// Part of the name, the alt text or a tag; at most 100 characters.
    pub q: Option<String>,
    pub kind: Option<MediaKind>,
    /// A whole tag.
    pub tag: Option<String>,
    /// Those that were removed and can still be brought back, in place of those that are there.
    pub removed: Option<bool>,
    #[serde(flatten)]
    pub page: PageRequest,
}

/// A tag and how many assets have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagCount {
    pub tag: String,
    pub count: u32,
}

/// A post that shows an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MediaUse {
    pub post_id: PostId,
    /// Its title or first words.
    pub words: String,
    pub status: PostStatus,
    /// Whether the post needs it still: then it cannot be removed.
    pub needed: bool,
}

/// Tags as they are kept: trimmed, in lower case, each once, in order. What is wrong with them is said for `tags`.
pub fn clean_tags(tags: &[String]) -> ServiceResult<Vec<String>> {
    let mut clean: Vec<String> = tags
        .iter()
        .map(|tag| tag.trim_start_matches(|c: char| c == '#' || c.is_whitespace()))
        .map(|tag| tag.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
        .filter(|tag| !tag.is_empty())
        .collect();
    clean.sort();
    clean.dedup();
    let wrong = if clean.len() > MAX_TAGS {
        format!("Give at most {MAX_TAGS} tags.")
    } else if clean.iter().any(|tag| tag.chars().count() > MAX_TAG) {
        format!("A tag is at most {MAX_TAG} characters.")
    } else if clean.iter().any(|tag| tag.chars().any(|c| c.is_control() || c == ',')) {
        "A tag contains no commas and no control characters.".to_owned()
    } else {
        return Ok(clean);
    };
    FieldErrors::one("tags", wrong).into_result().map(|()| Vec::new())
}

/// A file that is read piece by piece, whatever its size.
#[async_trait]
pub trait FileSource: Send + Sync {
    /// The bytes of `range`, which lies within the file.
    async fn read(&self, range: Range<u64>) -> ServiceResult<Bytes>;
}

/// What a signed URL leads to.
#[derive(Clone)]
pub struct MediaFile {
    pub content_type: &'static str,
    /// Bytes.
    pub length: u64,
    pub source: Arc<dyn FileSource>,
}

impl fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFile")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Which file of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Original,
    /// A picture's, or a video's poster.
    Thumbnail,
    /// A picture as a platform takes it.
    Copy(Recipe),
}

impl Variant {
    /// As it stands in the URL.
    pub fn word(self) -> String {
        match self {
            Self::Original => "original".to_owned(),
            Self::Thumbnail => "thumbnail".to_owned(),
            Self::Copy(recipe) => recipe.to_string(),
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "original" => Some(Self::Original),
            "thumbnail" => Some(Self::Thumbnail),
            _ => word.parse().ok().map(Self::Copy),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(given: &[&str]) -> ServiceResult<Vec<String>> {
        clean_tags(&given.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tags_are_kept_in_one_form() {
        assert_eq!(tags(&["#Roast", " winter  menu ", "roast", ""]).unwrap(), ["roast", "winter menu"]);
        let wrong = |given: &[&str]| tags(given).unwrap_err().fault.fields.get("tags").unwrap().to_owned();
        assert!(wrong(&["a,b"]).contains("commas"));
        assert!(wrong(&[&"x".repeat(41)]).contains("40"));
        let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
        assert!(clean_tags(&many).is_err());
    }

    #[test]
    fn a_variant_by_its_word() {
        let copy: Recipe = "jpg-w1440-p0-b8388608".parse().unwrap();
        for variant in [Variant::Original, Variant::Thumbnail, Variant::Copy(copy)] {
            assert_eq!(Variant::from_word(&variant.word()), Some(variant));
        }
        assert_eq!(Variant::from_word("poster"), None);
    }

    proptest! {
        #[test]
        fn clean_tags_stay_clean(given in proptest::collection::vec("\\PC{0,50}|[a-c# ]{0,4}", 0..25)) {
            if let Ok(once) = clean_tags(&given) {
                prop_assert_eq!(clean_tags(&once).unwrap(), once);
            }
        }
    }
}

//! The pictures, videos and documents of a post, as adapters get them: what they are, and how to read them piece by
//! piece.

use std::{fmt, io, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Platform, deliveries::ErrorClass};

use crate::error::PlatformError;

/// A file that can be read from any position: object storage, a folder, or memory. Staging may start in the middle
/// after a crash, and platforms want pieces of their own size, so ranges rather than one stream.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// The bytes of `range`, which lies within the file. Fewer bytes are an error of the caller's making.
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes>;
}

/// One picture, video or document of a post.
#[derive(Clone)]
pub struct MediaItem {
    /// `image/jpeg`, `video/mp4`, `application/pdf`, …, as sniffed at upload.
    pub mime: String,
    /// In bytes.
    pub size: u64,
    /// What it shows, for those who cannot see it.
    pub alt_text: Option<String>,
    /// A signed address at which the platform can fetch it, where the platform wants that: on our own host, good for an
    /// hour at least, without redirects, with its true type and length (platforms.md 0.6).
    pub public_url: Option<String>,
    /// Its bytes.
    pub source: Arc<dyn MediaSource>,
}

impl fmt::Debug for MediaItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address is signed: whoever reads it can fetch the picture.
        f.debug_struct("MediaItem")
            .field("mime", &self.mime)
            .field("size", &self.size)
            .field("alt_text", &self.alt_text)
            .finish_non_exhaustive()
    }
}

impl MediaItem {
    /// A picture in memory.
    pub fn from_bytes(mime: impl Into<String>, bytes: Bytes, alt_text: Option<String>) -> Self {
        let size = bytes.len() as u64;
        Self { mime: mime.into(), size, alt_text, public_url: None, source: Arc::new(bytes) }
    }

    /// The alt text, if there is any to speak of.
    pub(crate) fn alt(&self) -> Option<&str> {
        self.alt_text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Whether it moves. GIFs count as pictures, as they do with every platform.
    pub fn is_video(&self) -> bool {
        self.mime.starts_with("video/")
    }

    /// Whether it is a document: what is neither a picture nor a video.
    pub fn is_document(&self) -> bool {
        !self.is_video() && !self.mime.starts_with("image/")
    }

    pub(crate) async fn read_all(&self, platform: Platform) -> Result<Bytes, PlatformError> {
        self.read(platform, 0..self.size).await
    }

    /// A piece. That our own storage fails is nothing the platform did, but like it, it passes.
    pub(crate) async fn read(&self, platform: Platform, range: Range<u64>) -> Result<Bytes, PlatformError> {
        let expected = range.end - range.start;
        let failed = |code: &'static str| {
            PlatformError::new(platform, ErrorClass::Transient)
                .with_code(code)
                .saying("A file of this post could not be read from our storage.")
        };
        let bytes = self.source.read(range).await.map_err(|error| {
            tracing::warn!(%error, "media could not be read");
            failed("media_unreadable")
        })?;
        if bytes.len() as u64 == expected { Ok(bytes) } else { Err(failed("media_short")) }
    }
}

#[async_trait]
impl MediaSource for Bytes {
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let end = usize::try_from(range.end).map_err(io::Error::other)?;
        let start = usize::try_from(range.start).map_err(io::Error::other)?;
        if start <= end && end <= self.len() {
            Ok(self.slice(start..end))
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

//! What a file is: its kind, its format, and for videos how they are encoded.

use serde::{Deserialize, Serialize};

use crate::platform::{DocumentType, ImageType, VideoType};

/// What kind of thing a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still picture, or a GIF.
    Image,
    Video,
    /// Something with pages.
    Document,
}

impl MediaKind {
    pub const ALL: [Self; 3] = [Self::Image, Self::Video, Self::Document];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    /// As a heading or the start of a sentence.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Image => "Picture",
            Self::Video => "Video",
            Self::Document => "Document",
        }
    }

    /// Within a sentence.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Image => "picture",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A format we take, by its MIME type: of a picture, a video or a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum MediaType {
    Image(ImageType),
    Video(VideoType),
    Document(DocumentType),
}

impl MediaType {
    /// All of them: pictures, videos, documents.
    pub fn all() -> impl Iterator<Item = Self> {
        ImageType::ALL
            .into_iter()
            .map(Self::Image)
            .chain(VideoType::ALL.into_iter().map(Self::Video))
            .chain(DocumentType::ALL.into_iter().map(Self::Document))
    }

    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Image(_) => MediaKind::Image,
            Self::Video(_) => MediaKind::Video,
            Self::Document(_) => MediaKind::Document,
        }
    }

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Image(kind) => kind.mime(),
            Self::Video(kind) => kind.mime(),
            Self::Document(kind) => kind.mime(),
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Image(kind) => kind.extension(),
            Self::Video(kind) => kind.extension(),
            Self::Document(kind) => kind.extension(),
        }
    }

    /// As people call it: "JPG", "MP4", "PDF".
    pub const fn label(self) -> &'static str {
        match self {
            Self::Image(kind) => kind.label(),
            Self::Video(kind) => kind.label(),
            Self::Document(kind) => kind.label(),
        }
    }

    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::all().find(|kind| kind.mime() == mime)
    }

    /// The picture's format, if it is one.
    pub const fn image(self) -> Option<ImageType> {
        match self {
            Self::Image(kind) => Some(kind),
            Self::Video(_) | Self::Document(_) => None,
        }
    }
}

impl From<MediaType> for &'static str {
    fn from(kind: MediaType) -> Self {
        kind.mime()
    }
}

impl TryFrom<String> for MediaType {
    type Error = String;
    fn try_from(mime: String) -> Result<Self, String> {
        Self::from_mime(&mime).ok_or_else(|| format!("{mime} is no format we take"))
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use std::borrow::Cow;

    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
    };

    use super::MediaType;

    impl PartialSchema for MediaType {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("The MIME type that follows from the bytes"))
                .enum_values(Some(Self::all().map(Self::mime)))
                .into()
        }
    }

    impl ToSchema for MediaType {
        fn name() -> Cow<'static, str> {
            Cow::Borrowed("MediaType")
        }
    }
}

/// How a video's pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    H264,
    H265,
    Vp8,
    Vp9,
    Av1,
    Mpeg4,
    /// Something that none of the networks names.
    Other,
}

impl VideoCodec {
    pub const ALL: [Self; 7] = [Self::H264, Self::H265, Self::Vp8, Self::Vp9, Self::Av1, Self::Mpeg4, Self::Other];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::Av1 => "av1",
            Self::Mpeg4 => "mpeg4",
            Self::Other => "other",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "HEVC (H.265)",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Mpeg4 => "MPEG-4 Part 2",
            Self::Other => "another codec",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == word)
    }
}

/// How a video's sound is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AudioCodec {
    Aac,
    Mp3,
    Opus,
    Vorbis,
    Flac,
    Pcm,
    Other,
}

impl AudioCodec {
    pub const ALL: [Self; 7] = [Self::Aac, Self::Mp3, Self::Opus, Self::Vorbis, Self::Flac, Self::Pcm, Self::Other];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Vorbis => "vorbis",
            Self::Flac => "flac",
            Self::Pcm => "pcm",
            Self::Other => "other",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Aac => "AAC",
            Self::Mp3 => "MP3",
            Self::Opus => "Opus",
            Self::Vorbis => "Vorbis",
            Self::Flac => "FLAC",
            Self::Pcm => "uncompressed",
            Self::Other => "another codec",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == word)
    }
}

/// What is known of a video beyond its size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VideoFacts {
    /// Milliseconds.
    pub duration_ms: u32,
    pub codec: VideoCodec,
    /// `null` when it has no sound.
    pub audio: Option<AudioCodec>,
    /// Frames per second, on average; `null` where the file does not say.
    pub frame_rate: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_written_as_its_mime_type() {
        for kind in MediaType::all() {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.mime());
            assert_eq!(serde_json::from_value::<MediaType>(kind.mime().into()).unwrap(), kind);
        }
        assert!(serde_json::from_value::<MediaType>("image/svg+xml".into()).is_err());
    }

    #[test]
    fn words_round_trip() {
        for kind in MediaKind::ALL {
            assert_eq!(MediaKind::from_word(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for codec in VideoCodec::ALL {
            assert_eq!(VideoCodec::from_word(codec.as_str()), Some(codec));
            assert_eq!(serde_json::to_value(codec).unwrap(), codec.as_str());
        }
        for codec in AudioCodec::ALL {
            assert_eq!(AudioCodec::from_word(codec.as_str()), Some(codec));
            assert_eq!(serde_json::to_value(codec).unwrap(), codec.as_str());
        }
    }
}

//! The ten platforms and the rules of those that publish. Numbers come from the platforms' documentation
//! (2026-11); where sources disagree the safe value stands.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::media::VideoCodec;

pub mod linkedin;
mod options;
pub mod x;

pub use options::{CommentRules, CreatorChoices, PostFormat, PostOptions, TiktokOptions, TiktokPrivacy};

/// A platform, by the word used in the API and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    Facebook,
    Instagram,
    /// Shown as X.
    Twitter,
    Linkedin,
    Tiktok,
    FacebookAds,
    GoogleAds,
    GoogleAnalytics,
    LinkedinAds,
    TiktokAds,
}

/// What an account of a platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    SocialMedia,
    AdAccount,
    Analytics,
}

impl AccountType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SocialMedia => "social_media",
            Self::AdAccount => "ad_account",
            Self::Analytics => "analytics",
        }
    }
}

impl Platform {
    pub const ALL: [Self; 10] = [
        Self::Facebook,
        Self::Instagram,
        Self::Twitter,
        Self::Linkedin,
        Self::Tiktok,
        Self::FacebookAds,
        Self::GoogleAds,
        Self::GoogleAnalytics,
        Self::LinkedinAds,
        Self::TiktokAds,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Twitter => "twitter",
            Self::Linkedin => "linkedin",
            Self::Tiktok => "tiktok",
            Self::FacebookAds => "facebook_ads",
            Self::GoogleAds => "google_ads",
            Self::GoogleAnalytics => "google_analytics",
            Self::LinkedinAds => "linkedin_ads",
            Self::TiktokAds => "tiktok_ads",
        }
    }

    /// The name people know.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::Twitter => "X",
            Self::Linkedin => "LinkedIn",
            Self::Tiktok => "TikTok",
            Self::FacebookAds => "Facebook Ads",
            Self::GoogleAds => "Google Ads",
            Self::GoogleAnalytics => "Google Analytics",
            Self::LinkedinAds => "LinkedIn Ads",
            Self::TiktokAds => "TikTok Ads",
        }
    }

    pub const fn account_type(self) -> AccountType {
        match self {
            Self::Facebook | Self::Instagram | Self::Twitter | Self::Linkedin | Self::Tiktok => {
                AccountType::SocialMedia
            }
            Self::FacebookAds | Self::GoogleAds | Self::LinkedinAds | Self::TiktokAds => AccountType::AdAccount,
            Self::GoogleAnalytics => AccountType::Analytics,
        }
    }

    /// What a post may be, or `None` where Arctiv does not publish.
    pub const fn rules(self) -> Option<&'static PostRules> {
        match self {
            Self::Facebook => Some(&FACEBOOK),
            Self::Instagram => Some(&INSTAGRAM),
            Self::Twitter => Some(&X),
            Self::Linkedin => Some(&LINKEDIN),
            Self::Tiktok => Some(&TIKTOK),
            Self::FacebookAds | Self::GoogleAds | Self::GoogleAnalytics | Self::LinkedinAds | Self::TiktokAds => None,
        }
    }

    /// Length of `text` as this platform counts it.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Twitter => x::weighted_length(text),
            Self::Linkedin => linkedin::escape_commentary(text).chars().count(),
            Self::Tiktok => text.encode_utf16().count(),
            _ => text.chars().count(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == text).ok_or(())
    }
}

/// A picture format we accept from people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImageType {
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "image/gif")]
    Gif,
}

impl ImageType {
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
        }
    }

    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }
}

/// A container a video may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum VideoType {
    #[serde(rename = "video/mp4")]
    Mp4,
    #[serde(rename = "video/quicktime")]
    Mov,
    #[serde(rename = "video/webm")]
    Webm,
}

impl VideoType {
    pub const ALL: [Self; 3] = [Self::Mp4, Self::Mov, Self::Webm];

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Webm => "video/webm",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm => "webm",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Mp4 => "MP4",
            Self::Mov => "MOV",
            Self::Webm => "WebM",
        }
    }

    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }
}

/// A document a platform shows page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DocumentType {
    #[serde(rename = "application/pdf")]
    Pdf,
    #[serde(rename = "application/vnd.ms-powerpoint")]
    Ppt,
    #[serde(rename = "application/vnd.openxmlformats-officedocument.presentationml.presentation")]
    Pptx,
    #[serde(rename = "application/msword")]
    Doc,
    #[serde(rename = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    Docx,
}

impl DocumentType {
    pub const ALL: [Self; 5] = [Self::Pdf, Self::Ppt, Self::Pptx, Self::Doc, Self::Docx];

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Doc => "application/msword",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Ppt => "ppt",
            Self::Pptx => "pptx",
            Self::Doc => "doc",
            Self::Docx => "docx",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Ppt => "PPT",
            Self::Pptx => "PPTX",
            Self::Doc => "DOC",
            Self::Docx => "DOCX",
        }
    }

    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }
}

/// The shape of a picture or video, width to height, each bound a fraction: `(4, 5)` is upright, `(191, 100)` wide.
/// Compared by cross-multiplying, so that no rounding refuses what stands exactly on a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    pub narrowest: (u32, u32),
    pub widest: (u32, u32),
}

impl Ratio {
    /// Whether something of this size fits. Nothing has no shape.
    pub fn fits(&self, width: u32, height: u32) -> bool {
        let cross = |(w, h): (u32, u32)| (u64::from(width) * u64::from(h), u64::from(w) * u64::from(height));
        let (above, least) = cross(self.narrowest);
        let (below, most) = cross(self.widest);
        width > 0 && height > 0 && above >= least && below <= most
    }
}

/// The limits of one platform's videos in one form of post.
#[derive(Debug)]
pub struct VideoRules {
    pub types: &'static [VideoType],
    pub codecs: &'static [VideoCodec],
    pub bytes_max: u64,
    /// Milliseconds.
    pub duration_min: u32,
    /// Milliseconds. Some accounts may do more or less: TikTok says so per creator.
    pub duration_max: u32,
    /// Frames per second, least and most.
    pub frame_rate: Option<(u32, u32)>,
    /// Pixels, of the shorter and the longer side.
    pub side_min: Option<u32>,
    pub side_max: Option<u32>,
    pub ratio: Option<Ratio>,
}

/// The limits of one platform's documents.
#[derive(Debug)]
pub struct DocumentRules {
    pub types: &'static [DocumentType],
    pub bytes_max: u64,
    pub pages_max: u32,
}

/// The limits of one platform's post.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact from the platform's documentation")]
pub struct PostRules {
    /// Longest text, counted by [`Platform::count`].
    pub text_max: usize,
    pub media_required: bool,
    pub images_max: usize,
    pub image_types: &'static [ImageType],
    /// Bytes, per type where it differs ([`PostRules::image_bytes`]).
    pub image_bytes_max: u64,
    pub gif_bytes_max: Option<u64>,
    /// A GIF must be alone.
    pub gif_alone: bool,
    pub image_pixels_max: Option<u64>,
    pub alt_text_max: usize,
    /// Whether a link is a field of its own beside the text, or part of the text.
    pub link_in_text: bool,
    /// Whether a link and pictures can go out together.
    pub link_with_images: bool,
    /// Whether one text may go to several accounts of the platform.
    pub same_text_on_several_accounts: bool,
    /// `#words` and `@names` in the text.
    pub hashtags_max: Option<usize>,
    pub mentions_max: Option<usize>,
    /// The shape a picture must have.
    pub image_ratio: Option<Ratio>,
    /// The least width of a picture, pixels.
    pub image_width_min: Option<u32>,
    /// The width a picture is shown at, at most, pixels: a copy for the platform is made no wider.
    pub image_width_max: Option<u32>,
    /// The forms a post can take, the usual one first.
    pub formats: &'static [PostFormat],
    /// Videos in the feed; one alone, unless [`PostRules::mixed_media`].
    pub video: Option<&'static VideoRules>,
    pub reel: Option<&'static VideoRules>,
    /// Videos in a story.
    pub story: Option<&'static VideoRules>,
    /// Whether pictures and videos can stand in one post.
    pub mixed_media: bool,
    /// A document, alone.
    pub document: Option<&'static DocumentRules>,
    /// Whether a first comment can be written below a post.
    pub first_comment: bool,
}

impl PostRules {
    /// The limits of a video in this form, or `None` where the platform has no such thing.
    pub const fn video_as(&self, format: PostFormat) -> Option<&'static VideoRules> {
        match format {
            PostFormat::Feed => self.video,
            PostFormat::Reel => self.reel,
            PostFormat::Story => self.story,
        }
    }

    /// The size limit for one type, bytes.
    pub fn image_bytes(&self, kind: ImageType) -> u64 {
        match (kind, self.gif_bytes_max) {
            (ImageType::Gif, Some(max)) => max,
            _ => self.image_bytes_max,
        }
    }
}

const MIB: u64 = 1024 * 1024;
const SECOND: u32 = 1_000;
const MINUTE: u32 = 60 * SECOND;

const MP4_MOV: &[VideoType] = &[VideoType::Mp4, VideoType::Mov];
const H264_HEVC: &[VideoCodec] = &[VideoCodec::H264, VideoCodec::H265];
/// 9:16, as phones are held.
const UPRIGHT: Ratio = Ratio { narrowest: (9, 16), widest: (9, 16) };

static FACEBOOK: PostRules = PostRules {
    text_max: 63_206,
    media_required: false,
    images_max: 10,
    image_types: &[ImageType::Jpeg, ImageType::Png],
    image_bytes_max: 4 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: None,
    alt_text_max: 1_000,
    link_in_text: false,
    link_with_images: false,
    same_text_on_several_accounts: true,
    hashtags_max: None,
    mentions_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    formats: &[PostFormat::Feed, PostFormat::Reel, PostFormat::Story],
    // Facebook names no single limit for videos of Pages; 4 hours and 10 GB are its own app's, and 4 GB the safe value.
    video: Some(&VideoRules {
        types: MP4_MOV,
        codecs: H264_HEVC,
        bytes_max: 4 * 1024 * MIB,
        duration_min: SECOND,
        duration_max: 240 * MINUTE,
        frame_rate: None,
        side_min: None,
        side_max: None,
        ratio: None,
    }),
    reel: Some(&VideoRules {
        types: MP4_MOV,
        codecs: H264_HEVC,
        bytes_max: 1024 * MIB,
        duration_min: 3 * SECOND,
        duration_max: 90 * SECOND,
        frame_rate: Some((23, 60)),
        side_min: Some(540),
        side_max: None,
        ratio: Some(UPRIGHT),
    }),
    story: Some(&VideoRules {
        types: MP4_MOV,
        codecs: H264_HEVC,
        bytes_max: 1024 * MIB,
        duration_min: 3 * SECOND,
        duration_max: 60 * SECOND,
        frame_rate: Some((23, 60)),
        side_min: Some(540),
        side_max: None,
        ratio: Some(UPRIGHT),
    }),
    mixed_media: false,
    document: None,
    first_comment: true,
};

static INSTAGRAM: PostRules = PostRules {
    text_max: 2_200,
    media_required: true,
    images_max: 10,
    image_types: &[ImageType::Jpeg],
    image_bytes_max: 8 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: None,
    alt_text_max: 1_000,
    link_in_text: true,
    link_with_images: true,
    same_text_on_several_accounts: true,
    hashtags_max: Some(30),
    mentions_max: Some(20),
    image_ratio: Some(Ratio { narrowest: (4, 5), widest: (191, 100) }),
    image_width_min: Some(320),
    image_width_max: Some(1_440),
    formats: &[PostFormat::Feed, PostFormat::Reel, PostFormat::Story],
    video: Some(&INSTAGRAM_REEL),
    reel: Some(&INSTAGRAM_REEL),
    story: Some(&VideoRules {
        types: MP4_MOV,
        codecs: H264_HEVC,
        bytes_max: 100 * MIB,
        duration_min: 3 * SECOND,
        duration_max: 60 * SECOND,
        frame_rate: Some((23, 60)),
        side_min: None,
        side_max: Some(1_920),
        ratio: None,
    }),
    mixed_media: true,
    document: None,
    first_comment: true,
};

// 300 MB by the documentation; more is reported to work, and not relied upon.
static INSTAGRAM_REEL: VideoRules = VideoRules {
    types: MP4_MOV,
    codecs: H264_HEVC,
    bytes_max: 300 * MIB,
    duration_min: 3 * SECOND,
    duration_max: 15 * MINUTE,
    frame_rate: Some((23, 60)),
    side_min: None,
    side_max: Some(1_920),
    ratio: None,
};

static X: PostRules = PostRules {
    text_max: 280,
    media_required: false,
    images_max: 4,
    image_types: &[ImageType::Jpeg, ImageType::Png, ImageType::Webp, ImageType::Gif],
    image_bytes_max: 5 * MIB,
    gif_bytes_max: Some(15 * MIB),
    gif_alone: true,
    image_pixels_max: None,
    alt_text_max: 1_000,
    link_in_text: true,
    link_with_images: true,
    same_text_on_several_accounts: false,
    hashtags_max: None,
    mentions_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    formats: &[PostFormat::Feed],
    // Premium accounts may do more.
    video: Some(&VideoRules {
        types: &[VideoType::Mp4],
        codecs: &[VideoCodec::H264],
        bytes_max: 512 * MIB,
        duration_min: SECOND / 2,
        duration_max: 140 * SECOND,
        frame_rate: Some((1, 60)),
        side_min: Some(32),
        side_max: Some(1_280),
        ratio: Some(Ratio { narrowest: (1, 3), widest: (3, 1) }),
    }),
    reel: None,
    story: None,
    mixed_media: false,
    document: None,
    first_comment: true,
};

static LINKEDIN: PostRules = PostRules {
    text_max: 3_000,
    media_required: false,
    images_max: 20,
    image_types: &[ImageType::Jpeg, ImageType::Png, ImageType::Gif],
    image_bytes_max: 5 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: Some(36_152_320),
    alt_text_max: 4_086,
    link_in_text: false,
    link_with_images: false,
    same_text_on_several_accounts: true,
    hashtags_max: None,
    mentions_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    formats: &[PostFormat::Feed],
    video: Some(&VideoRules {
        types: &[VideoType::Mp4],
        codecs: &[VideoCodec::H264],
        bytes_max: 500 * MIB,
        duration_min: 3 * SECOND,
        duration_max: 30 * MINUTE,
        frame_rate: None,
        side_min: None,
        side_max: None,
        ratio: Some(Ratio { narrowest: (5, 12), widest: (12, 5) }),
    }),
    reel: None,
    story: None,
    mixed_media: false,
    document: Some(&DocumentRules { types: &DocumentType::ALL, bytes_max: 100 * MIB, pages_max: 300 }),
    first_comment: true,
};

static TIKTOK: PostRules = PostRules {
    text_max: 2_200,
    media_required: true,
    images_max: 35,
    image_types: &[ImageType::Jpeg, ImageType::Webp],
    image_bytes_max: 20 * MIB,
    gif_bytes_max: None,
    gif_alone: false,
    image_pixels_max: None,
    // TikTok takes none.
    alt_text_max: 1_000,
    link_in_text: true,
    link_with_images: true,
    same_text_on_several_accounts: true,
    hashtags_max: None,
    mentions_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: Some(1_080),
    formats: &[PostFormat::Feed],
    // A creator's own limit may be lower.
    video: Some(&VideoRules {
        types: &VideoType::ALL,
        codecs: &[VideoCodec::H264, VideoCodec::H265, VideoCodec::Vp8, VideoCodec::Vp9],
        bytes_max: 4 * 1024 * MIB,
        duration_min: 3 * SECOND,
        duration_max: 10 * MINUTE,
        frame_rate: Some((23, 60)),
        side_min: Some(360),
        side_max: Some(4_096),
        ratio: None,
    }),
    reel: None,
    story: None,
    mixed_media: false,
    document: None,
    first_comment: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.as_str());
        }
    }

    #[test]
    fn five_platforms_publish() {
        let publishing: Vec<_> = Platform::ALL.into_iter().filter(|platform| platform.rules().is_some()).collect();
        assert_eq!(
            publishing,
            [Platform::Facebook, Platform::Instagram, Platform::Twitter, Platform::Linkedin, Platform::Tiktok]
        );
    }

    #[test]
    fn every_form_of_a_video_has_its_limits() {
        for platform in Platform::ALL {
            let Some(rules) = platform.rules() else { continue };
            assert_eq!(rules.formats.first(), Some(&PostFormat::Feed), "{platform}");
            for format in PostFormat::ALL {
                assert_eq!(rules.video_as(format).is_some(), rules.formats.contains(&format), "{platform} {format:?}");
                let Some(video) = rules.video_as(format) else { continue };
                assert!(video.duration_min < video.duration_max && !video.types.is_empty(), "{platform} {format:?}");
                assert!(video.bytes_max >= 100 * MIB, "{platform} {format:?}");
            }
        }
    }

    #[test]
    fn shapes_on_the_bound_fit() {
        let feed = INSTAGRAM.image_ratio.unwrap();
        for (width, height, fits) in [
            (1080, 1350, true),
            (1079, 1350, false),
            (1910, 1000, true),
            (1911, 1000, false),
            (1, 1, true),
            (0, 1, false),
        ] {
            assert_eq!(feed.fits(width, height), fits, "{width} x {height}");
        }
        assert!(UPRIGHT.fits(1080, 1920) && !UPRIGHT.fits(1080, 1919));
        assert!(UPRIGHT.fits(u32::MAX / 16 * 9, u32::MAX / 16 * 16));
    }

    #[test]
    fn types_by_their_names() {
        for kind in VideoType::ALL {
            assert_eq!(VideoType::from_mime(kind.mime()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.mime());
        }
        for kind in DocumentType::ALL {
            assert_eq!(DocumentType::from_mime(kind.mime()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.mime());
        }
        assert_eq!(VideoType::from_mime("video/x-msvideo"), None);
    }
}

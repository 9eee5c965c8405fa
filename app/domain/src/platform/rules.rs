//! The limits of a post, as each platform's documentation states them; the values stand in the platforms' own files.

use super::{
    files::{DocumentType, ImageType, VideoType},
    options::{Audience, PostFormat, shortest},
};
use crate::media::{MediaKind, VideoCodec};

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
    /// Longest text, counted by [`Platform::count`](super::Platform::count); an account may have a limit of its own
    /// ([`PostRules::text_max_beside`]).
    pub(super) text_max: usize,
    /// The same beside pictures alone, where that is another number.
    pub(super) picture_text_max: Option<usize>,
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
    /// Whether it takes the same text again soon after.
    pub same_text_again: bool,
    /// `#words` and `@names` in the text.
    pub hashtags_max: Option<usize>,
    pub mentions_max: Option<usize>,
    /// `$ABC` in the text.
    pub cashtags_max: Option<usize>,
    /// The shape a picture must have.
    pub image_ratio: Option<Ratio>,
    /// The least width of a picture, pixels.
    pub image_width_min: Option<u32>,
    /// The width a picture is shown at, at most, pixels: a copy for the platform is made no wider.
    pub image_width_max: Option<u32>,
    /// The same of its height.
    pub image_height_max: Option<u32>,
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
    /// Who may be let see a post, everyone first; empty where that cannot be chosen, or is the platform's own list
    /// ([`super::TiktokPrivacy`]).
    pub audiences: &'static [Audience],
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

    /// The longest text that all of these accounts take beside media of these kinds: one account's, or what a text may be
    /// that goes to several. `own`: each account's limit of its own ([`Account::text_max`]), which stands in place of the
    /// platform's.
    ///
    /// [`Account::text_max`]: crate::accounts::Account::text_max
    pub fn text_max_beside(
        &self,
        own: impl IntoIterator<Item = Option<u32>>,
        media: impl IntoIterator<Item = MediaKind>,
    ) -> usize {
        let mut media = media.into_iter().peekable();
        let pictures = media.peek().is_some() && media.all(|kind| kind == MediaKind::Image);
        self.picture_text_max.filter(|_| pictures).unwrap_or_else(|| shortest(self.text_max, own))
    }

    /// The size limit for one type, bytes.
    pub fn image_bytes(&self, kind: ImageType) -> u64 {
        match (kind, self.gif_bytes_max) {
            (ImageType::Gif, Some(max)) => max,
            _ => self.image_bytes_max,
        }
    }
}

/// A mebibyte, in bytes.
pub(super) const MIB: u64 = 1024 * 1024;
/// A second, in milliseconds.
pub(super) const SECOND: u32 = 1_000;
/// A minute, in milliseconds.
pub(super) const MINUTE: u32 = 60 * SECOND;
pub(super) const MP4_MOV: &[VideoType] = &[VideoType::Mp4, VideoType::Mov];
pub(super) const H264_HEVC: &[VideoCodec] = &[VideoCodec::H264, VideoCodec::H265];
/// 9:16, as phones are held.
pub(super) const UPRIGHT: Ratio = Ratio { narrowest: (9, 16), widest: (9, 16) };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;

    #[test]
    fn every_form_of_a_video_has_its_limits() {
        for platform in Platform::ALL {
            let Some(rules) = platform.rules() else { continue };
            assert_eq!(rules.formats.first(), Some(&PostFormat::Feed), "{platform}");
            for format in PostFormat::ALL {
                assert_eq!(rules.video_as(format).is_some(), rules.formats.contains(&format), "{platform} {format:?}");
                let Some(video) = rules.video_as(format) else { continue };
                assert!(video.duration_min < video.duration_max && !video.types.is_empty(), "{platform} {format:?}");
                assert!(video.bytes_max >= 90 * MIB, "{platform} {format:?}");
            }
        }
    }

    #[test]
    fn a_text_may_be_longer_beside_pictures_alone() {
        let (image, video) = (MediaKind::Image, MediaKind::Video);
        for (platform, media, most) in [
            (Platform::Tiktok, &[][..], 2_200),
            (Platform::Tiktok, &[image, image], 4_000),
            (Platform::Tiktok, &[video], 2_200),
            (Platform::Tiktok, &[image, video], 2_200),
            (Platform::Instagram, &[image], 2_200),
        ] {
            let found = platform.rules().unwrap().text_max_beside([None], media.iter().copied());
            assert_eq!(found, most, "{platform} {media:?}");
        }
    }

    #[test]
    fn an_accounts_own_limit_stands_in_place_of_the_platforms() {
        let (longer, image) = (Some(25_000), MediaKind::Image);
        let most = |platform: Platform, own: &[Option<u32>], media: &[MediaKind]| {
            platform.rules().unwrap().text_max_beside(own.iter().copied(), media.iter().copied())
        };
        assert_eq!(most(Platform::Twitter, &[], &[]), 280, "before anybody is chosen");
        assert_eq!(most(Platform::Twitter, &[longer], &[image]), 25_000);
        assert_eq!(most(Platform::Twitter, &[longer, None], &[]), 280, "the least counts");
        assert_eq!(most(Platform::Twitter, &[longer, Some(4_000)], &[]), 4_000);
        assert_eq!(most(Platform::Tiktok, &[longer], &[image]), 4_000, "beside pictures there is but one limit");
    }

    #[test]
    fn shapes_on_the_bound_fit() {
        let feed = Platform::Instagram.rules().unwrap().image_ratio.unwrap();
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
}

//! TikTok: videos and pictures of creators (platforms.md 5).

use chrono::Weekday;

use super::{
    AccountType, Descriptor, ImageType, Lively, PostFormat, PostRules, Preview, Publishing, VideoRules, VideoType,
    rules::{MIB, MINUTE, SECOND},
};
use crate::media::VideoCodec;

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "tiktok",
    label: "TikTok",
    account_type: AccountType::SocialMedia,
    purpose: "Publish to your profile",
    mark: "tiktok",
    megaphone: false,
    handles: true,
    nothing_to_connect: None,
    publishing: Some(Publishing {
        rules: &RULES,
        count: utf16,
        comment: None,
        preview: Preview::Upright,
        // Sprout Social, 400,000 profiles, 2025.
        lively: &[
            Lively { days: &[Weekday::Tue], from: 17, to: 17 },
            Lively { days: &[Weekday::Wed], from: 14, to: 16 },
            Lively { days: &[Weekday::Thu], from: 15, to: 16 },
        ],
    }),
};

static RULES: PostRules = PostRules {
    text_max: 2_200,
    // A video's title; beside pictures it is the description.
    picture_text_max: Some(4_000),
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
    same_text_again: true,
    hashtags_max: None,
    mentions_max: None,
    cashtags_max: None,
    image_ratio: None,
    image_width_min: None,
    // 1080p, held upright: a lying picture is shown no wider than the screen.
    image_width_max: Some(1_080),
    image_height_max: Some(1_920),
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
    audiences: &[],
};

/// TikTok counts UTF-16 code units: an emoji is two or more.
fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_counts_twice() {
        assert_eq!((utf16("a\u{e9}"), utf16("\u{1f389}")), (2, 2));
    }
}

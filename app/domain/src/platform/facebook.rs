//! Facebook: posts of Pages (platforms.md 1).

use chrono::Weekday;

use super::{
    AccountType, CommentRules, Descriptor, ImageType, Lively, PostFormat, PostRules, Preview, Publishing, VideoRules,
    descriptor::characters,
    rules::{H264_HEVC, MIB, MINUTE, MP4_MOV, SECOND, UPRIGHT},
};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "facebook",
    label: "Facebook",
    account_type: AccountType::SocialMedia,
    purpose: "Publish to the Pages you manage",
    mark: "facebook",
    megaphone: false,
    handles: false,
    nothing_to_connect: Some(
        "No Facebook Page was chosen. Connect again and choose at least one Page that you manage.",
    ),
    publishing: Some(Publishing {
        rules: &RULES,
        count: characters,
        comment: Some(CommentRules::of_length(8_000)),
        preview: Preview::Page,
        // Hootsuite, 30,000 posts: mornings of Tuesday and Thursday.
        lively: &[Lively { days: &[Weekday::Tue, Weekday::Thu], from: 8, to: 11 }],
    }),
};

static RULES: PostRules = PostRules {
    text_max: 63_206,
    picture_text_max: None,
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
    same_text_again: false,
    hashtags_max: None,
    mentions_max: None,
    cashtags_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    image_height_max: None,
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
    audiences: &[],
};

//! Instagram: posts of professional accounts (platforms.md 2).

use chrono::Weekday;

use super::{
    AccountType, CommentRules, Descriptor, ImageType, Lively, PostFormat, PostRules, Preview, Publishing, Ratio,
    VideoRules,
    descriptor::characters,
    rules::{H264_HEVC, MIB, MINUTE, MP4_MOV, SECOND},
};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "instagram",
    label: "Instagram",
    account_type: AccountType::SocialMedia,
    purpose: "Publish to your profile",
    mark: "instagram",
    megaphone: false,
    handles: true,
    nothing_to_connect: None,
    publishing: Some(Publishing {
        rules: &RULES,
        count: characters,
        // "Comments on media": 300 characters, 4 hashtags, 1 address, not in capitals alone.
        comment: Some(CommentRules {
            hashtags_max: Some(4),
            links_max: Some(1),
            shouting: false,
            ..CommentRules::of_length(300)
        }),
        preview: Preview::Picture,
        // Hootsuite, 30,000 posts.
        lively: &[Lively { days: &[Weekday::Wed], from: 11, to: 11 }],
    }),
};

static RULES: PostRules = PostRules {
    text_max: 2_200,
    picture_text_max: None,
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
    same_text_again: true,
    hashtags_max: Some(30),
    mentions_max: Some(20),
    cashtags_max: None,
    image_ratio: Some(Ratio { narrowest: (4, 5), widest: (191, 100) }),
    image_width_min: Some(320),
    image_width_max: Some(1_440),
    image_height_max: None,
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
    audiences: &[],
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

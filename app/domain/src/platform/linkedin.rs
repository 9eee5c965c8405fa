//! LinkedIn: posts of members and organisations (platforms.md 4), and its "little text": reserved characters must carry a
//! backslash, or everything after them is silently lost.

use chrono::Weekday;

use super::{
    AccountType, CommentRules, Descriptor, DocumentRules, DocumentType, ImageType, Lively, PostFormat, PostRules,
    Preview, Publishing, Ratio, VideoRules, VideoType,
    rules::{MIB, MINUTE, SECOND},
};
use crate::media::VideoCodec;

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "linkedin",
    label: "LinkedIn",
    account_type: AccountType::SocialMedia,
    purpose: "Publish as yourself or a company page",
    mark: "linkedin",
    megaphone: false,
    handles: false,
    nothing_to_connect: None,
    publishing: Some(Publishing {
        rules: &RULES,
        count: escaped_length,
        comment: Some(CommentRules::of_length(1_250)),
        preview: Preview::Professional,
        // Hootsuite, 30,000 posts.
        lively: &[Lively { days: &[Weekday::Tue, Weekday::Wed], from: 9, to: 9 }],
    }),
};

static RULES: PostRules = PostRules {
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
    same_text_again: false,
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
    audiences: &[],
};

const RESERVED: &str = "\\|{}@[]()<>#*_~";

/// Escapes what people typed so that LinkedIn shows it as typed. The 3,000-character limit counts the result.
pub fn escape_commentary(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if RESERVED.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn escaped_length(text: &str) -> usize {
    escape_commentary(text).chars().count()
}

/// The inverse, for comparing what LinkedIn shows with what we sent.
pub fn unescape_commentary(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next)) if RESERVED.contains(*next) => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_each_reserved_character() {
        assert_eq!(escape_commentary("a (b) #c @d_e"), "a \\(b\\) \\#c \\@d\\_e");
    }

    proptest! {
        #[test]
        fn what_was_typed_comes_back(text in "\\PC{0,200}") {
            prop_assert_eq!(unescape_commentary(&escape_commentary(&text)), text);
        }
    }
}

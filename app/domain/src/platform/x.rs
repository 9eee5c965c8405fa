//! X (platforms.md 3), and how it counts: twitter-text v3. NFC; code points in four ranges weigh 1, all others 2; an
//! emoji sequence weighs 2; every link weighs 23.

use std::borrow::Cow;

use chrono::Weekday;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    AccountType, Button, CommentRules, Descriptor, ImageType, Lively, PostFormat, PostRules, Preview, Publishing,
    Ratio, VideoRules, VideoType,
    rules::{MIB, SECOND},
};
use crate::{media::VideoCodec, text::find_links};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "twitter",
    label: "X",
    account_type: AccountType::SocialMedia,
    purpose: "Publish to your profile",
    mark: "x",
    megaphone: false,
    handles: true,
    nothing_to_connect: None,
    publishing: Some(Publishing {
        rules: &RULES,
        count: weighted_length,
        // A reply is a post.
        comment: Some(CommentRules::of_a_post(280)),
        preview: Preview::Timeline(&[Button::Reply, Button::Repost, Button::Like, Button::Views, Button::Bookmark]),
        // Hootsuite, 30,000 posts.
        lively: &[Lively { days: &[Weekday::Mon, Weekday::Thu], from: 8, to: 8 }],
    }),
};

static RULES: PostRules = PostRules {
    // Of an account that does not pay: `PREMIUM_TEXT_MAX`.
    text_max: 280,
    picture_text_max: None,
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
    same_text_again: false,
    hashtags_max: None,
    mentions_max: None,
    cashtags_max: Some(1),
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    image_height_max: None,
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
    audiences: &[],
};

/// Longest text of an account that pays for X (Basic, Premium or Premium+), counted in the same way
/// (help.x.com, "About X Premium": posts of up to 25,000 characters).
pub const PREMIUM_TEXT_MAX: u32 = 25_000;

/// Weight of any link, whatever its length.
pub const URL_WEIGHT: usize = 23;

/// What X charges for a post, for one with a link, and for each alt text (a call for media metadata), in thousandths of
/// a US dollar (its price list of 2026-08).
pub const POST_PRICE: u32 = 15;
pub const LINK_POST_PRICE: u32 = 200;
pub const ALT_TEXT_PRICE: u32 = 5;

/// What X charges for a post with this text, in thousandths of a US dollar.
pub fn price(text: &str) -> u32 {
    if find_links(text).is_empty() { POST_PRICE } else { LINK_POST_PRICE }
}

/// The weighted length of `text`.
pub fn weighted_length(text: &str) -> usize {
    let text = composed(text);
    let mut total = 0;
    let mut at = 0;
    for (start, end) in find_links(&text) {
        total += plain(text.get(at..start).unwrap_or_default()) + URL_WEIGHT;
        at = end;
    }
    total + plain(text.get(at..).unwrap_or_default())
}

/// In Unicode's composed form, NFC. A browser knows it by itself: the tables would be a good part of all that it loads.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    #[cfg(target_arch = "wasm32")]
    let composed = js_sys::JsString::from(text).normalize("NFC").into();
    #[cfg(not(target_arch = "wasm32"))]
    let composed = unicode_normalization::UnicodeNormalization::nfc(text).collect();
    Cow::Owned(composed)
}

fn plain(text: &str) -> usize {
    text.graphemes(true).map(|cluster| if is_emoji(cluster) { 2 } else { cluster.chars().map(weight).sum() }).sum()
}

const fn weight(c: char) -> usize {
    match c as u32 {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

/// A cluster counts as one emoji when it is drawn as one: it holds a pictograph with modifiers, joiners or a
/// presentation selector, a flag, or a keycap.
fn is_emoji(cluster: &str) -> bool {
    let mut chars = cluster.chars();
    let Some(first) = chars.next() else { return false };
    let pictograph = matches!(first as u32, 0x1F000..=0x1FAFF | 0x2190..=0x21FF | 0x2300..=0x27BF | 0x2B00..=0x2BFF | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0xA9 | 0xAE | 0x203C | 0x2049 | 0x2122 | 0x2139);
    let keycap = (first.is_ascii_digit() || matches!(first, '#' | '*')) && cluster.ends_with('\u{20E3}');
    keycap || (pictograph && (first as u32 > 0x2000 || cluster.contains('\u{FE0F}')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("", 0)]
    #[case("hello", 5)]
    #[case("日本", 4)]
    #[case("e\u{301}", 1)]
    #[case("👩‍👩‍👧‍👦", 2)]
    #[case("🇮🇪", 2)]
    #[case("👍🏽", 2)]
    #[case("1️⃣", 2)]
    #[case("a https://arctiv.example/a/very/long/path/indeed b", 27)]
    #[case("a example.com/a/very/long/path/indeed b", 27)]
    #[case("example.com", 23)]
    #[case("me@example.com", 14)]
    #[case("@example.com", 12)]
    #[case("it.is", 5)]
    #[case("…", 2)]
    #[case("–", 1)]
    fn counts_as_x_does(#[case] text: &str, #[case] expected: usize) {
        assert_eq!(weighted_length(text), expected);
    }

    proptest! {
        #[test]
        fn adding_text_never_shortens(a in "[a-z ]{0,40}", b in "[a-z ]{0,40}") {
            let both = [a.as_str(), b.as_str()].concat();
            prop_assert!(weighted_length(&both) >= weighted_length(&a));
        }

        #[test]
        fn never_panics(text in "\\PC{0,200}") {
            let _ = weighted_length(&text);
        }
    }
}

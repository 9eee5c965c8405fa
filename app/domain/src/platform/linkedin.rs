//! LinkedIn: posts of members and organisations (platforms.md 4), and its "little text": reserved characters must carry a
//! backslash, or everything after them is silently lost.

use chrono::Weekday;

use super::{
    AccountType, CommentRules, Descriptor, DocumentRules, DocumentType, ImageType, Lively, PostFormat, PostRules,
    Preview, Publishing, Ratio, VideoRules, VideoType,
    rules::{MIB, MINUTE, SECOND},
};
use crate::{media::VideoCodec, text::find_urls};

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
    picture_text_max: None,
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
    cashtags_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    image_height_max: None,
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

/// What stands before a hashtag's word, and behind it: the template of little text.
const TAG: (&str, char) = ("{hashtag|\\#|", '}');

/// Escapes what people typed so that LinkedIn shows it as typed, hashtags as hashtags. The 3,000-character limit counts
/// the result.
pub fn escape_commentary(text: &str) -> String {
    let links = find_urls(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let in_link = links.iter().any(|(start, end)| (*start..*end).contains(&at));
        if let Some(word) = hashtag(text, at).filter(|_| !in_link) {
            out.push_str(TAG.0);
            out.push_str(word);
            out.push(TAG.1);
            at += 1 + word.len();
            continue;
        }
        if RESERVED.contains(c) {
            out.push('\\');
        }
        out.push(c);
        at += c.len_utf8();
    }
    out
}

/// The word of the hashtag that begins at `at`: letters and digits, not digits alone. `#one_off` is none: LinkedIn would
/// end it at the line. Neither is what goes on with a mark that belongs to its last letter.
fn hashtag(text: &str, at: usize) -> Option<&str> {
    let (before, rest) = text.split_at_checked(at)?;
    let rest = rest.strip_prefix('#')?;
    if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '#' | '&' | '/')) {
        return None;
    }
    let (word, after) = rest.split_at_checked(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()))?;
    let goes_on = after.starts_with(|c| matches!(c, '_' | '\u{300}'..='\u{36f}'));
    (word.chars().any(char::is_alphabetic) && !goes_on).then_some(word)
}

fn escaped_length(text: &str) -> usize {
    escape_commentary(text).chars().count()
}

/// The inverse, for comparing what LinkedIn shows with what we sent.
pub fn unescape_commentary(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((word, after)) = rest.strip_prefix(TAG.0).and_then(|tag| tag.split_once(TAG.1)) {
            out.push('#');
            out.push_str(word);
            rest = after;
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match (c, after.chars().next()) {
            ('\\', Some(next)) if RESERVED.contains(next) => {
                out.push(next);
                rest = after.get(next.len_utf8()..).unwrap_or_default();
            }
            _ => {
                out.push(c);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn escapes_each_reserved_character() {
        assert_eq!(escape_commentary("a (b) # c @d_e"), "a \\(b\\) \\# c \\@d\\_e");
    }

    #[rstest]
    #[case("#coffee", r"{hashtag|\#|coffee}")]
    #[case("Roast (#coffee, #café!)", r"Roast \({hashtag|\#|coffee}, {hashtag|\#|café}!\)")]
    #[case("#one #2day", r"{hashtag|\#|one} {hashtag|\#|2day}")]
    #[case("C# # ## &#8217; we are #1", r"C\# \# \#\# &\#8217; we are \#1")]
    #[case("#a#b #one_off #cafe\u{301}", "{hashtag|\\#|a}\\#b \\#one\\_off \\#cafe\u{301}")]
    #[case("https://a.example/x?#top a.com/#top", r"https://a.example/x?\#top a.com/\#top")]
    #[case(r"{hashtag|\#|x}", r"\{hashtag\|\\\#\|x\}")]
    fn hashtags_stay_hashtags(#[case] typed: &str, #[case] sent: &str) {
        assert_eq!(escape_commentary(typed), sent);
        assert_eq!(unescape_commentary(sent), typed);
        assert_eq!(escaped_length(typed), sent.chars().count());
    }

    proptest! {
        #[test]
        fn what_was_typed_comes_back(text in "\\PC{0,200}|([a-z#_{}|\\\\ ]|#[a-z]){0,60}") {
            prop_assert_eq!(unescape_commentary(&escape_commentary(&text)), text);
        }
    }
}

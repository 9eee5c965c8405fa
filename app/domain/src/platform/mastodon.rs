//! Mastodon, and how it counts.
//!
//! Limits are those of an instance as it is installed (docs.joinmastodon.org, "Posting to your profile", and
//! `config.x.max_chars`, `MediaAttachment` and `StatusLengthValidator` of mastodon/mastodon). An instance may allow more
//! text, which it says in `GET /api/v2/instance`; that is not asked, and the safe value stands. *Unsure*: whether one
//! allows less. Videos are re-encoded there, so their frame rate is the most it takes, not what is shown.

use chrono::Weekday;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    AccountType, Audience, Button, CommentRules, Descriptor, ImageType, Lively, PostFormat, PostRules, Preview,
    Publishing, VideoRules, VideoType,
    rules::{MIB, MINUTE, SECOND},
};
use crate::{media::VideoCodec, text::find_urls};

pub(super) static PLATFORM: Descriptor = Descriptor {
    word: "mastodon",
    label: "Mastodon",
    account_type: AccountType::SocialMedia,
    purpose: "Publish to your profile",
    mark: "mastodon",
    megaphone: false,
    handles: true,
    nothing_to_connect: None,
    publishing: Some(Publishing {
        rules: &RULES,
        count: countable_length,
        // A reply is a post.
        comment: Some(CommentRules::of_a_post(500)),
        preview: Preview::Timeline(&[Button::Reply, Button::Repost, Button::Favourite, Button::Bookmark]),
        // No study of its own: what holds over all networks (Hootsuite, 30,000 posts).
        lively: &[Lively { days: &[Weekday::Tue, Weekday::Wed, Weekday::Thu], from: 10, to: 10 }],
    }),
};

static RULES: PostRules = PostRules {
    text_max: 500,
    picture_text_max: None,
    media_required: false,
    images_max: 4,
    image_types: &[ImageType::Jpeg, ImageType::Png, ImageType::Webp, ImageType::Gif],
    image_bytes_max: 16 * MIB,
    gif_bytes_max: None,
    // It becomes a film without sound, and a film stands alone.
    gif_alone: true,
    image_pixels_max: Some(33_177_600),
    alt_text_max: 1_500,
    link_in_text: true,
    link_with_images: true,
    same_text_on_several_accounts: true,
    same_text_again: true,
    hashtags_max: None,
    mentions_max: None,
    cashtags_max: None,
    image_ratio: None,
    image_width_min: None,
    image_width_max: None,
    image_height_max: None,
    formats: &[PostFormat::Feed],
    video: Some(&VideoRules {
        types: &VideoType::ALL,
        // Whatever its FFmpeg reads is re-encoded; what every build of that reads is named.
        codecs: &[VideoCodec::H264, VideoCodec::H265, VideoCodec::Vp8, VideoCodec::Vp9],
        bytes_max: 99 * MIB,
        duration_min: SECOND / 10,
        // Bounded by its size alone; three hours at 30 frames are what the re-encoding keeps.
        duration_max: 180 * MINUTE,
        frame_rate: Some((1, 120)),
        side_min: None,
        side_max: None,
        ratio: None,
    }),
    reel: None,
    story: None,
    mixed_media: false,
    document: None,
    first_comment: true,
    audiences: &Audience::ALL,
};

/// Characters of any link, whatever its length.
const URL_LENGTH: usize = 23;

/// Graphemes, with every link as 23 and without the domains of mentions.
fn countable_length(text: &str) -> usize {
    pieces(text)
        .map(|piece| match piece {
            Piece::Link(_) => URL_LENGTH,
            Piece::Words(words) => without_domains_in(words).graphemes(true).count(),
        })
        .sum()
}

/// The text as its readers see it: `@niamh@example.social` reads `@niamh`.
pub fn without_domains(text: &str) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Link(link) => link.to_owned(),
            Piece::Words(words) => without_domains_in(words),
        })
        .collect()
}

enum Piece<'a> {
    Link(&'a str),
    Words(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    for (start, end) in find_urls(text) {
        parts.push(Piece::Words(text.get(at..start).unwrap_or_default()));
        parts.push(Piece::Link(text.get(start..end).unwrap_or_default()));
        at = end;
    }
    parts.push(Piece::Words(text.get(at..).unwrap_or_default()));
    parts.into_iter()
}

fn without_domains_in(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find('@') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        out.push('@');
        rest = from.get(1..).unwrap_or_default();
        // `a@b` is an address and `/@b` part of a path: neither mentions anybody.
        if out.chars().rev().nth(1).is_some_and(|before| is_word(before) || before == '/') {
            continue;
        }
        let name = run(rest, |c| c.is_ascii_alphanumeric() || c == '_', &['.', '-']);
        let (name, after) = rest.split_at(name);
        let Some(domain) = after.strip_prefix('@').filter(|_| !name.is_empty()) else { continue };
        let length = run(domain, is_word, &['.', '-']);
        if length > 0 {
            out.push_str(name);
            rest = domain.get(length..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the run of `inner` characters that `text` begins with, joined by `between`, which cannot end it.
fn run(text: &str, inner: impl Fn(char) -> bool, between: &[char]) -> usize {
    let end = text.find(|c| !inner(c) && !between.contains(&c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(between).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("", 0)]
    #[case("hello", 5)]
    #[case("日本", 2)]
    #[case("👩‍👩‍👧‍👦 🇮🇪", 3)]
    #[case("https://arctiv.example/a/very/long/path/indeed", 23)]
    #[case("http://a.ie", 23)]
    #[case("a https://arctiv.example/@niamh@example.social b", 27)]
    #[case("@niamh@example.social hello", 12)]
    #[case("(@niamh@example.social)", 8)]
    #[case("@niamh and @tomas@kestrel.example.", 18)]
    #[case("@a.b-c@x.example-", 7)]
    #[case("mail niamh@example.social", 25)]
    #[case("@@ @ @niamh@ @niamh@!", 21)]
    fn counts_as_mastodon_does(#[case] text: &str, #[case] expected: usize) {
        assert_eq!(countable_length(text), expected);
    }

    #[test]
    fn readers_see_names_without_domains() {
        assert_eq!(
            without_domains("Thanks @niamh@example.social, see https://a.example/@b@c.example!"),
            "Thanks @niamh, see https://a.example/@b@c.example!"
        );
    }

    proptest! {
        #[test]
        fn what_mentions_nobody_stays_as_it_is(text in "[^@]{0,200}") {
            prop_assert_eq!(without_domains(&text), text);
        }

        #[test]
        fn taking_domains_out_twice_takes_nothing_more_than_once_from_a_plain_mention(
            name in "[a-z][a-z0-9_]{0,10}", domain in "[a-z]{1,8}\\.[a-z]{2,5}",
        ) {
            let once = without_domains(&format!("Hi @{name}@{domain}!"));
            prop_assert_eq!(&once, &format!("Hi @{name}!"));
            prop_assert_eq!(without_domains(&once), once.clone());
        }

        #[test]
        fn never_panics(text in "\\PC{0,200}") {
            let _ = countable_length(&text);
        }
    }
}

//! What people type into the search of posts, made into what the database searches for.
//!
//! Words are compared without case, accents and punctuation: `muller` finds `Müller`, and `harbourpine winter` the link
//! `https://harbourpine.example/winter`. The last word may still be under way, so its beginning is enough. What has no
//! words (an emoji), and scripts that put no spaces between them, are looked for as they stand.
//!
//! The migration `posts_search` takes the same away from what is written (`search_words`).

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// For PostgreSQL's `websearch_to_tsquery`: words, "phrases", `or`, `-without`.
    Words {
        words: String,
        /// Whether the last word stands for all that begin with it.
        open: bool,
    },
    /// Exactly this, anywhere in the text.
    Literal(String),
}

/// `None` when nothing is searched for.
pub fn search(typed: &str) -> Option<Search> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    if typed.chars().any(is_written_without_spaces) || !typed.chars().any(char::is_alphanumeric) {
        return Some(Search::Literal(typed.to_owned()));
    }
    let plain: String = typed.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let mut words = String::with_capacity(plain.len());
    let mut quoted = false;
    let mut before = ' ';
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        // A minus leaves a word out only in front of it, and never inside of quotes or words.
        let leaves_out = c == '-'
            && !quoted
            && before.is_whitespace()
            && chars.peek().is_some_and(|next| next.is_alphanumeric() || *next == '"');
        if c == '"' {
            quoted = !quoted;
        }
        words.push(if c.is_alphanumeric() || c == '"' || leaves_out { c } else { ' ' });
        before = c;
    }
    let words = words.trim().to_owned();
    let last_is_left_out = words.split_whitespace().next_back().is_some_and(|word| word.starts_with('-'));
    let open = !quoted && !words.ends_with('"') && !last_is_left_out;
    Some(Search::Words { words, open })
}

/// Scripts in which a word's beginning cannot be told by a space before it.
const fn is_written_without_spaces(c: char) -> bool {
    matches!(
        c,
        '\u{0E00}'..='\u{0EFF}'        // Thai, Lao
        | '\u{1000}'..='\u{109F}'      // Burmese
        | '\u{1780}'..='\u{17FF}'      // Khmer
        | '\u{3040}'..='\u{30FF}'      // Hiragana, Katakana
        | '\u{3400}'..='\u{4DBF}'      // Han
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[expect(clippy::unnecessary_wraps, reason = "as the cases are compared")]
    fn words(words: &str, open: bool) -> Option<Search> {
        Some(Search::Words { words: words.into(), open })
    }

    #[rstest]
    #[case(" Winter roa ", words("winter roa", true))]
    #[case("Müller CAFÉ", words("muller cafe", true))]
    #[case("\"winter roast\"", words("\"winter roast\"", false))]
    #[case("\"winter roast\" plum", words("\"winter roast\" plum", true))]
    #[case("roast -plum", words("roast -plum", false))]
    #[case("well-known", words("well known", true))]
    #[case("https://a.example/winter-roast?x=1", words("https   a example winter roast x 1", true))]
    #[case("\"winter -roast", words("\"winter  roast", false))]
    #[case("- roast", words("roast", true))]
    #[case("☕", Some(Search::Literal("☕".into())))]
    #[case("冬のコーヒー", Some(Search::Literal("冬のコーヒー".into())))]
    #[case("   ", None)]
    fn searches(#[case] typed: &str, #[case] expected: Option<Search>) {
        assert_eq!(search(typed), expected);
    }

    proptest! {
        #[test]
        fn nothing_but_words_quotes_and_leading_minuses_is_left(typed in "\\PC{0,60}") {
            if let Some(Search::Words { words, .. }) = search(&typed) {
                for word in words.split_whitespace() {
                    prop_assert!(!word.get(1..).unwrap_or_default().contains('-'), "{words}");
                }
                prop_assert!(words.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "\"-".contains(c)), "{words}");
            }
        }
    }
}

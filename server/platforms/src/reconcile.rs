//! Finding a post again after a commit without a clear answer (platforms.md 0.4): among the account's newest posts, by
//! its words, the time, and the number of pictures.

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::adapter::{Finding, PublishRequest};

/// How far a platform's clock may be behind ours.
const CLOCK_SKEW: Duration = Duration::minutes(2);

/// What platforms put in place of a link without saying what it stands for.
const SHORT_LINKS: &[&str] = &["https://lnkd.in/", "https://t.co/"];

/// A post of the account, as the platform lists it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub id: String,
    pub url: Option<String>,
    /// Every way its text may be read, for platforms that change it.
    pub texts: Vec<String>,
    /// `None` if the list does not tell.
    pub pictures: Option<usize>,
    pub published_at: Option<DateTime<Utc>>,
}

/// A search in progress, over one page of the list after the other.
pub(crate) struct Search<'a> {
    text: &'a str,
    fingerprint: [u8; 32],
    pictures: usize,
    not_before: DateTime<Utc>,
    known: &'a [String],
    found: Option<Listed>,
    unsure: bool,
}

impl<'a> Search<'a> {
    pub fn new(request: &'a PublishRequest, known: &'a [String]) -> Self {
        Self {
            text: &request.text,
            fingerprint: fingerprint(&request.text),
            pictures: request.media.len(),
            not_before: not_before(request),
            known,
            found: None,
            unsure: false,
        }
    }

    /// Takes a page of the list. Whether the page lies before the delivery's start as a whole, so that no further one
    /// is needed; single old posts may be pinned to the top.
    pub fn take(&mut self, page: impl IntoIterator<Item = Listed>) -> bool {
        let mut all_older = true;
        for listed in page {
            if listed.published_at.is_some_and(|at| at < self.not_before) {
                continue;
            }
            all_older = false;
            if self.known.contains(&listed.id) || listed.pictures.is_some_and(|pictures| pictures != self.pictures) {
                continue;
            }
            if !listed.texts.iter().any(|text| fingerprint(text) == self.fingerprint) {
                self.unsure |= listed.texts.iter().any(|text| same_but_for_links(text, self.text));
                continue;
            }
            match listed.pictures {
                // Without words and without a number of pictures every post would do.
                None if self.text.trim().is_empty() => self.unsure = true,
                // Of several, the earliest: later ones belong to later deliveries.
                _ if self.found.as_ref().is_none_or(|found| found.published_at >= listed.published_at) => {
                    self.found = Some(listed);
                }
                _ => {}
            }
        }
        all_older
    }

    /// The end of the search. `whole` says whether the list was read back to the delivery's start.
    pub fn finish(self, whole: bool) -> Finding {
        match self.found {
            Some(Listed { id, url, published_at, .. }) => Finding::Found { external_id: id, url, published_at },
            None if whole && !self.unsure => Finding::NotFound,
            None => Finding::CannotTell {
                reason: "The account's recent posts do not tell whether this one is among them.".to_owned(),
            },
        }
    }
}

/// The earliest moment a post of this delivery can carry.
pub(crate) fn not_before(request: &PublishRequest) -> DateTime<Utc> {
    request.started_at - CLOCK_SKEW
}

/// A hash of the words alone: platforms trim, fold line breaks and compose characters.
fn fingerprint(text: &str) -> [u8; 32] {
    let words: Vec<&str> = text.split_whitespace().collect();
    let composed: String = words.join(" ").nfc().collect();
    Sha256::digest(composed.as_bytes()).into()
}

/// Whether `listed` is `written` with some of its links shortened. That may be, or not: two posts can differ in their
/// link alone.
fn same_but_for_links(listed: &str, written: &str) -> bool {
    let is_short = |word: &str| SHORT_LINKS.iter().any(|short| word.starts_with(short));
    if !listed.split_whitespace().any(is_short) {
        return false;
    }
    let (mut listed, mut written) = (listed.split_whitespace(), written.split_whitespace());
    loop {
        match (listed.next(), written.next()) {
            (None, None) => return true,
            (Some(listed), Some(written))
                if fingerprint(listed) == fingerprint(written) || (is_short(listed) && written.contains('.')) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::platform::PostOptions;
    use proptest::prelude::*;

    use super::*;
    use crate::{Account, AccountKind, MediaItem, Tokens};

    fn start() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn request(text: &str, pictures: usize) -> PublishRequest {
        let tokens = Tokens {
            access_token: "t".into(),
            refresh_token: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
        };
        PublishRequest {
            account: Account { external_id: "1".into(), kind: AccountKind::Page, tokens },
            text: text.into(),
            link: None,
            media: vec![MediaItem::from_bytes("image/png", Bytes::new(), None); pictures],
            options: PostOptions::default(),
            started_at: start(),
        }
    }

    fn listed(id: &str, text: &str, pictures: Option<usize>, seconds: i64) -> Listed {
        Listed {
            id: id.into(),
            url: None,
            texts: vec![text.into()],
            pictures,
            published_at: Some(start() + Duration::seconds(seconds)),
        }
    }

    fn search(request: &PublishRequest, known: &[String], list: Vec<Listed>) -> Finding {
        let mut search = Search::new(request, known);
        search.take(list);
        search.finish(true)
    }

    fn id(finding: &Finding) -> Option<&str> {
        match finding {
            Finding::Found { external_id, .. } => Some(external_id),
            _ => None,
        }
    }

    #[test]
    fn the_words_the_time_and_the_pictures_must_fit() {
        let request = request("Hello\n\nworld", 2);
        let list = |text, pictures, seconds| vec![listed("9", text, pictures, seconds)];
        assert_eq!(id(&search(&request, &[], list(" Hello world ", Some(2), 3))), Some("9"));
        assert_eq!(id(&search(&request, &[], list("Hello world", None, -100))), Some("9"));
        for list in
            [list("Hello worlds", Some(2), 3), list("Hello world", Some(1), 3), list("Hello world", Some(2), -121)]
        {
            assert_eq!(search(&request, &[], list), Finding::NotFound);
        }
    }

    #[test]
    fn of_twins_the_one_not_accounted_for_is_taken_and_the_earliest() {
        let request = request("Good morning", 0);
        let list = || vec![listed("3", "Good morning", Some(0), 50), listed("2", "Good morning", Some(0), 5)];
        assert_eq!(id(&search(&request, &[], list())), Some("2"));
        assert_eq!(id(&search(&request, &["2".into()], list())), Some("3"));
        assert_eq!(search(&request, &["2".into(), "3".into()], list()), Finding::NotFound);
    }

    #[test]
    fn a_picture_without_words_is_told_by_its_number_or_not_at_all() {
        let request = request("", 1);
        assert_eq!(id(&search(&request, &[], vec![listed("1", "", Some(1), 5)])), Some("1"));
        assert!(matches!(search(&request, &[], vec![listed("1", "", None, 5)]), Finding::CannotTell { .. }));
    }

    #[test]
    fn a_shortened_link_leaves_it_open() {
        let request = request("Read https://arctiv.example/a now", 0);
        let one = |text: &str| search(&request, &[], vec![listed("1", text, Some(0), 5)]);
        assert!(matches!(one("Read https://lnkd.in/abc now"), Finding::CannotTell { .. }));
        for other in ["Read https://lnkd.in/abc then", "https://lnkd.in/abc", "Read https://arctiv.example/b now"] {
            assert_eq!(one(other), Finding::NotFound, "{other}");
        }
        // The post itself beside it settles the question.
        let both = vec![listed("1", "Read https://t.co/a now", Some(0), 5), listed("2", &request.text, Some(0), 6)];
        assert_eq!(id(&search(&request, &[], both)), Some("2"));
    }

    #[test]
    fn a_list_that_was_not_read_to_the_start_proves_nothing() {
        let request = request("x", 0);
        let mut unfinished = Search::new(&request, &[]);
        assert!(!unfinished.take(vec![listed("1", "pinned", None, -9_999), listed("2", "y", None, 5)]));
        assert!(matches!(unfinished.finish(false), Finding::CannotTell { .. }));
        let mut finished = Search::new(&request, &[]);
        assert!(finished.take(vec![listed("1", "y", None, -9_999)]));
        assert_eq!(finished.finish(true), Finding::NotFound);
    }

    proptest! {
        #[test]
        fn spacing_and_composition_do_not_change_a_text(words in prop::collection::vec("[a-zéü]{1,6}", 0..8)) {
            let plain = words.join(" ");
            let spaced = format!("\n {} \t", words.join(" \r\n  "));
            let decomposed: String = plain.nfd().collect();
            prop_assert_eq!(fingerprint(&plain), fingerprint(&spaced));
            prop_assert_eq!(fingerprint(&plain), fingerprint(&decomposed));
        }

        #[test]
        fn other_words_are_another_text(a in "[a-z ]{0,20}", b in "[a-z ]{0,20}") {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(fingerprint(&a) == fingerprint(&b), words(&a) == words(&b));
        }
    }
}

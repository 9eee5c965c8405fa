//! What became of a post with each change: every version is kept, two can be held against each other, and an earlier one
//! can be brought back as the newest.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Content, Visibility};
use crate::{ids::AccountId, media::MediaAsset, platform::Platform, workspaces::Person};

/// A part of a post that a change can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VersionPart {
    Title,
    Text,
    /// Texts of platforms' own.
    Overrides,
    /// Texts of single accounts.
    Variations,
    /// What was chosen beyond words and media: form, first comment, who sees it.
    Options,
    Link,
    Media,
    /// Who sees it, and when it goes out.
    Schedule,
    Accounts,
}

impl VersionPart {
    pub const ALL: [Self; 9] = [
        Self::Title,
        Self::Text,
        Self::Overrides,
        Self::Variations,
        Self::Options,
        Self::Link,
        Self::Media,
        Self::Schedule,
        Self::Accounts,
    ];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Text => "Text",
            Self::Overrides => "Text for a platform",
            Self::Variations => "Text for an account",
            Self::Options => "Options",
            Self::Link => "Link",
            Self::Media => "Media",
            Self::Schedule => "Time",
            Self::Accounts => "Accounts",
        }
    }
}

/// When a version was to go out. Versions from before this was kept have none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeantFor {
    pub visibility: Visibility,
    /// The wall-clock time of a scheduled one.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "2026-11-26T07:00:00"))]
    pub scheduled_local: Option<NaiveDateTime>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// The chosen accounts; `None`: all active ones at the time of going out.
    pub account_ids: Option<Vec<AccountId>>,
}

impl MeantFor {
    /// "Scheduled for Thu 26 Nov 2026, 07:00, Europe/Dublin".
    pub fn when_words(&self) -> String {
        match (self.visibility, self.scheduled_local) {
            (Visibility::Public, _) => "Public, at once".to_owned(),
            (Visibility::Private, _) => "Private".to_owned(),
            (Visibility::Scheduled, None) => "Scheduled".to_owned(),
            (Visibility::Scheduled, Some(local)) => {
                let zone = self.time_zone.as_deref().map(|zone| format!(", {zone}")).unwrap_or_default();
                format!("Scheduled for {}{zone}", local.format("%a %-d %b %Y, %H:%M"))
            }
        }
    }
}

/// A line of a post's history: who, when, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionSummary {
    /// From 1.
    pub number: u32,
    /// Whether it is the one that counts now.
    pub current: bool,
    pub author: Person,
    /// What differs from the version before; empty for the first, and where nothing does.
    pub changes: Vec<VersionPart>,
    /// The version that was brought back with this one.
    pub restored_from: Option<u32>,
    /// One line of at most 140 characters.
    pub excerpt: String,
    pub created_at: DateTime<Utc>,
}

/// A version as it was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostVersion {
    pub number: u32,
    pub current: bool,
    pub author: Person,
    pub title: Option<String>,
    pub content: Content,
    /// Without what has been removed from the library since.
    pub media: Vec<MediaAsset>,
    pub meant_for: Option<MeantFor>,
    pub restored_from: Option<u32>,
    pub created_at: DateTime<Utc>,
}

/// What became of a stretch of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PieceKind {
    Same,
    Removed,
    Added,
}

/// A stretch of words of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Piece {
    pub kind: PieceKind,
    pub text: String,
}

/// A part in which two versions differ. The pieces without those added are the earlier one's words, those without the
/// removed the later one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartDiff {
    pub part: VersionPart,
    /// Whose own text or options it is about.
    pub platform: Option<Platform>,
    /// Whose own text it is.
    pub account_id: Option<AccountId>,
    pub pieces: Vec<Piece>,
}

/// Two versions beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// Numbers of the two.
    pub from: u32,
    pub to: u32,
    /// Only what differs.
    pub parts: Vec<PartDiff>,
    /// What the earlier one shows and the later one does not, and the other way round.
    pub media_removed: Vec<MediaAsset>,
    pub media_added: Vec<MediaAsset>,
    /// Whether both show the same in another order.
    pub media_reordered: bool,
}

impl Comparison {
    /// `accounts` puts a choice of accounts into words.
    pub fn of(from: &PostVersion, to: &PostVersion, accounts: impl Fn(Option<&[AccountId]>) -> String) -> Self {
        let mut parts = Vec::new();
        let mut compare = |part, platform, account_id, old: &str, new: &str| {
            if old != new {
                parts.push(PartDiff { part, platform, account_id, pieces: diff(old, new) });
            }
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        compare(VersionPart::Title, None, None, &text(&from.title), &text(&to.title));
        compare(VersionPart::Text, None, None, &from.content.body, &to.content.body);
        let own = |version: &PostVersion, platform| {
            version.content.overrides.get(&platform).map(|own| own.body.clone()).unwrap_or_default()
        };
        for platform in Platform::ALL {
            compare(VersionPart::Overrides, Some(platform), None, &own(from, platform), &own(to, platform));
        }
        let variation = |version: &PostVersion, account| {
            version.content.variations.get(&account).map(|own| own.body.clone()).unwrap_or_default()
        };
        let varied: BTreeSet<AccountId> =
            [from, to].into_iter().flat_map(|version| version.content.variations.keys().copied()).collect();
        for account in varied {
            compare(VersionPart::Variations, None, Some(account), &variation(from, account), &variation(to, account));
        }
        for platform in Platform::ALL {
            let (old, new) = (option_words(from, platform), option_words(to, platform));
            compare(VersionPart::Options, Some(platform), None, &old, &new);
        }
        compare(VersionPart::Link, None, None, &text(&from.content.link), &text(&to.content.link));
        if let (Some(old), Some(new)) = (&from.meant_for, &to.meant_for) {
            let mut swap = |part, old: String, new: String| {
                if old != new {
                    let pieces = [(PieceKind::Removed, old), (PieceKind::Added, new)];
                    let pieces = pieces.into_iter().map(|(kind, text)| Piece { kind, text }).collect();
                    parts.push(PartDiff { part, platform: None, account_id: None, pieces });
                }
            };
            swap(VersionPart::Schedule, old.when_words(), new.when_words());
            if old.account_ids != new.account_ids {
                let words = |meant: &MeantFor| accounts(meant.account_ids.as_deref());
                swap(VersionPart::Accounts, words(old), words(new));
            }
        }
        let without = |all: &[MediaAsset], others: &[MediaAsset]| {
            let gone = |asset: &&MediaAsset| !others.iter().any(|other| other.id == asset.id);
            all.iter().filter(gone).cloned().collect::<Vec<_>>()
        };
        let media_removed = without(&from.media, &to.media);
        let media_added = without(&to.media, &from.media);
        let order = |version: &PostVersion| version.media.iter().map(|asset| asset.id).collect::<Vec<_>>();
        let media_reordered = media_removed.is_empty() && media_added.is_empty() && order(from) != order(to);
        Self { from: from.number, to: to.number, parts, media_removed, media_added, media_reordered }
    }

    pub fn is_same(&self) -> bool {
        self.parts.is_empty() && self.media_removed.is_empty() && self.media_added.is_empty() && !self.media_reordered
    }
}

/// What was chosen for a platform, a line each: "first comment: …".
fn option_words(version: &PostVersion, platform: Platform) -> String {
    let Some(options) = version.content.options.get(&platform) else { return String::new() };
    let Ok(serde_json::Value::Object(chosen)) = serde_json::to_value(options) else { return String::new() };
    let mut lines = Vec::new();
    for (name, value) in chosen {
        let name = name.replace('_', " ");
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => lines.push(format!("{name}: {text}")),
            serde_json::Value::Object(inner) => {
                for (inner_name, value) in inner.into_iter().filter(|(_, value)| !value.is_null()) {
                    let value =
                        value.as_str().map_or_else(|| value.to_string(), |text| text.replace('_', " ").to_lowercase());
                    lines.push(format!("{}: {value}", inner_name.replace('_', " ")));
                }
            }
            other => lines.push(format!("{name}: {other}")),
        }
    }
    lines.sort();
    lines.join("\n")
}

/// More words than this in both together are compared line by line, and more lines not at all: where nothing is alike, the work
/// grows with the square of their number.
const MANY: usize = 6_000;

/// What two texts have in common and in what they differ, by words.
pub fn diff(old: &str, new: &str) -> Vec<Piece> {
    let (old_words, new_words): (Vec<&str>, Vec<&str>) =
        (old.split_word_bounds().collect(), new.split_word_bounds().collect());
    if old_words.len() + new_words.len() <= MANY {
        return pieces(&old_words, &new_words);
    }
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    if old_lines.len() + new_lines.len() <= MANY { pieces(&old_lines, &new_lines) } else { pieces(&[old], &[new]) }
}

fn pieces(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |kind: PieceKind, text: String| match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.kind == kind => last.text.push_str(&text),
        _ => pieces.push(Piece { kind, text }),
    };
    let words = |all: &[&str], range: std::ops::Range<usize>| all.get(range).unwrap_or_default().concat();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        match op.tag() {
            DiffTag::Equal => push(PieceKind::Same, words(old, op.old_range())),
            DiffTag::Delete => push(PieceKind::Removed, words(old, op.old_range())),
            DiffTag::Insert => push(PieceKind::Added, words(new, op.new_range())),
            DiffTag::Replace => {
                push(PieceKind::Removed, words(old, op.old_range()));
                push(PieceKind::Added, words(new, op.new_range()));
            }
        }
    }
    joined(pieces)
}

/// A lone space between two changes belongs to them: "old words" → "new ones" reads better than word for word.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut run = (String::new(), String::new());
    let flush = |out: &mut Vec<Piece>, run: &mut (String, String)| {
        for (kind, text) in [(PieceKind::Removed, &mut run.0), (PieceKind::Added, &mut run.1)] {
            if !text.is_empty() {
                out.push(Piece { kind, text: std::mem::take(text) });
            }
        }
    };
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        match piece.kind {
            PieceKind::Removed => run.0.push_str(&piece.text),
            PieceKind::Added => run.1.push_str(&piece.text),
            PieceKind::Same if piece.text == " " && !run.0.is_empty() && !run.1.is_empty() && rest.peek().is_some() => {
                run.0.push(' ');
                run.1.push(' ');
            }
            PieceKind::Same => {
                flush(&mut out, &mut run);
                out.push(piece);
            }
        }
    }
    flush(&mut out, &mut run);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str) -> String {
        let mark = |piece: &Piece| match piece.kind {
            PieceKind::Same => piece.text.clone(),
            PieceKind::Removed => format!("[-{}-]", piece.text),
            PieceKind::Added => format!("[+{}+]", piece.text),
        };
        diff(old, new).iter().map(mark).collect()
    }

    #[test]
    fn words_and_not_letters() {
        assert_eq!(
            shown("The Winter Roast is back", "The Winter Roast is here"),
            "The Winter Roast is [-back-][+here+]"
        );
        assert_eq!(shown("red plum", "red plum, cocoa"), "red plum[+, cocoa+]");
        assert_eq!(shown("one two three four", "one five six four"), "one [-two three-][+five six+] four");
        assert_eq!(shown("Größe", "Grüße"), "[-Größe-][+Grüße+]");
        assert_eq!(shown("", "new"), "[+new+]");
        assert_eq!(shown("same", "same"), "same");
    }

    #[test]
    fn long_texts_are_compared_by_lines() {
        let long = |word: &str| format!("{}\n{word}\n", "w ".repeat(3_000));
        let found = diff(&long("old"), &long("new"));
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].text.as_str(), found[2].text.as_str()), ("old\n", "new\n"));
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_pieces(old in "[a-c é\n]{0,40}", new in "[a-c é\n]{0,40}") {
            let found = diff(&old, &new);
            let without = |kind| found.iter().filter(|piece| piece.kind != kind).map(|piece| piece.text.as_str()).collect::<String>();
            prop_assert_eq!(without(PieceKind::Added), old);
            prop_assert_eq!(without(PieceKind::Removed), new);
            prop_assert!(found.windows(2).all(|pair| pair[0].kind != pair[1].kind));
        }
    }

    fn version(number: u32) -> PostVersion {
        PostVersion {
            number,
            current: false,
            author: Person { id: UserId(uuid::Uuid::nil()), name: String::new() },
            title: None,
            content: Content { body: "Body".into(), ..Content::default() },
            media: Vec::new(),
            meant_for: None,
            restored_from: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_differs() {
        let accounts = |ids: Option<&[AccountId]>| ids.map_or("everyone".to_owned(), |ids| ids.len().to_string());
        assert!(Comparison::of(&version(1), &version(2), accounts).is_same());
        let meant = |local: &str, account_ids| MeantFor {
            visibility: Visibility::Scheduled,
            scheduled_local: local.parse().ok(),
            time_zone: Some("Europe/Dublin".into()),
            account_ids,
        };
        let old = PostVersion { meant_for: Some(meant("2026-11-26T07:00:00", None)), ..version(1) };
        let mut new = PostVersion { meant_for: Some(meant("2026-11-27T07:00:00", Some(vec![]))), ..version(2) };
        new.content.link = Some("https://a.example".into());
        let found = Comparison::of(&old, &new, accounts);
        let parts: Vec<_> = found.parts.iter().map(|one| one.part).collect();
        assert_eq!(parts, [VersionPart::Link, VersionPart::Schedule, VersionPart::Accounts]);
        assert_eq!(found.parts[1].pieces[1].text, "Scheduled for Fri 27 Nov 2026, 07:00, Europe/Dublin");
        assert_eq!(found.parts[2].pieces[0].text, "everyone");
    }
}

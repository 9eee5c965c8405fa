//! The library as an address.

use crate::shared::query::{Href, offset, page_request, search_words};
use domain::media::{MediaFilter, MediaKind};

/// Assets on a page: rows of two, three, four and six come out even.
pub const PAGE: u32 = 24;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryQuery {
    pub q: Option<String>,
    pub kind: Option<MediaKind>,
    pub tag: Option<String>,
    pub removed: bool,
    pub offset: u32,
}

impl LibraryQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            q: search_words(get("q").as_deref()),
            kind: get("kind").and_then(|word| MediaKind::from_word(&word)),
            tag: search_words(get("tag").as_deref()),
            removed: get("removed").as_deref() == Some("true"),
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        Href::new("/media")
            .with("q", self.q.as_deref())
            .with("kind", self.kind.map(MediaKind::as_str))
            .with("tag", self.tag.as_deref())
            .with("removed", self.removed.then_some("true"))
            .build()
    }

    pub fn filter(&self) -> MediaFilter {
        MediaFilter {
            q: self.q.clone(),
            kind: self.kind,
            tag: self.tag.clone(),
            removed: self.removed.then_some(true),
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        self.q.is_some() || self.kind.is_some() || self.tag.is_some() || self.removed || self.offset > 0
    }

    #[must_use]
    pub fn with_q(&self, q: Option<String>) -> Self {
        Self { q, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_kind(&self, kind: Option<MediaKind>) -> Self {
        Self { kind, removed: false, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_tag(&self, tag: Option<String>) -> Self {
        Self { tag, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn of_removed(&self) -> Self {
        Self { removed: true, kind: None, offset: 0, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let query = LibraryQuery::read(|key| {
            match key {
                "kind" => Some("video"),
                "tag" => Some("winter menu"),
                "removed" => Some("perhaps"),
                "offset" => Some("24"),
                _ => None,
            }
            .map(str::to_owned)
        });
        assert_eq!(query.href(), "/media?kind=video&tag=winter%20menu");
        assert_eq!((query.filter().page.offset, query.filter().removed), (Some(24), None));
        assert_eq!(query.of_removed().href(), "/media?tag=winter%20menu&removed=true");
        assert_eq!(query.with_kind(None).offset, 0);
        assert!(query.is_narrowed() && !LibraryQuery::default().is_narrowed());
    }
}

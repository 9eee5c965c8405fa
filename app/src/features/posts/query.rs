//! The list of posts as an address.

use crate::shared::query::{Href, offset, page_request, search_words};
use domain::{
    Platform,
    posts::{PostFilter, PostStatus},
};

/// Posts on a page.
pub const PAGE: u32 = 20;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostsQuery {
    pub q: Option<String>,
    pub status: Option<PostStatus>,
    pub platform: Option<Platform>,
    pub offset: u32,
}

impl PostsQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            q: search_words(get("q").as_deref()),
            status: get("status").and_then(|word| word.parse().ok()),
            platform: get("platform").and_then(|word| word.parse().ok()),
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        Href::new("/posts")
            .with("q", self.q.as_deref())
            .with("status", self.status)
            .with("platform", self.platform)
            .build()
    }

    pub fn filter(&self) -> PostFilter {
        PostFilter {
            status: self.status,
            q: self.q.clone(),
            platform: self.platform,
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        self.q.is_some() || self.status.is_some() || self.platform.is_some() || self.offset > 0
    }

    #[must_use]
    pub fn with_q(&self, q: Option<String>) -> Self {
        Self { q, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_status(&self, status: Option<PostStatus>) -> Self {
        Self { status, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_platform(&self, platform: Option<Platform>) -> Self {
        Self { platform, offset: 0, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let query = PostsQuery::read(|key| {
            match key {
                "status" => Some("partly_published"),
                "platform" => Some("?"),
                "q" => Some("winter roast"),
                "offset" => Some("20"),
                _ => None,
            }
            .map(str::to_owned)
        });
        assert_eq!(query.href(), "/posts?q=winter%20roast&status=partly_published");
        assert_eq!(query.filter().page.offset, Some(20));
        assert_eq!(query.with_platform(Some(Platform::Twitter)).offset, 0);
        assert!(query.is_narrowed() && !PostsQuery::default().is_narrowed());
    }
}

//! The list of posts as an address.

use crate::shared::query::{Href, offset, page_request, search_words};
use chrono::NaiveDate;
use domain::{
    AccountId, Platform, UserId,
    posts::{Bound, PostFilter, PostSort, PostStatus, Visibility},
};

/// Posts on a page.
pub const PAGE: u32 = 20;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostsQuery {
    pub q: Option<String>,
    pub status: Option<PostStatus>,
    pub visibility: Option<Visibility>,
    pub platform: Option<Platform>,
    pub account: Option<AccountId>,
    pub author: Option<UserId>,
    /// Whole days in the workspace's zone, both in the range.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub sort: PostSort,
    pub offset: u32,
}

impl PostsQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        // What is no day that posts can be on is none.
        let day = |key| match get(key).and_then(|text| text.parse().ok()) {
            Some(Bound::Day(day)) => Some(day),
            _ => None,
        };
        let (from, to) = match (day("from"), day("to")) {
            (Some(from), Some(to)) if to < from => (Some(to), Some(from)),
            range => range,
        };
        Self {
            q: search_words(get("q").as_deref()),
            status: get("status").and_then(|word| word.parse().ok()),
            visibility: get("visibility").and_then(|word| word.parse().ok()),
            platform: get("platform").and_then(|word| word.parse().ok()),
            account: get("account").and_then(|id| id.parse().ok()),
            author: get("author").and_then(|id| id.parse().ok()),
            from,
            to,
            sort: get("sort").and_then(|word| word.parse().ok()).unwrap_or_default(),
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The filters but for the page, by their names in the address.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let sorted = (self.sort != PostSort::default() && self.q.is_some()).then(|| self.sort.to_string());
        [
            ("q", self.q.clone()),
            ("status", self.status.map(|status| status.to_string())),
            ("visibility", self.visibility.map(|visibility| visibility.as_str().to_owned())),
            ("platform", self.platform.map(|platform| platform.to_string())),
            ("account", self.account.map(|id| id.to_string())),
            ("author", self.author.map(|id| id.to_string())),
            ("from", self.from.map(|day| day.to_string())),
            ("to", self.to.map(|day| day.to_string())),
            ("sort", sorted),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        self.pairs().into_iter().fold(Href::new("/posts"), |href, (name, value)| href.with(name, Some(value))).build()
    }

    pub fn filter(&self) -> PostFilter {
        PostFilter {
            status: self.status.into(),
            visibility: self.visibility,
            q: self.q.clone(),
            platform: self.platform,
            social_account_id: self.account,
            author_id: self.author,
            from: self.from.map(Bound::Day),
            to: self.to.map(Bound::Day),
            // Without a search there is nothing to go by.
            sort: if self.q.is_some() { self.sort } else { PostSort::default() },
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        self.offset > 0 || !self.pairs().is_empty()
    }

    /// The same list with something else in it, from its first page.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = Self { offset: 0, ..self.clone() };
        change(&mut changed);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> PostsQuery {
        let pairs: Vec<(&str, &str)> = address.split('&').filter_map(|pair| pair.split_once('=')).collect();
        PostsQuery::read(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let query = read("status=partly_published&platform=?&q=winter roast&offset=20&author=me&from=soon");
        assert_eq!(query.href(), "/posts?q=winter%20roast&status=partly_published");
        assert_eq!(query.filter().page.offset, Some(20));
        assert_eq!(query.with(|query| query.platform = Some(Platform::Twitter)).offset, 0);
        assert!(query.is_narrowed() && !PostsQuery::default().is_narrowed());
    }

    #[test]
    fn all_filters_stand_in_the_address() {
        let id = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001";
        let address = format!(
            "q=a&status=draft&visibility=private&platform=twitter&account={id}&author={id}&from=2026-11-01&to=2026-11-30&sort=relevance"
        );
        assert_eq!(read(&address).href(), format!("/posts?{address}"));
    }

    #[test]
    fn days_are_put_in_order_and_relevance_needs_words() {
        let query = read("from=2026-11-30&to=2026-11-01&sort=relevance");
        assert_eq!(query.href(), "/posts?from=2026-11-01&to=2026-11-30");
        assert_eq!(query.filter().sort, PostSort::Newest);
        assert_eq!(read("from=2026-11-01T00:00:00Z").from, None);
    }
}

//! The list of accounts as an address: which, how shown, from where.

use crate::shared::query::{Href, offset, page_request, search_words};
use domain::{
    Platform,
    accounts::{AccountFilter, AccountStatus},
};

/// Accounts on a page: fills rows of two, three and four cards.
pub const PAGE: u32 = 24;

/// How the list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    #[default]
    Grid,
    List,
}

impl Layout {
    /// The word in the address; the grid needs none.
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Grid => None,
            Self::List => Some("list"),
        }
    }
}

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountsQuery {
    pub q: Option<String>,
    pub platform: Option<Platform>,
    pub status: Option<AccountStatus>,
    pub active: Option<bool>,
    /// Those alone whose connection waits for a person.
    pub attention: bool,
    pub layout: Layout,
    pub offset: u32,
}

impl AccountsQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        // Back from a platform, the address names it for the banner; the list shows all accounts.
        let back = get("connected").is_some() || get("oauth_error").is_some();
        Self {
            q: search_words(get("q").as_deref()),
            platform: get("platform").filter(|_| !back).and_then(|word| word.parse().ok()),
            status: get("status").and_then(|word| word.parse().ok()),
            active: get("active").and_then(|word| word.parse().ok()),
            attention: get("attention").as_deref() == Some("true"),
            layout: if get("view").as_deref() == Some("list") { Layout::List } else { Layout::Grid },
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        Href::new("/accounts")
            .with("q", self.q.as_deref())
            .with("platform", self.platform)
            .with("status", self.status)
            .with("active", self.active)
            .with("attention", self.attention.then_some(true))
            .with("view", self.layout.word())
            .build()
    }

    pub fn filter(&self) -> AccountFilter {
        AccountFilter {
            platform: self.platform,
            status: self.status,
            q: self.q.clone(),
            active: self.active,
            attention: self.attention.then_some(true),
            page: page_request(PAGE, self.offset),
        }
    }

    /// Whether it is less than all of them: an empty answer then means something else.
    pub fn is_narrowed(&self) -> bool {
        self.q.is_some()
            || self.platform.is_some()
            || self.status.is_some()
            || self.active.is_some()
            || self.attention
            || self.offset > 0
    }

    #[must_use]
    pub fn with_q(&self, q: Option<String>) -> Self {
        Self { q, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_platform(&self, platform: Option<Platform>) -> Self {
        Self { platform, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_status(&self, status: Option<AccountStatus>) -> Self {
        Self { status, attention: false, offset: 0, ..self.clone() }
    }

    /// Those that wait for a person, of whatever status.
    #[must_use]
    pub fn with_attention(&self) -> Self {
        Self { status: None, attention: true, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_active(&self, active: Option<bool>) -> Self {
        Self { active, offset: 0, ..self.clone() }
    }

    /// The other layout, at the same place of the list.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> AccountsQuery {
        AccountsQuery::read(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nonsense_is_no_filter() {
        let query = read(&[("platform", "myspace"), ("status", "x"), ("active", "1"), ("offset", "a"), ("view", "?")]);
        assert_eq!(query, AccountsQuery::default());
        assert!(!query.is_narrowed());
        assert_eq!(query.href(), "/accounts");
    }

    #[test]
    fn an_address_round_trips() {
        let query = read(&[
            ("q", " acme & co "),
            ("platform", "twitter"),
            ("status", "reconnect_required"),
            ("active", "false"),
            ("view", "list"),
        ]);
        assert_eq!(
            query.href(),
            "/accounts?q=acme%20%26%20co&platform=twitter&status=reconnect_required&active=false&view=list"
        );
        assert_eq!(query.filter().q.as_deref(), Some("acme & co"));
    }

    #[test]
    fn what_needs_attention_is_of_any_status() {
        let query = read(&[("attention", "true"), ("view", "list")]);
        assert_eq!((query.filter().attention, query.is_narrowed()), (Some(true), true));
        assert_eq!(query.href(), "/accounts?attention=true&view=list");
        let failed = query.with_status(Some(AccountStatus::Failed));
        assert_eq!((failed.attention, failed.with_attention()), (false, query));
    }

    #[test]
    fn the_platform_one_comes_back_from_is_no_filter() {
        assert_eq!(read(&[("connected", "2"), ("platform", "facebook")]).platform, None);
        assert_eq!(read(&[("oauth_error", "refused"), ("platform", "facebook")]).platform, None);
    }

    #[test]
    fn another_filter_starts_at_the_first_page_and_the_layout_stays() {
        let query = read(&[("offset", "48"), ("view", "list")]);
        assert_eq!(query.filter().page.offset, Some(48));
        let next = query.with_status(Some(AccountStatus::Failed));
        assert_eq!((next.offset, next.layout), (0, Layout::List));
        assert_eq!(query.with_layout(Layout::Grid).offset, 48);
    }
}

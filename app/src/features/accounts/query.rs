//! The list of accounts as an address: which, how shown, from where. And one account's connection log.

use crate::shared::query::{Href, offset, page_request, search_words};
use chrono::NaiveDate;
use domain::{
    AccountId, Platform,
    accounts::{AccountFilter, AccountStatus, ConnectionEventFilter, ConnectionEventTypes},
    posts::Bound,
};

/// Accounts on a page: fills rows of two, three and four cards.
pub const PAGE: u32 = 24;

/// Lines on a page of the connection log.
pub const LOG_PAGE: u32 = 10;

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

/// What the address of an account's page says of its connection log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    pub kinds: ConnectionEventTypes,
    /// Whole days in the workspace's zone, both in the range.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub offset: u32,
}

impl LogQuery {
    /// Reads an address, in which a form repeats a name for each of its ticks; what makes no sense is left out.
    pub fn read(all: impl Fn(&str) -> Vec<String>) -> Self {
        let day = |key| match all(key).pop().and_then(|text| text.parse().ok()) {
            Some(Bound::Day(day)) => Some(day),
            Some(Bound::Moment(_)) | None => None,
        };
        let (from, to) = match (day("from"), day("to")) {
            (Some(from), Some(to)) if to < from => (Some(to), Some(from)),
            range => range,
        };
        let words = all("event_type");
        let kinds = words.iter().flat_map(|words| words.split(',')).filter_map(|word| word.trim().parse().ok());
        Self { kinds: kinds.collect(), from, to, offset: offset(all("offset").pop().as_deref()) }
    }

    fn with_filters(&self, href: Href) -> Href {
        href.with("event_type", Some(&self.kinds).filter(|kinds| !kinds.is_any()))
            .with("from", self.from)
            .with("to", self.to)
    }

    /// The address of the account's page without the log's page, to which pagination adds its own.
    pub fn href(&self, account: AccountId) -> String {
        self.with_filters(Href::new(&format!("/accounts/{account}"))).build()
    }

    /// Everything under the filters as a file.
    pub fn csv(&self, account: AccountId) -> String {
        let path = format!("/api/social-accounts/{account}/events");
        self.with_filters(Href::new(&path).with("format", Some("csv"))).build()
    }

    pub fn filter(&self) -> ConnectionEventFilter {
        ConnectionEventFilter {
            event_type: self.kinds.clone(),
            from: self.from.map(Bound::Day),
            to: self.to.map(Bound::Day),
            page: page_request(LOG_PAGE, self.offset),
        }
    }

    /// How many filters narrow it; a range of days is one.
    pub fn narrowed_by(&self) -> usize {
        self.kinds.as_slice().len() + usize::from(self.from.is_some() || self.to.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_log(address: &str) -> LogQuery {
        let pairs: Vec<(&str, &str)> = address.split('&').filter_map(|pair| pair.split_once('=')).collect();
        LogQuery::read(|key| {
            pairs.iter().filter(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()).collect()
        })
    }

    #[test]
    fn a_log_is_an_address_with_or_without_a_form() {
        let account = AccountId(uuid::Uuid::nil());
        let here = "/accounts/00000000-0000-0000-0000-000000000000";
        let ticked = read_log("event_type=token_refreshed&event_type=token_expired&from=2026-11-01&to=&offset=10");
        let address = "event_type=token_refreshed,token_expired&from=2026-11-01";
        assert_eq!(ticked.href(account), format!("{here}?{address}"));
        assert_eq!(ticked.csv(account), format!("/api/social-accounts/{account}/events?format=csv&{address}"));
        assert_eq!(read_log(address), LogQuery { offset: 0, ..ticked.clone() });
        assert_eq!((ticked.narrowed_by(), ticked.filter().page.offset), (3, Some(10)));
        assert_eq!(ticked.filter().from, Some(Bound::Day("2026-11-01".parse().unwrap())));

        let nonsense = read_log("event_type=renewed,&from=soon&to=2026-11-01T00:00:00Z&oauth_error=refused");
        assert_eq!((nonsense.href(account), nonsense.narrowed_by()), (here.to_owned(), 0));
        let turned = read_log("from=2026-11-30&to=2026-11-01");
        assert_eq!(turned.href(account), format!("{here}?from=2026-11-01&to=2026-11-30"));
    }

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

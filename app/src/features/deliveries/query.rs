//! The activity as an address.

use crate::shared::query::{Href, offset, page_request, search_words};
use domain::{
    AccountId, Platform, PostId,
    deliveries::{DeliveryFilter, DeliveryStatus, Statuses},
};

/// Deliveries on a page.
pub const PAGE: u32 = 25;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    pub q: Option<String>,
    pub status: Statuses,
    pub platform: Option<Platform>,
    pub account: Option<AccountId>,
    pub post: Option<PostId>,
    pub offset: u32,
}

/// The sorts that the page offers; an address may name any states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    All,
    /// Everything that is not final.
    OnTheirWay,
    One(DeliveryStatus),
}

impl Sort {
    pub const OFFERED: [Self; 5] = [
        Self::All,
        Self::OnTheirWay,
        Self::One(DeliveryStatus::Success),
        Self::One(DeliveryStatus::Failed),
        Self::One(DeliveryStatus::Canceled),
    ];

    pub fn statuses(self) -> Statuses {
        match self {
            Self::All => Statuses::default(),
            Self::OnTheirWay => DeliveryStatus::ALL.into_iter().filter(|status| !status.is_final()).collect(),
            Self::One(status) => status.into(),
        }
    }
}

impl ActivityQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            q: search_words(get("q").as_deref()),
            status: get("status").and_then(|words| words.parse().ok()).unwrap_or_default(),
            platform: get("platform").and_then(|word| word.parse().ok()),
            account: get("account").and_then(|word| word.parse().ok()),
            post: get("post").and_then(|word| word.parse().ok()),
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        Href::new("/activity")
            .with("q", self.q.as_deref())
            .with("status", self.named())
            .with("platform", self.platform)
            .with("account", self.account)
            .with("post", self.post)
            .build()
    }

    /// The states, if any are named.
    pub fn named(&self) -> Option<&Statuses> {
        Some(&self.status).filter(|status| !status.is_any())
    }

    pub fn filter(&self) -> DeliveryFilter {
        DeliveryFilter {
            content_id: self.post,
            status: self.status.clone(),
            q: self.q.clone(),
            platform: self.platform,
            social_account_id: self.account,
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        *self != Self::default()
    }

    #[must_use]
    pub fn with_q(&self, q: Option<String>) -> Self {
        Self { q, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_status(&self, status: Statuses) -> Self {
        Self { status, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_platform(&self, platform: Option<Platform>) -> Self {
        Self { platform, offset: 0, ..self.clone() }
    }

    /// The same without the one account or post.
    #[must_use]
    pub fn of_all(&self) -> Self {
        Self { account: None, post: None, offset: 0, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> ActivityQuery {
        ActivityQuery::read(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let account = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001";
        let query =
            read(&[("status", "failed"), ("account", account), ("post", "7"), ("offset", "25"), ("q", " roast & co ")]);
        assert_eq!(query.href(), format!("/activity?q=roast%20%26%20co&status=failed&account={account}"));
        assert_eq!(query.filter().social_account_id.map(|id| id.to_string()).as_deref(), Some(account));
        assert_eq!(query.filter().q.as_deref(), Some("roast & co"));
        assert_eq!(query.of_all().with_q(None).href(), "/activity?status=failed");
        assert!(query.post.is_none() && query.is_narrowed());
        assert_eq!(read(&[("status", "gone")]), ActivityQuery::default());
    }

    #[test]
    fn what_is_on_its_way_is_one_filter_of_several_states() {
        let query = ActivityQuery::default().with_status(Sort::OnTheirWay.statuses());
        assert_eq!(query.href(), "/activity?status=pending,publishing,retried");
        assert_eq!(read(&[("status", "pending,publishing,retried")]), query);
        assert_eq!(query.with_status(Sort::All.statuses()), ActivityQuery::default());
    }
}

//! The activity as an address.

use crate::shared::query::{Href, offset, page_request};
use domain::{
    AccountId, Platform, PostId,
    deliveries::{DeliveryFilter, DeliveryStatus},
};

/// Deliveries on a page.
pub const PAGE: u32 = 25;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    pub status: Option<DeliveryStatus>,
    pub platform: Option<Platform>,
    pub account: Option<AccountId>,
    pub post: Option<PostId>,
    pub offset: u32,
}

impl ActivityQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            status: get("status").and_then(|word| word.parse().ok()),
            platform: get("platform").and_then(|word| word.parse().ok()),
            account: get("account").and_then(|word| word.parse().ok()),
            post: get("post").and_then(|word| word.parse().ok()),
            offset: offset(get("offset").as_deref()),
        }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        Href::new("/activity")
            .with("status", self.status)
            .with("platform", self.platform)
            .with("account", self.account)
            .with("post", self.post)
            .build()
    }

    pub fn filter(&self) -> DeliveryFilter {
        DeliveryFilter {
            content_id: self.post,
            status: self.status.into(),
            q: None,
            platform: self.platform,
            social_account_id: self.account,
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        *self != Self::default()
    }

    #[must_use]
    pub fn with_status(&self, status: Option<DeliveryStatus>) -> Self {
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

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let account = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001";
        let query = ActivityQuery::read(|key| {
            match key {
                "status" => Some("failed"),
                "account" => Some(account),
                "post" => Some("7"),
                "offset" => Some("25"),
                _ => None,
            }
            .map(str::to_owned)
        });
        assert_eq!(query.href(), format!("/activity?status=failed&account={account}"));
        assert_eq!(query.filter().social_account_id.map(|id| id.to_string()).as_deref(), Some(account));
        assert_eq!(query.of_all().href(), "/activity?status=failed");
        assert!(query.post.is_none() && query.is_narrowed());
    }
}

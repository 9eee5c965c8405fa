//! The activity as an address.

use crate::shared::query::{Href, offset, page_request, search_words};
use domain::{
    AccountId, Platform, PostId,
    deliveries::{DeliveryFilter, DeliveryStatus, ErrorClass, Outcome, Statuses},
};

/// Deliveries on a page.
pub const PAGE: u32 = 25;

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Everything that goes out.
    #[default]
    Deliveries,
    /// What was given up, by reason.
    DeadLetters,
}

impl View {
    const DEAD_LETTERS: &'static str = "dead-letters";
}

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    pub view: View,
    pub q: Option<String>,
    pub status: Statuses,
    pub outcome: Option<Outcome>,
    /// Of the dead letters.
    pub reason: Option<ErrorClass>,
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
    /// What lies in the inboxes of creators.
    WithCreators,
    One(DeliveryStatus),
}

impl Sort {
    pub const OFFERED: [Self; 6] = [
        Self::All,
        Self::OnTheirWay,
        Self::WithCreators,
        Self::One(DeliveryStatus::Success),
        Self::One(DeliveryStatus::Failed),
        Self::One(DeliveryStatus::Canceled),
    ];

    pub fn statuses(self) -> Statuses {
        match self {
            Self::All | Self::WithCreators => Statuses::default(),
            Self::OnTheirWay => DeliveryStatus::ALL.into_iter().filter(|status| !status.is_final()).collect(),
            Self::One(status) => status.into(),
        }
    }

    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::WithCreators => Some(Outcome::WaitingForCreator),
            Self::All | Self::OnTheirWay | Self::One(_) => None,
        }
    }
}

impl ActivityQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let dead = get("view").as_deref() == Some(View::DEAD_LETTERS);
        let read = Self {
            view: if dead { View::DeadLetters } else { View::Deliveries },
            q: search_words(get("q").as_deref()),
            status: get("status").and_then(|words| words.parse().ok()).unwrap_or_default(),
            outcome: get("outcome").and_then(|word| word.parse().ok()),
            reason: get("reason").and_then(|word| word.parse().ok()),
            platform: get("platform").and_then(|word| word.parse().ok()),
            account: get("account").and_then(|word| word.parse().ok()),
            post: get("post").and_then(|word| word.parse().ok()),
            offset: offset(get("offset").as_deref()),
        };
        // Each view has its own ways to narrow.
        if dead { Self { status: Statuses::default(), outcome: None, ..read } } else { Self { reason: None, ..read } }
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        self.keep()
            .into_iter()
            .fold(Href::new("/activity").with("q", self.q.as_deref()), |href, (name, value)| {
                href.with(name, Some(value))
            })
            .build()
    }

    /// What a form that searches anew keeps.
    pub fn keep(&self) -> Vec<(&'static str, String)> {
        [
            ("view", (self.view == View::DeadLetters).then(|| View::DEAD_LETTERS.to_owned())),
            ("status", self.named().map(ToString::to_string)),
            ("outcome", self.outcome.map(|outcome| outcome.to_string())),
            ("reason", self.reason.map(|reason| reason.to_string())),
            ("platform", self.platform.map(|platform| platform.to_string())),
            ("account", self.account.map(|account| account.to_string())),
            ("post", self.post.map(|post| post.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The states, if any are named.
    pub fn named(&self) -> Option<&Statuses> {
        Some(&self.status).filter(|status| !status.is_any())
    }

    pub fn filter(&self) -> DeliveryFilter {
        let dead = self.view == View::DeadLetters;
        DeliveryFilter {
            content_id: self.post,
            status: if dead { DeliveryStatus::Failed.into() } else { self.status.clone() },
            q: self.q.clone(),
            platform: self.platform,
            social_account_id: self.account,
            error_class: self.reason,
            outcome: self.outcome,
            page: page_request(PAGE, self.offset),
        }
    }

    /// Whether anything is left out of the view.
    pub fn is_narrowed(&self) -> bool {
        *self != Self { view: self.view, ..Self::default() }
    }

    /// Whether it is narrowed by more than its sort: then the counts of the sorts say nothing of what is shown.
    pub fn is_narrowed_beyond_sort(&self) -> bool {
        self.q.is_some() || self.platform.is_some() || self.account.is_some() || self.post.is_some()
    }

    #[must_use]
    pub fn with_q(&self, q: Option<String>) -> Self {
        Self { q, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_sort(&self, sort: Sort) -> Self {
        Self { status: sort.statuses(), outcome: sort.outcome(), offset: 0, ..self.clone() }
    }

    pub fn is_sorted_by(&self, sort: Sort) -> bool {
        self.status == sort.statuses() && self.outcome == sort.outcome()
    }

    #[must_use]
    pub fn with_reason(&self, reason: Option<ErrorClass>) -> Self {
        Self { view: View::DeadLetters, reason, offset: 0, ..self.clone() }
    }

    #[must_use]
    pub fn with_platform(&self, platform: Option<Platform>) -> Self {
        Self { platform, offset: 0, ..self.clone() }
    }

    /// The other view, with nothing left out.
    #[must_use]
    pub fn of(view: View) -> Self {
        Self { view, ..Self::default() }
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
        assert_eq!(read(&[("status", "gone"), ("outcome", "gone"), ("view", "gone")]), ActivityQuery::default());
    }

    #[test]
    fn what_is_on_its_way_is_one_filter_of_several_states() {
        let query = ActivityQuery::default().with_sort(Sort::OnTheirWay);
        assert_eq!(query.href(), "/activity?status=pending,publishing,retried");
        assert_eq!(read(&[("status", "pending,publishing,retried")]), query);
        assert_eq!(query.with_sort(Sort::All), ActivityQuery::default());
        let waiting = query.with_sort(Sort::WithCreators);
        assert_eq!(waiting.href(), "/activity?outcome=waiting_for_creator");
        assert!(waiting.is_sorted_by(Sort::WithCreators) && !waiting.is_sorted_by(Sort::All));
    }

    #[test]
    fn dead_letters_are_a_view_of_their_own_narrowed_by_reason() {
        let query = ActivityQuery::default().with_reason(Some(ErrorClass::MediaInvalid));
        assert_eq!(query.href(), "/activity?view=dead-letters&reason=media_invalid");
        assert_eq!(read(&[("view", "dead-letters"), ("reason", "media_invalid"), ("status", "success")]), query);
        let filter = query.filter();
        assert_eq!(
            (filter.status, filter.error_class),
            (DeliveryStatus::Failed.into(), Some(ErrorClass::MediaInvalid))
        );
        assert!(query.is_narrowed() && !ActivityQuery::of(View::DeadLetters).is_narrowed());
        assert_eq!(read(&[("reason", "media_invalid")]), ActivityQuery::default(), "a reason is no sort of deliveries");
    }
}

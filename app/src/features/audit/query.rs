//! The audit log as an address.

use crate::shared::query::{Href, offset, page_request};
use domain::{
    UserId,
    audit::{ActionFilter, AuditFilter, Moment},
};

/// Events on a page.
pub const PAGE: u32 = 25;

/// The path.
pub const PATH: &str = "/settings/audit";

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditQuery {
    pub actor: Option<UserId>,
    pub action: Option<ActionFilter>,
    pub subject: Option<uuid::Uuid>,
    pub from: Option<Moment>,
    pub to: Option<Moment>,
    pub offset: u32,
}

impl AuditQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            actor: get("actor").and_then(|word| word.parse().ok()),
            action: get("action").and_then(|word| word.parse().ok()),
            subject: get("subject").and_then(|word| word.parse().ok()),
            from: get("from").and_then(|word| word.parse().ok()),
            to: get("to").and_then(|word| word.parse().ok()),
            offset: offset(get("offset").as_deref()),
        }
    }

    fn with_filters(&self, href: Href) -> Href {
        href.with("actor", self.actor)
            .with("action", self.action.map(ActionFilter::as_str))
            .with("subject", self.subject)
            .with("from", self.from)
            .with("to", self.to)
    }

    /// The address without the page, to which pagination adds its own.
    pub fn href(&self) -> String {
        self.with_filters(Href::new(PATH)).build()
    }

    /// Everything under the filters as a file.
    pub fn csv(&self) -> String {
        self.with_filters(Href::new("/api/audit").with("format", Some("csv"))).build()
    }

    pub fn filter(&self) -> AuditFilter {
        AuditFilter {
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            from: self.from,
            to: self.to,
            page: page_request(PAGE, self.offset),
        }
    }

    pub fn is_narrowed(&self) -> bool {
        Self { offset: 0, ..self.clone() } != Self::default()
    }

    /// The same for one thing alone.
    #[must_use]
    pub fn of(subject: uuid::Uuid) -> Self {
        Self { subject: Some(subject), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let pairs = [("action", "post"), ("from", "2026-11-01"), ("to", "yesterday"), ("actor", "7"), ("offset", "25")];
        let query =
            AuditQuery::read(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()));
        assert_eq!(query.href(), "/settings/audit?action=post&from=2026-11-01");
        assert_eq!(query.csv(), "/api/audit?format=csv&action=post&from=2026-11-01");
        assert_eq!((query.offset, query.filter().page.offset), (25, Some(25)));
        assert!(query.is_narrowed() && !AuditQuery { offset: 25, ..AuditQuery::default() }.is_narrowed());
    }
}

//! What Facebook and Instagram share, being two faces of one Graph API: its calendar of versions, its lists and times, the
//! Pages that people reach, its errors, its upload host, and the messages it sends.

mod errors;
mod pages;
pub(crate) mod rupload;
pub(crate) mod signed_request;

use chrono::{DateTime, Utc};
use serde::Deserialize;

pub(crate) use errors::{GraphError, by_code, judge, without_code};
pub(crate) use pages::{ReachedPage, Unusable, reach};

use crate::settings::KnownVersion;

/// The version of the Graph API this program was written for.
pub(crate) const GRAPH_VERSION: &str = "v25.0";

/// The Graph API's calendar, oldest first.
pub(crate) const GRAPH_VERSIONS: &[KnownVersion] = &[
    KnownVersion { version: "v20.0", ends_on: Some((2026, 9, 24)) },
    KnownVersion { version: "v21.0", ends_on: Some((2027, 1, 21)) },
    KnownVersion { version: "v22.0", ends_on: Some((2027, 5, 20)) },
    KnownVersion { version: "v25.0", ends_on: Some((2028, 7, 29)) },
    // The newest; its end is not announced yet.
    KnownVersion { version: "v26.0", ends_on: None },
];

/// A list with cursors.
#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    /// Holds the access token: looked at for being there, never followed.
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl<T> List<T> {
    /// The cursor of the next page, if there is one.
    pub fn next(&self) -> Option<String> {
        let paging = self.paging.as_ref()?;
        paging.next.as_ref()?;
        paging.cursors.as_ref()?.after.clone()
    }
}

/// `2026-11-20T12:00:00+0000`: nearly RFC 3339.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z").ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-20T12:00:00+0000", Some("2026-11-20T12:00:00Z"))]
    #[case("2026-11-20T13:00:00+01:00", Some("2026-11-20T12:00:00Z"))]
    #[case("yesterday", None)]
    fn moments(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(moment(text), expected.map(|at| at.parse().unwrap()));
    }
}

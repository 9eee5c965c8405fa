//! Which lines of the connection log are wanted.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ConnectionEventType;
use crate::{
    error::{ServiceError, ServiceResult},
    page::PageRequest,
    posts::Bound,
};

/// Some kinds of events, each once; none named means any. Written with commas: `token_refreshed,token_expired`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionEventTypes(Vec<ConnectionEventType>);

impl ConnectionEventTypes {
    /// Whether every kind will do.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[ConnectionEventType] {
        &self.0
    }
}

impl FromIterator<ConnectionEventType> for ConnectionEventTypes {
    fn from_iter<I: IntoIterator<Item = ConnectionEventType>>(kinds: I) -> Self {
        let mut named: Vec<ConnectionEventType> = Vec::new();
        for kind in kinds {
            if !named.contains(&kind) {
                named.push(kind);
            }
        }
        Self(named)
    }
}

impl fmt::Display for ConnectionEventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(kind.as_str())?;
        }
        Ok(())
    }
}

/// A word that is no kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEventType;

impl fmt::Display for NoEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event type is one or more, with commas between them, of ")?;
        let all: ConnectionEventTypes = ConnectionEventType::ALL.into_iter().collect();
        f.write_str(&all.to_string().replace(',', ", "))
    }
}

impl std::error::Error for NoEventType {}

impl FromStr for ConnectionEventTypes {
    type Err = NoEventType;
    fn from_str(text: &str) -> Result<Self, NoEventType> {
        text.split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().map_err(|()| NoEventType))
            .collect()
    }
}

impl Serialize for ConnectionEventTypes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConnectionEventTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Which lines of an account's connection log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionEventFilter {
    pub event_type: ConnectionEventTypes,
    /// From here on; a day begins in the workspace's time zone.
    pub from: Option<Bound>,
    /// Up to here; a moment is not in it, a day is.
    pub to: Option<Bound>,
    #[serde(flatten)]
    pub page: PageRequest,
}

/// The first moment of a range and the first behind it; `None` where it is open.
pub type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl ConnectionEventFilter {
    /// Whether the workspace's zone says when its range begins or ends.
    pub fn needs_zone(&self) -> bool {
        [self.from, self.to].into_iter().flatten().any(Bound::needs_zone)
    }

    /// The range in a zone. A validation error of `to` where it ends before it has begun.
    pub fn span(&self, zone: Tz) -> ServiceResult<Span> {
        let (from, behind) = (self.from.map(|from| from.first(zone)), self.to.map(|to| to.behind(zone)));
        if from.zip(behind).is_some_and(|(from, behind)| from >= behind) {
            return Err(ServiceError::field("to", "The end must lie behind the beginning."));
        }
        Ok((from, behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(from: &str, to: &str) -> ConnectionEventFilter {
        ConnectionEventFilter { from: from.parse().ok(), to: to.parse().ok(), ..ConnectionEventFilter::default() }
    }

    #[test]
    fn several_kinds_by_their_words() {
        let some: ConnectionEventTypes = "token_refreshed, disconnected,,token_refreshed".parse().unwrap();
        assert_eq!(some.to_string(), "token_refreshed,disconnected");
        assert_eq!(some.as_slice(), [ConnectionEventType::TokenRefreshed, ConnectionEventType::Disconnected]);
        assert!("".parse::<ConnectionEventTypes>().unwrap().is_any() && !some.is_any());
        let wrong = "token_refreshed,renewed".parse::<ConnectionEventTypes>().unwrap_err();
        assert!(wrong.to_string().contains("authorization_initiated, authorization_success"), "{wrong}");
    }

    #[test]
    fn a_filter_goes_through_json_and_nothing_is_a_filter_as_well() {
        let nothing: ConnectionEventFilter = serde_json::from_str("{}").unwrap();
        assert_eq!(nothing, ConnectionEventFilter::default());
        let some = ConnectionEventFilter {
            event_type: [ConnectionEventType::TokenExpired].into_iter().collect(),
            page: PageRequest { limit: Some(10), offset: Some(20), cursor: None },
            ..filter("2026-11-26", "2026-11-27T07:00:00Z")
        };
        for filter in [nothing, some] {
            let json = serde_json::to_string(&filter).unwrap();
            assert_eq!(serde_json::from_str::<ConnectionEventFilter>(&json).unwrap(), filter, "{json}");
        }
    }

    #[test]
    fn days_are_the_zones_and_a_range_ends_behind_its_beginning() {
        let auckland: Tz = "Pacific/Auckland".parse().unwrap();
        let (from, behind) = filter("2026-11-26", "2026-11-26").span(auckland).unwrap();
        assert_eq!(from.unwrap().to_rfc3339(), "2026-11-25T11:00:00+00:00");
        assert_eq!(behind.unwrap().to_rfc3339(), "2026-11-26T11:00:00+00:00");
        assert_eq!(filter("", "").span(auckland).unwrap(), (None, None));
        // A day and a moment can be told apart in their zone only.
        let mixed = filter("2026-11-26", "2026-11-26T00:00:00Z");
        assert!(mixed.needs_zone() && mixed.span(auckland).is_ok());
        for wrong in [mixed.span(Tz::UTC), filter("2026-11-26", "2026-11-25").span(auckland)] {
            assert!(wrong.unwrap_err().fault.fields.get("to").is_some());
        }
    }
}

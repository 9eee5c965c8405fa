//! Which posts a list holds, and how many there would be under each of its filters.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{PostStatus, Visibility, schedule::day_start};
use crate::{
    error::{FieldErrors, ServiceResult},
    ids::{AccountId, UserId},
    page::PageRequest,
    platform::Platform,
    workspaces::Person,
};

/// Several states of a post with commas between, such as `scheduled,publishing`; none stand for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostStatuses(Vec<PostStatus>);

impl PostStatuses {
    /// Whether every state will do.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[PostStatus] {
        &self.0
    }

    /// Whether a post in that state is wanted.
    pub fn holds(&self, status: PostStatus) -> bool {
        self.is_any() || self.0.contains(&status)
    }
}

impl FromIterator<PostStatus> for PostStatuses {
    fn from_iter<I: IntoIterator<Item = PostStatus>>(statuses: I) -> Self {
        let mut named: Vec<PostStatus> = Vec::new();
        for status in statuses {
            if !named.contains(&status) {
                named.push(status);
            }
        }
        Self(named)
    }
}

impl From<PostStatus> for PostStatuses {
    fn from(status: PostStatus) -> Self {
        Self(vec![status])
    }
}

impl From<Option<PostStatus>> for PostStatuses {
    fn from(status: Option<PostStatus>) -> Self {
        status.into_iter().collect()
    }
}

impl fmt::Display for PostStatuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, status) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(status.as_str())?;
        }
        Ok(())
    }
}

/// A word that is no state of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoStatus;

impl fmt::Display for NoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: PostStatuses = PostStatus::ALL.into_iter().collect();
        write!(f, "choose from {}", all.to_string().replace(',', ", "))
    }
}

impl FromStr for PostStatuses {
    type Err = NoStatus;
    fn from_str(text: &str) -> Result<Self, NoStatus> {
        text.split(',').map(|word| word.trim().parse().map_err(|()| NoStatus)).collect()
    }
}

impl Serialize for PostStatuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PostStatuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(Self::default()) } else { text.parse().map_err(de::Error::custom) }
    }
}

/// An end of a range of time: a moment, or a whole day in the workspace's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Day(NaiveDate),
    Moment(DateTime<Utc>),
}

impl Bound {
    /// The first moment of a range that begins here.
    pub fn first(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day_start(day, zone),
            Self::Moment(at) => at,
        }
    }

    /// The first moment behind a range that ends here: a day is in it to its end.
    pub fn behind(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day_start(day + Days::new(1), zone),
            Self::Moment(at) => at,
        }
    }

    /// Whether the workspace's zone says when it is.
    pub const fn needs_zone(self) -> bool {
        matches!(self, Self::Day(_))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Moment(at) => f.write_str(&at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        }
    }
}

/// What is neither a day nor a moment, or lies out of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBound;

impl fmt::Display for NoBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("give a day such as 2026-11-26, or a time such as 2026-11-26T07:00:00Z")
    }
}

impl FromStr for Bound {
    type Err = NoBound;
    fn from_str(text: &str) -> Result<Self, NoBound> {
        let bound = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(day) => Self::Day(day),
            Err(_) => Self::Moment(DateTime::parse_from_rfc3339(text).map_err(|_| NoBound)?.to_utc()),
        };
        let year = match bound {
            Self::Day(day) => day.year(),
            Self::Moment(at) => at.year(),
        };
        // What the database can hold, with room for the arithmetic of zones.
        (1970..9_999).contains(&year).then_some(bound).ok_or(NoBound)
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The order of a list of posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PostSort {
    #[default]
    Newest,
    /// What fits the search best; the newest first without one. Goes by offset only.
    Relevance,
}

impl PostSort {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Relevance => "relevance",
        }
    }
}

impl fmt::Display for PostSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PostSort {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Newest, Self::Relevance].into_iter().find(|sort| sort.as_str() == text).ok_or(())
    }
}

/// Which posts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostFilter {
    pub status: PostStatuses,
    pub visibility: Option<Visibility>,
    /// Words of the text, the title, the link or a platform's own text; at most 100 characters.
    pub q: Option<String>,
    pub platform: Option<Platform>,
    /// Posts that go or went to this account.
    pub social_account_id: Option<AccountId>,
    pub author_id: Option<UserId>,
    /// The earliest time at which a post goes or went out; of one that does not, at which it was written.
    pub from: Option<Bound>,
    /// The latest; a moment is not in it, a day is.
    pub to: Option<Bound>,
    pub sort: PostSort,
    #[serde(flatten)]
    pub page: PageRequest,
}

impl PostFilter {
    /// What cannot be asked for, whatever there is.
    pub fn check(&self) -> ServiceResult<()> {
        let mut errors = FieldErrors::default();
        let backwards = match (self.from, self.to) {
            (Some(Bound::Day(from)), Some(Bound::Day(to))) => to < from,
            (Some(Bound::Moment(from)), Some(Bound::Moment(to))) => to < from,
            // A day and a moment can be told apart in their zone only.
            _ => false,
        };
        if backwards {
            errors.add("to", "The end of the range lies before its start.");
        }
        if self.sort == PostSort::Relevance && self.page.cursor.is_some() {
            errors.add("cursor", "Results by relevance have no cursor. Use offset.");
        }
        errors.into_result()
    }
}

/// How many posts stand in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusCount {
    pub status: PostStatus,
    pub posts: i64,
}

/// Somebody who has written posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthorCount {
    pub author: Person,
    pub posts: i64,
}

/// What a list of posts could be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostFacets {
    /// Under the same filter, but in any state.
    pub total: i64,
    /// The same by state; states without posts are left out.
    pub statuses: Vec<StatusCount>,
    /// All who have written posts in this workspace, those with most posts first; at most 100.
    pub authors: Vec<AuthorCount>,
}

impl PostFacets {
    pub fn of(&self, status: PostStatus) -> i64 {
        self.statuses.iter().find(|one| one.status == status).map_or(0, |one| one.posts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn several_states_by_their_words() {
        let some: PostStatuses = "scheduled, publishing,scheduled".parse().unwrap();
        assert_eq!(some.to_string(), "scheduled,publishing");
        assert!(some.holds(PostStatus::Scheduled) && !some.holds(PostStatus::Draft));
        assert!(PostStatuses::default().holds(PostStatus::Draft));
        assert!("scheduled,done".parse::<PostStatuses>().unwrap_err().to_string().contains("draft, pending_approval"));
    }

    #[rstest]
    #[case("2026-11-26", Some("2026-11-26"))]
    #[case("2026-11-26T07:00:00+01:00", Some("2026-11-26T06:00:00Z"))]
    #[case("2026-11-26T07:00", None)]
    #[case("2026-02-30", None)]
    #[case("1969-12-31", None)]
    #[case("+99999-01-01", None)]
    #[case("", None)]
    fn days_and_moments(#[case] text: &str, #[case] read: Option<&str>) {
        assert_eq!(text.parse::<Bound>().ok().map(|bound| bound.to_string()).as_deref(), read);
    }

    #[test]
    fn a_day_is_as_long_as_it_is() {
        let dublin: Tz = "Europe/Dublin".parse().unwrap();
        let hours = |day: &str| {
            let day: Bound = day.parse().unwrap();
            (day.behind(dublin) - day.first(dublin)).num_hours()
        };
        assert_eq!((hours("2027-03-27"), hours("2027-03-28"), hours("2027-10-31")), (24, 23, 25));
    }

    #[test]
    fn a_range_ends_behind_its_start() {
        let range = |from: &str, to: &str| {
            PostFilter { from: from.parse().ok(), to: to.parse().ok(), ..PostFilter::default() }.check()
        };
        assert!(range("2026-11-26", "2026-11-26").is_ok());
        assert!(range("2026-11-26", "2026-11-01").unwrap_err().fault.fields.get("to").is_some());
    }

    #[test]
    fn relevance_has_no_cursor() {
        let page = PageRequest { cursor: Some("x".into()), ..PageRequest::default() };
        let filter = PostFilter { sort: PostSort::Relevance, page, ..PostFilter::default() };
        assert!(filter.check().unwrap_err().fault.fields.get("cursor").is_some());
    }
}

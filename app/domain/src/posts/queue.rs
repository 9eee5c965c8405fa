//! The queue: weekly times at which posts go out, so that nobody has to pick one for each.
//!
//! Slots belong to the workspace, or to one account. A post for exactly one account that has slots of its own takes one of
//! those; every other post takes one of the workspace's. Which slot is free is decided when the post is saved, and the
//! database keeps two posts from taking the same one.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use chrono::{DateTime, Datelike as _, Days, NaiveDateTime, NaiveTime, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{MAX_SCHEDULE_DAYS, best_times::BestTime, schedule};
use crate::{
    actor::Actor,
    error::{FieldErrors, ServiceResult},
    ids::{AccountId, QueueSlotId},
};

/// Slots of one workspace, those of its accounts included.
pub const MAX_SLOTS: usize = 200;
/// As many free slots as can be asked for at once.
pub const MAX_FREE: u32 = 20;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// 1 for Monday to 7 for Sunday, as ISO 8601 counts.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.number() == number)
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Weekday {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|day| day.as_str() == text).ok_or(())
    }
}

/// A time of day, to the minute: `07:30`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotTime(NaiveTime);

impl SlotTime {
    /// Seconds are dropped.
    pub fn new(time: NaiveTime) -> Self {
        Self(NaiveTime::from_hms_opt(time.hour(), time.minute(), 0).unwrap_or_default())
    }

    pub const fn time(self) -> NaiveTime {
        self.0
    }
}

impl fmt::Display for SlotTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%H:%M"))
    }
}

/// What is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTime;

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time of day has hours and minutes, such as 07:30")
    }
}

impl FromStr for SlotTime {
    type Err = NoTime;
    fn from_str(text: &str) -> Result<Self, NoTime> {
        let digits = text.len() == 5
            && text.bytes().enumerate().all(|(i, b)| if i == 2 { b == b':' } else { b.is_ascii_digit() });
        if !digits {
            return Err(NoTime);
        }
        NaiveTime::parse_from_str(text, "%H:%M").map(Self).map_err(|_| NoTime)
    }
}

impl Serialize for SlotTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SlotTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A weekly time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueSlot {
    pub id: QueueSlotId,
    /// Whose it is; `None`: the workspace's.
    pub social_account_id: Option<AccountId>,
    pub weekday: Weekday,
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "07:30"))]
    pub time: SlotTime,
    /// IANA name; the slot keeps its place on the clock there.
    pub time_zone: String,
    pub created_at: DateTime<Utc>,
}

/// A weekly time to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewSlot {
    /// One account that publishes; the workspace when left out.
    #[serde(default)]
    pub social_account_id: Option<AccountId>,
    pub weekday: Weekday,
    /// `HH:MM`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "07:30"))]
    pub time: SlotTime,
    /// IANA name; the workspace's when left out.
    #[serde(default)]
    pub time_zone: Option<String>,
}

impl NewSlot {
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.time_zone.as_deref().is_some_and(|zone| schedule::zone(zone).is_none()) {
            errors.add("time_zone", schedule::UNKNOWN_ZONE);
        }
        errors
    }
}

/// A slot that a post could take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FreeSlot {
    pub at: DateTime<Utc>,
    /// As the clock on the wall shows it then.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "2026-11-26T07:30:00"))]
    pub local: NaiveDateTime,
    pub time_zone: String,
    /// Whose slot it is; `None`: the workspace's.
    pub social_account_id: Option<AccountId>,
}

impl FreeSlot {
    /// "Thu 26 Nov 2026, 07:30, Europe/Dublin".
    pub fn words(&self) -> String {
        format!("{}, {}", self.local.format("%a %-d %b %Y, %H:%M"), self.time_zone)
    }
}

/// Whose slots a post takes: its one account's, where that has any, else the workspace's.
pub fn scope(accounts: Option<&[AccountId]>, slots: &[QueueSlot]) -> Option<AccountId> {
    let [only] = accounts? else { return None };
    slots.iter().any(|slot| slot.social_account_id == Some(*only)).then_some(*only)
}

/// When the slots of a scope come round, from `now` on for as long as posts can be scheduled ahead; each moment once.
pub fn coming(slots: &[QueueSlot], scope: Option<AccountId>, now: DateTime<Utc>) -> Vec<FreeSlot> {
    let end = now + chrono::TimeDelta::days(MAX_SCHEDULE_DAYS);
    let mut coming: Vec<FreeSlot> = Vec::new();
    for slot in slots.iter().filter(|slot| slot.social_account_id == scope) {
        let Some(zone) = schedule::zone(&slot.time_zone) else { continue };
        let today = now.with_timezone(&zone).date_naive();
        let number = u64::from(slot.weekday.number() - 1);
        let ahead = (number + 7 - u64::from(today.weekday().num_days_from_monday())) % 7;
        // Today's may be over, or about to come again where clocks go back.
        let mut day = today + Days::new(ahead);
        loop {
            // On the night that skips it, it is as far behind the gap as it would have been in it.
            let at = schedule::resolve(day.and_time(slot.time.time()), zone).at();
            if at > end {
                break;
            }
            if at > now {
                let local = at.with_timezone(&zone).naive_local();
                coming.push(FreeSlot {
                    at,
                    local,
                    time_zone: slot.time_zone.clone(),
                    social_account_id: slot.social_account_id,
                });
            }
            day = day + Days::new(7);
        }
    }
    coming.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.time_zone.cmp(&b.time_zone)));
    coming.dedup_by_key(|slot| slot.at);
    coming
}

/// The queue of the actor's workspace. Reading: viewer. Changing: editor.
#[async_trait]
pub trait Queue: Send + Sync {
    /// The workspace's first, then by account; from Monday to Sunday.
    async fn slots(&self, actor: &Actor) -> ServiceResult<Vec<QueueSlot>>;

    /// `CONFLICT` when there is the same one, or when there are [`MAX_SLOTS`].
    async fn add(&self, actor: &Actor, slot: NewSlot) -> ServiceResult<QueueSlot>;

    /// Posts that have taken it keep their time.
    async fn remove(&self, actor: &Actor, id: QueueSlotId) -> ServiceResult<()>;

    /// The next free slots for a post to these accounts (`None`: to all that are active), soonest first.
    async fn free(&self, actor: &Actor, accounts: Option<Vec<AccountId>>, limit: u32) -> ServiceResult<Vec<FreeSlot>>;

    /// Times within a week at which a post to these accounts (`None`: to all that can take part) is likely to be seen,
    /// soonest first; by the clock of `zone` (`None`: the workspace's).
    async fn best_times(
        &self,
        actor: &Actor,
        accounts: Option<Vec<AccountId>>,
        zone: Option<String>,
    ) -> ServiceResult<Vec<BestTime>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn slot(account: Option<u128>, weekday: Weekday, time: &str, zone: &str) -> QueueSlot {
        QueueSlot {
            id: QueueSlotId(Uuid::nil()),
            social_account_id: account.map(|n| AccountId(Uuid::from_u128(n))),
            weekday,
            time: time.parse().unwrap(),
            time_zone: zone.to_owned(),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[rstest]
    #[case("07:30", true)]
    #[case("24:00", false)]
    #[case("7:30", false)]
    #[case("07:30:00", false)]
    #[case("+7:30", false)]
    #[case("é7:3", false)]
    fn times_of_day(#[case] text: &str, #[case] sound: bool) {
        assert_eq!(text.parse::<SlotTime>().is_ok(), sound);
    }

    #[test]
    fn days_have_their_numbers() {
        for day in Weekday::ALL {
            assert_eq!(Weekday::of_number(day.number()), Some(day));
            assert_eq!(day.as_str().parse(), Ok(day));
        }
        assert_eq!((Weekday::Sunday.number(), Weekday::of_number(0), Weekday::of_number(8)), (7, None, None));
    }

    #[test]
    fn a_slot_keeps_its_place_on_the_clock_through_the_year() {
        let slots = [slot(None, Weekday::Sunday, "01:30", "Europe/Dublin")];
        let coming = coming(&slots, None, at("2027-03-20T12:00:00Z"));
        let locals: Vec<_> = coming.iter().take(3).map(|slot| slot.local.to_string()).collect();
        // On the second of these, 01:30 does not exist.
        assert_eq!(locals, ["2027-03-21 01:30:00", "2027-03-28 02:30:00", "2027-04-04 01:30:00"]);
        assert_eq!(coming[2].at, at("2027-04-04T00:30:00Z"));
    }

    #[test]
    fn todays_slot_counts_until_it_is_over() {
        let slots = [slot(None, Weekday::Friday, "07:30", "UTC")];
        let first = |now| coming(&slots, None, at(now))[0].at;
        assert_eq!(first("2026-11-27T07:29:59Z"), at("2026-11-27T07:30:00Z"));
        assert_eq!(first("2026-11-27T07:30:00Z"), at("2026-12-04T07:30:00Z"));
    }

    #[test]
    fn one_account_with_slots_of_its_own() {
        let slots = [slot(None, Weekday::Monday, "09:00", "UTC"), slot(Some(1), Weekday::Tuesday, "10:00", "UTC")];
        let id = |n| AccountId(Uuid::from_u128(n));
        assert_eq!(scope(Some(&[id(1)]), &slots), Some(id(1)));
        assert_eq!(scope(Some(&[id(2)]), &slots), None);
        assert_eq!(scope(Some(&[id(1), id(2)]), &slots), None);
        assert_eq!(scope(None, &slots), None);
        let now = at("2026-11-27T12:00:00Z");
        assert_eq!(coming(&slots, Some(id(1)), now)[0].at, at("2026-12-01T10:00:00Z"));
        assert_eq!(coming(&slots, None, now)[0].at, at("2026-11-30T09:00:00Z"));
    }

    #[test]
    fn two_slots_at_one_moment_are_one() {
        let slots = [slot(None, Weekday::Monday, "09:00", "UTC"), slot(None, Weekday::Monday, "10:00", "Europe/Paris")];
        let now = at("2026-11-27T12:00:00Z");
        let mut moments: Vec<_> = coming(&slots, None, now).into_iter().map(|slot| slot.at).collect();
        assert_eq!(moments.first(), Some(&at("2026-11-30T09:00:00Z")));
        let all = moments.len();
        moments.dedup();
        assert_eq!(moments.len(), all);
    }

    proptest! {
        #[test]
        fn every_slot_comes_each_week_on_its_day(hour in 0u32..24, minute in 0u32..60, day in 0usize..7, index in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[index];
            let one = slot(None, Weekday::ALL[day], &format!("{hour:02}:{minute:02}"), zone.name());
            let now = at("2026-11-27T12:00:00Z");
            let coming = coming(std::slice::from_ref(&one), None, now);
            prop_assert!((51..=53).contains(&coming.len()), "{}", coming.len());
            for slot in &coming {
                prop_assert!(slot.at > now && slot.at <= now + chrono::TimeDelta::days(MAX_SCHEDULE_DAYS));
            }
            let as_called = |slot: &&FreeSlot| {
                slot.local.time() == one.time.time()
                    && slot.local.weekday().number_from_monday() == u32::from(one.weekday.number())
            };
            // A night or two of the year skip it.
            prop_assert!(coming.len() - coming.iter().filter(as_called).count() <= 2);
        }
    }
}

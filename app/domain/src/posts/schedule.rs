//! Wall-clock times and zones: what a person means by "07:00 in Dublin", also on the two odd nights of the year.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::MAX_SCHEDULE_DAYS;
use crate::error::FieldErrors;

/// The zone of that IANA name.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// What became of a wall-clock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It happens once.
    Plain(DateTime<Utc>),
    /// It happens twice, when clocks go back: the first is meant.
    Twice(DateTime<Utc>),
    /// It does not happen, when clocks go forward: the same distance after the gap is meant.
    Skipped(DateTime<Utc>),
}

impl Meaning {
    pub const fn at(self) -> DateTime<Utc> {
        match self {
            Self::Plain(at) | Self::Twice(at) | Self::Skipped(at) => at,
        }
    }
}

/// The moment of a wall-clock time in a zone.
pub fn resolve(local: NaiveDateTime, zone: Tz) -> Meaning {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Meaning::Plain(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Meaning::Twice(first.min(second).to_utc()),
        LocalResult::None => {
            // No gap is longer than a day (Samoa skipped one); step back to find the offset before it.
            let before = (1..=96).map(|quarter| local - Duration::minutes(15 * quarter)).find_map(|earlier| {
                zone.from_local_datetime(&earlier).latest().map(|at| at.to_utc() + (local - earlier))
            });
            Meaning::Skipped(before.unwrap_or_else(|| local.and_utc()))
        }
    }
}

/// A scheduled time lies in the future, but not too far.
pub fn check(at: DateTime<Utc>, now: DateTime<Utc>, errors: &mut FieldErrors) {
    if at <= now {
        errors.add("scheduled_at", "Pick a time in the future.");
    } else if at > now + Duration::days(MAX_SCHEDULE_DAYS) {
        errors.add("scheduled_at", "Pick a time within the next year.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        local(text).and_utc()
    }

    #[test]
    fn the_same_wall_clock_time_on_both_sides_of_a_change() {
        let dublin = zone("Europe/Dublin").unwrap();
        assert_eq!(resolve(local("2027-03-27 07:00"), dublin), Meaning::Plain(utc("2027-03-27 07:00")));
        assert_eq!(resolve(local("2027-03-28 07:00"), dublin), Meaning::Plain(utc("2027-03-28 06:00")));
    }

    #[test]
    fn a_time_that_does_not_happen_moves_behind_the_gap() {
        let dublin = zone("Europe/Dublin").unwrap();
        assert_eq!(resolve(local("2027-03-28 01:30"), dublin), Meaning::Skipped(utc("2027-03-28 01:30")));
        let new_york = zone("America/New_York").unwrap();
        assert_eq!(resolve(local("2027-03-14 02:30"), new_york), Meaning::Skipped(utc("2027-03-14 07:30")));
    }

    #[test]
    fn a_time_that_happens_twice_is_the_first() {
        let berlin = zone("Europe/Berlin").unwrap();
        assert_eq!(resolve(local("2026-10-25 02:30"), berlin), Meaning::Twice(utc("2026-10-25 00:30")));
    }

    proptest! {
        #[test]
        fn every_time_in_every_zone_means_something(minutes in 0i64..2_600_000, index in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[index];
            let wanted = local("2024-01-01 00:00") + Duration::minutes(minutes);
            match resolve(wanted, zone) {
                Meaning::Plain(at) | Meaning::Twice(at) => prop_assert_eq!(at.with_timezone(&zone).naive_local(), wanted),
                Meaning::Skipped(at) => prop_assert!(at.with_timezone(&zone).naive_local() > wanted),
            }
        }
    }
}

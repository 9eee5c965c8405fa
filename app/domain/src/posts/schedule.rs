//! Wall-clock times and zones: what a person means by "07:00 in Dublin", also on the two odd nights of the year.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::MAX_SCHEDULE_DAYS;
use crate::error::FieldErrors;

/// What is said of a name that is none of a zone.
pub const UNKNOWN_ZONE: &str = "This is not a time zone we know, such as Europe/Dublin.";

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

/// The first moment of a day. Where clocks go forward at midnight, the day begins later than it should.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut start = resolve(day.and_time(NaiveTime::MIN), zone).at();
    // A gap that begins before midnight ends on this day: its end is the start.
    while (start - Duration::minutes(15)).with_timezone(&zone).date_naive() >= day {
        start -= Duration::minutes(15);
    }
    start
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
    use chrono::Offset as _;
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

    /// The moments between 2026 and 2029 at which clocks are put forward or back in a zone, with the offsets before and
    /// after, seconds.
    fn changes(zone: Tz) -> Vec<(DateTime<Utc>, i32, i32)> {
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        let mut changes = Vec::new();
        let mut at = utc("2026-01-01 00:00");
        while at < utc("2029-01-01 00:00") {
            let next = at + Duration::days(1);
            if offset(at) != offset(next) {
                let (mut low, mut high) = (at, next);
                while high - low > Duration::seconds(1) {
                    let middle = low + (high - low) / 2;
                    if offset(middle) == offset(at) { low = middle } else { high = middle }
                }
                changes.push((high, offset(at), offset(next)));
            }
            at = next;
        }
        changes
    }

    #[test]
    fn at_every_change_of_every_zone_nothing_is_lost_and_nothing_comes_early() {
        let mut seen = 0;
        for zone in chrono_tz::TZ_VARIANTS {
            for (at, before, after) in changes(zone) {
                seen += 1;
                let wall = |at: DateTime<Utc>, offset: i32| at.naive_utc() + Duration::seconds(i64::from(offset));
                let (old, new) = (wall(at, before), wall(at, after));
                let length = new.signed_duration_since(old).abs();
                assert_eq!(
                    resolve(old.min(new) - Duration::minutes(1), zone).at(),
                    at - Duration::minutes(1) - if after < before { length } else { Duration::zero() },
                    "{zone} {at}"
                );
                for part in [Duration::zero(), length / 3, length - Duration::seconds(1)] {
                    let wanted = old.min(new) + part;
                    let meaning = resolve(wanted, zone);
                    if after > before {
                        assert_eq!(
                            meaning,
                            Meaning::Skipped(at + part),
                            "{zone} {wanted}: as far behind the gap as it is in it"
                        );
                        assert_eq!(meaning.at().with_timezone(&zone).naive_local(), wanted + length);
                    } else {
                        assert_eq!(meaning, Meaning::Twice(at - length + part), "{zone} {wanted}: the first of two");
                        assert_eq!((meaning.at() + length).with_timezone(&zone).naive_local(), wanted, "the second");
                    }
                }
                assert_eq!(
                    resolve(old.max(new), zone),
                    Meaning::Plain(at + if after > before { Duration::zero() } else { length }),
                    "{zone} {at}"
                );
            }
        }
        assert!(seen > 500, "{seen} changes were looked at");
    }

    proptest! {
        #[test]
        fn a_day_begins_where_the_one_before_it_ends(days in 0i64..1_800, index in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[index];
            let day = (local("2024-01-01 00:00") + Duration::days(days)).date();
            let start = day_start(day, zone);
            prop_assert_eq!(start.with_timezone(&zone).date_naive(), day);
            prop_assert!((start - Duration::seconds(1)).with_timezone(&zone).date_naive() < day);
        }

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

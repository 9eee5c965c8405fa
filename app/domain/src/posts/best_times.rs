//! When a post is likely to be seen: a hint for whoever picks a time.
//!
//! Until an account has figures of its own, all there is to go by are studies of many accounts, in the local time of
//! those who read ([`Publishing::lively`](crate::platform::Publishing)). What this workspace knows itself is what else goes
//! out: times close to another post of the same accounts are left out.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::schedule;
use crate::platform::Platform;

/// At most as many are suggested, each on another day.
pub const MAX_BEST_TIMES: usize = 3;
/// How far ahead is looked: each weekday comes round once.
const SPAN: TimeDelta = TimeDelta::days(7);
/// A post needs to be written first.
const SOONEST: TimeDelta = TimeDelta::minutes(30);
/// Nothing is suggested this close to another post of the same accounts.
const APART: TimeDelta = TimeDelta::hours(1);

/// A time at which many look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BestTime {
    pub at: DateTime<Utc>,
    /// As the clock on the wall shows it then.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "2026-11-26T09:00:00"))]
    pub local: NaiveDateTime,
    pub time_zone: String,
    /// Where people look then.
    pub platforms: Vec<Platform>,
}

/// Full hours of the week to come in which people look at `platforms`: the best hour of each day, those that serve most
/// platforms first chosen, soonest first. `taken`: what else the same accounts publish.
pub fn best_times(
    platforms: &BTreeSet<Platform>,
    taken: &[DateTime<Utc>],
    zone: Tz,
    now: DateTime<Utc>,
) -> Vec<BestTime> {
    let soonest = now + SOONEST;
    let span = soonest..soonest + SPAN;
    let today = now.with_timezone(&zone).date_naive();
    let mut days: Vec<BestTime> = (0..=8)
        .filter_map(|ahead| {
            let day = today.checked_add_days(Days::new(ahead))?;
            let hours = (0..24).filter_map(|hour| {
                let local = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
                let lively =
                    |one: &Platform| one.descriptor().publishing.as_ref().is_some_and(|it| it.is_lively(local));
                let platforms: Vec<Platform> = platforms.iter().copied().filter(lively).collect();
                let at = schedule::resolve(local, zone).at();
                let free = span.contains(&at) && taken.iter().all(|other| (*other - at).abs() >= APART);
                (free && !platforms.is_empty()).then(|| BestTime { at, local, time_zone: zone.to_string(), platforms })
            });
            // The first of those that are equally good.
            hours.rev().max_by_key(|time| time.platforms.len())
        })
        .collect();
    // The sort is stable: of days that are equally good the sooner one stays.
    days.sort_by_key(|time| std::cmp::Reverse(time.platforms.len()));
    days.truncate(MAX_BEST_TIMES);
    days.sort_by_key(|time| time.at);
    days
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A Friday morning in Dublin.
    fn now() -> DateTime<Utc> {
        at("2026-11-27T10:00:00Z")
    }

    fn suggested(platforms: &[Platform], taken: &[DateTime<Utc>], zone: Tz) -> Vec<String> {
        let platforms = platforms.iter().copied().collect();
        let times = best_times(&platforms, taken, zone, now());
        times.iter().map(|time| time.local.format("%a %-d %H:%M").to_string()).collect()
    }

    #[test]
    fn an_hour_that_serves_two_networks_comes_before_one_that_serves_one() {
        let both = [Platform::Facebook, Platform::Linkedin];
        assert_eq!(suggested(&both, &[], Tz::Europe__Dublin), ["Tue 1 09:00", "Wed 2 09:00", "Thu 3 08:00"]);
        let times = best_times(&both.into(), &[], Tz::Europe__Dublin, now());
        assert_eq!(times[0].platforms, both);
        assert_eq!(times[1].platforms, [Platform::Linkedin]);
    }

    #[test]
    fn the_clock_is_that_of_the_zone() {
        let times = best_times(&[Platform::Linkedin].into(), &[], Tz::America__New_York, now());
        assert_eq!(times[0].at, at("2026-12-01T14:00:00Z"));
        assert_eq!(times[0].time_zone, "America/New_York");
    }

    #[test]
    fn what_is_close_to_another_post_is_left_out() {
        let linkedin = [Platform::Linkedin];
        assert_eq!(suggested(&linkedin, &[], Tz::UTC), ["Tue 1 09:00", "Wed 2 09:00"]);
        assert_eq!(suggested(&linkedin, &[at("2026-12-01T09:59:00Z")], Tz::UTC), ["Wed 2 09:00"]);
        assert_eq!(suggested(&linkedin, &[at("2026-12-01T10:00:00Z")], Tz::UTC), ["Tue 1 09:00", "Wed 2 09:00"]);
    }

    #[test]
    fn where_nothing_is_published_nothing_is_suggested() {
        assert!(suggested(&[], &[], Tz::UTC).is_empty());
        assert!(suggested(&[Platform::GoogleAds], &[], Tz::UTC).is_empty());
    }

    proptest! {
        #[test]
        fn times_are_to_come_apart_and_in_order(
            minutes in 0_i64..600_000,
            taken in prop::collection::vec(0_i64..10_000, 0..20),
            zone in prop::sample::select(vec![Tz::UTC, Tz::Europe__Dublin, Tz::America__Santiago, Tz::Australia__Lord_Howe]),
        ) {
            let now = now() + TimeDelta::minutes(minutes);
            let taken: Vec<_> = taken.into_iter().map(|after| now + TimeDelta::minutes(after)).collect();
            let times = best_times(&Platform::ALL.into(), &taken, zone, now);
            prop_assert!(times.len() <= MAX_BEST_TIMES);
            prop_assert!(times.is_sorted_by_key(|time| time.at));
            for time in &times {
                prop_assert!(time.at >= now + SOONEST && time.at < now + SOONEST + SPAN);
                prop_assert!(taken.iter().all(|other| (*other - time.at).abs() >= APART));
                prop_assert!(!time.platforms.is_empty());
            }
        }
    }
}

//! Days as they are in a time zone: most have 24 hours, one in spring 23 and one in autumn 25, and in some zones an hour is
//! half as long that night. The calendar draws them as they are, so that what is dropped on an hour goes out in it.

use std::{fmt, str::FromStr};

use chrono::{
    DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, Offset as _, TimeDelta, TimeZone as _, Timelike as _,
    Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::schedule::day_start;

/// No zone's change or offset in force today is finer.
const STEP: TimeDelta = TimeDelta::minutes(15);

/// How much of the calendar is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarView {
    #[default]
    Month,
    Week,
    Day,
}

impl CalendarView {
    pub const ALL: [Self; 3] = [Self::Month, Self::Week, Self::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    /// The days that are shown around `date`: whole weeks from Monday, or the day alone.
    pub fn days(self, date: NaiveDate) -> Vec<NaiveDate> {
        match self {
            Self::Month => {
                let first = date.with_day(1).unwrap_or(date);
                let start = monday(first);
                let end = monday(first + Months::new(1) + Days::new(6));
                start.iter_days().take_while(|day| *day < end).collect()
            }
            Self::Week => monday(date).iter_days().take(7).collect(),
            Self::Day => vec![date],
        }
    }

    /// The date that the previous or the next sheet is turned to.
    pub fn turned(self, date: NaiveDate, forward: bool) -> NaiveDate {
        let turned = match (self, forward) {
            (Self::Month, true) => date.with_day(1).unwrap_or(date).checked_add_months(Months::new(1)),
            (Self::Month, false) => date.with_day(1).unwrap_or(date).checked_sub_months(Months::new(1)),
            (Self::Week, true) => date.checked_add_days(Days::new(7)),
            (Self::Week, false) => date.checked_sub_days(Days::new(7)),
            (Self::Day, true) => date.checked_add_days(Days::new(1)),
            (Self::Day, false) => date.checked_sub_days(Days::new(1)),
        };
        turned.unwrap_or(date)
    }
}

impl fmt::Display for CalendarView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CalendarView {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|view| view.as_str() == text).ok_or(())
    }
}

fn monday(date: NaiveDate) -> NaiveDate {
    date - Days::new(u64::from(date.weekday().num_days_from_monday()))
}

/// An hour of a day, as a clock on the wall counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// 0 to 23.
    pub hour: u8,
    /// Whether the same hour has been before on this day: clocks went back.
    pub again: bool,
    /// When it begins.
    pub at: DateTime<Utc>,
    /// The minute it begins at, 0 but for the rarest nights.
    pub minute: u8,
    /// How long it is, minutes.
    pub minutes: u8,
}

impl Hour {
    /// The moment in this hour that reads closest to `minute` past.
    pub fn moment(&self, minute: u32) -> DateTime<Utc> {
        let last = i64::from(self.minutes.max(1)) - 1;
        let into = (i64::from(minute) - i64::from(self.minute)).clamp(0, last);
        self.at + TimeDelta::minutes(into)
    }

    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.at <= at && at < self.at + TimeDelta::minutes(i64::from(self.minutes))
    }

    /// "07:00", "01:00 again".
    pub fn words(&self) -> String {
        let again = if self.again { " again" } else { "" };
        format!("{:02}:{:02}{again}", self.hour, self.minute)
    }
}

/// What clocks do on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockChange {
    /// What they would have shown.
    pub from: NaiveTime,
    /// What they show.
    pub to: NaiveTime,
    /// Forwards or backwards.
    pub forward: bool,
}

/// A day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    pub date: NaiveDate,
    /// Its first moment, and the first behind it.
    pub starts: DateTime<Utc>,
    pub ends: DateTime<Utc>,
    pub hours: Vec<Hour>,
    pub change: Option<ClockChange>,
}

impl CalendarDay {
    /// A day as it is in a zone.
    pub fn of(date: NaiveDate, zone: Tz) -> Self {
        let (starts, ends) = (day_start(date, zone), day_start(date + Days::new(1), zone));
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let mut hours: Vec<Hour> = Vec::with_capacity(25);
        let mut change = None;
        let mut before = offset(starts - STEP);
        let mut at = starts;
        while at < ends {
            let now = offset(at);
            let local = at.with_timezone(&zone).time();
            let hour = u8::try_from(local.hour()).unwrap_or_default();
            let changed = now != before;
            if changed {
                let gained = now.local_minus_utc() - before.local_minus_utc();
                let from = local - TimeDelta::seconds(i64::from(gained));
                change = Some(ClockChange { from, to: local, forward: gained > 0 });
            }
            match hours.last_mut() {
                Some(last) if last.hour == hour && !changed => last.minutes += 15,
                _ => {
                    let again = hours.iter().any(|earlier| earlier.hour == hour);
                    let minute = u8::try_from(local.minute()).unwrap_or_default();
                    hours.push(Hour { hour, again, at, minute, minutes: 15 });
                }
            }
            before = now;
            at += STEP;
        }
        Self { date, starts, ends, hours, change }
    }

    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.starts <= at && at < self.ends
    }

    /// The hour of that name, if the day has it.
    pub fn hour(&self, hour: u8, again: bool) -> Option<Hour> {
        self.hours.iter().copied().find(|one| one.hour == hour && one.again == again)
    }

    /// What clocks do on this day, in words; `None` on most.
    pub fn note(&self) -> Option<String> {
        let change = self.change?;
        let way = if change.forward { "forward" } else { "back" };
        let minutes = (self.ends - self.starts).num_minutes();
        let length = match (minutes / 60, minutes % 60) {
            (hours, 0) => format!("{hours} hours"),
            (hours, rest) => format!("{hours} hours and {rest} minutes"),
        };
        let (from, to) = (change.from.format("%H:%M"), change.to.format("%H:%M"));
        Some(format!("Clocks go {way} from {from} to {to}: this day has {length}."))
    }
}

/// The rows of a sheet of several days: every hour that one of them has, in order.
pub fn rows(days: &[CalendarDay]) -> Vec<(u8, bool)> {
    let mut rows: Vec<(u8, bool)> =
        days.iter().flat_map(|day| day.hours.iter().map(|hour| (hour.hour, hour.again))).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn day(text: &str, zone: &str) -> CalendarDay {
        CalendarDay::of(date(text), zone.parse().unwrap())
    }

    #[test]
    fn sheets_are_whole_weeks() {
        let month = CalendarView::Month.days(date("2026-11-26"));
        assert_eq!((month.len(), month[0], month[41]), (42, date("2026-10-26"), date("2026-12-06")));
        assert_eq!(CalendarView::Month.days(date("2027-02-10")).len(), 28, "a February of four weeks");
        let week = CalendarView::Week.days(date("2026-11-26"));
        assert_eq!((week[0], week[6]), (date("2026-11-23"), date("2026-11-29")));
        assert_eq!(CalendarView::Month.turned(date("2026-01-31"), true), date("2026-02-01"));
        assert_eq!(CalendarView::Month.turned(date("2026-01-31"), false), date("2025-12-01"));
        assert_eq!(CalendarView::Day.turned(date("2026-12-31"), true), date("2027-01-01"));
    }

    #[test]
    fn a_day_of_23_hours_lacks_the_one_that_is_skipped() {
        let spring = day("2027-03-28", "Europe/Dublin");
        assert_eq!(spring.hours.len(), 23);
        assert_eq!(spring.hour(1, false), None);
        assert_eq!(spring.note().as_deref(), Some("Clocks go forward from 01:00 to 02:00: this day has 23 hours."));
    }

    #[test]
    fn a_day_of_25_hours_has_one_twice() {
        let autumn = day("2026-10-25", "Europe/Berlin");
        assert_eq!(autumn.hours.len(), 25);
        let (first, second) = (autumn.hour(2, false).unwrap(), autumn.hour(2, true).unwrap());
        assert_eq!(second.at - first.at, TimeDelta::hours(1));
        assert_eq!(second.words(), "02:00 again");
        assert_eq!(autumn.note().as_deref(), Some("Clocks go back from 03:00 to 02:00: this day has 25 hours."));
        assert_eq!(rows(&[day("2026-10-24", "Europe/Berlin"), autumn]).len(), 25);
    }

    #[test]
    fn midnight_may_be_what_is_skipped() {
        let cairo = day("2026-04-24", "Africa/Cairo");
        assert_eq!((cairo.hours.len(), cairo.hours[0].hour), (23, 1));
        assert!(cairo.note().unwrap().starts_with("Clocks go forward from 00:00 to 01:00"));
    }

    #[test]
    fn half_an_hour_on_lord_howe() {
        let spring = day("2026-10-04", "Australia/Lord_Howe");
        let short = spring.hour(2, false).unwrap();
        assert_eq!((short.minute, short.minutes, short.words().as_str()), (30, 30, "02:30"));
        assert_eq!((short.moment(10), short.moment(45)), (short.at, short.at + TimeDelta::minutes(15)));
        assert!(spring.note().unwrap().ends_with("23 hours and 30 minutes."));
        let autumn = day("2026-04-05", "Australia/Lord_Howe");
        let again = autumn.hour(1, true).unwrap();
        assert_eq!((again.minute, again.minutes), (30, 30));
    }

    proptest! {
        /// In every zone, hours follow each other without gap or overlap and make up the day, and each reads as it is called.
        #[test]
        fn hours_make_up_the_day(days in 0u64..2_200, index in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[index];
            let day = CalendarDay::of(date("2024-01-01") + Days::new(days), zone);
            let mut at = day.starts;
            for hour in &day.hours {
                prop_assert_eq!(hour.at, at);
                let local = hour.at.with_timezone(&zone).naive_local();
                prop_assert_eq!((local.date(), local.hour(), local.minute()), (day.date, u32::from(hour.hour), u32::from(hour.minute)));
                prop_assert!(hour.holds(hour.moment(0)) && hour.holds(hour.moment(59)));
                at += TimeDelta::minutes(i64::from(hour.minutes));
            }
            prop_assert_eq!(at, day.ends);
            let length = (day.ends - day.starts).num_minutes();
            prop_assert_eq!(day.note().is_some(), length != 24 * 60, "{} in {}: {} minutes", day.date, zone, length);
            let names: std::collections::BTreeSet<_> = day.hours.iter().map(|hour| (hour.hour, hour.again)).collect();
            prop_assert_eq!(names.len(), day.hours.len(), "each hour can be told from the others");
        }
    }
}

//! A wall-clock time in words, also on the two odd nights of the year.

use super::server_fns::When;
use chrono::{DateTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use domain::{
    FieldErrors,
    posts::{
        MAX_SCHEDULE_DAYS,
        calendar::CalendarDay,
        schedule::{self, Meaning},
    },
};

/// What `local` means in the zone of that name.
pub fn explain(local: NaiveDateTime, zone_name: &str, now: DateTime<Utc>) -> Option<When> {
    let zone = schedule::zone(zone_name)?;
    // Years far off would overflow the arithmetic of zones; they are out of range anyway.
    let near = TimeDelta::days(MAX_SCHEDULE_DAYS + 2);
    if local < (now - near).naive_utc() || local > (now + near).naive_utc() {
        let past = local < now.naive_utc();
        let why = if past { "Pick a time in the future." } else { "Pick a time within the next year." };
        return Some(When { at: now, words: zone_name.to_owned(), warning: Some(why.to_owned()), refused: true });
    }
    let meaning = schedule::resolve(local, zone);
    let at = meaning.at();
    let there = at.with_timezone(&zone);
    let offset = offset_words(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc());
    let words = format!("{}, {zone_name} ({offset})", there.format("%a %-d %b %Y, %H:%M"));
    let mut errors = FieldErrors::default();
    schedule::check(at, now, &mut errors);
    let refusal = errors.get("scheduled_at").map(str::to_owned);
    let refused = refusal.is_some();
    let day = local.format("%-d %b %Y");
    let warning = refusal.or_else(|| match meaning {
        Meaning::Plain(_) => None,
        Meaning::Twice(_) => Some(format!(
            "Clocks go back on {day}: {} happens twice. The first one is meant ({offset}).",
            local.format("%H:%M")
        )),
        Meaning::Skipped(_) => Some(format!(
            "Clocks go forward on {day}: {} does not exist. The post goes out at {}.",
            local.format("%H:%M"),
            there.format("%H:%M")
        )),
    });
    Some(When { at, words, warning, refused })
}

/// What clocks do on the day of a scheduled post, and which of two it is where its time comes twice; `None` on most days.
pub fn note(at: DateTime<Utc>, local: NaiveDateTime, zone_name: &str) -> Option<String> {
    let zone = schedule::zone(zone_name)?;
    let day = CalendarDay::of(local.date(), zone).note()?;
    let Meaning::Twice(first) = schedule::resolve(local, zone) else { return Some(day) };
    let which = if at == first { "first" } else { "second" };
    let offset = offset_words(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc());
    Some(format!("{day} {} comes twice; this is the {which} ({offset}).", local.format("%H:%M")))
}

/// "GMT+0", "GMT-5", "GMT+5:30".
fn offset_words(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    match minutes % 60 {
        0 => format!("GMT{sign}{}", minutes / 60),
        rest => format!("GMT{sign}{}:{rest:02}", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn explained(text: &str, zone: &str) -> When {
        explain(local(text), zone, local("2026-09-01 00:00").and_utc()).unwrap()
    }

    #[test]
    fn an_ordinary_time() {
        let when = explained("2026-11-26 07:00", "Europe/Dublin");
        assert_eq!(when.words, "Thu 26 Nov 2026, 07:00, Europe/Dublin (GMT+0)");
        assert_eq!((when.warning, when.refused), (None, false));
        assert_eq!(
            explained("2026-11-26 07:00", "Asia/Kolkata").words,
            "Thu 26 Nov 2026, 07:00, Asia/Kolkata (GMT+5:30)"
        );
        assert_eq!(explained("2026-11-26 07:00", "America/New_York").at, local("2026-11-26 12:00").and_utc());
    }

    #[test]
    fn clock_changes_are_told() {
        let skipped = explained("2027-03-28 01:30", "Europe/Dublin");
        assert_eq!(
            skipped.warning.as_deref(),
            Some("Clocks go forward on 28 Mar 2027: 01:30 does not exist. The post goes out at 02:30.")
        );
        let twice = explained("2026-10-25 02:30", "Europe/Berlin");
        assert_eq!(
            twice.warning.as_deref(),
            Some("Clocks go back on 25 Oct 2026: 02:30 happens twice. The first one is meant (GMT+2).")
        );
        assert!(!skipped.refused && !twice.refused);
    }

    #[test]
    fn a_scheduled_post_tells_of_its_odd_day() {
        let told = |at: &str, zone: &str| {
            let at: DateTime<Utc> = at.parse().unwrap();
            note(at, at.with_timezone(&schedule::zone(zone).unwrap()).naive_local(), zone)
        };
        assert_eq!(told("2026-11-26T07:00:00Z", "Europe/Dublin"), None);
        let spring = "Clocks go forward from 01:00 to 02:00: this day has 23 hours.";
        assert_eq!(told("2027-03-28T06:00:00Z", "Europe/Dublin").as_deref(), Some(spring));
        let twice = |at: &str| told(at, "Europe/Berlin").unwrap();
        assert!(twice("2026-10-25T00:30:00Z").ends_with("02:30 comes twice; this is the first (GMT+2)."));
        assert!(twice("2026-10-25T01:30:00Z").ends_with("02:30 comes twice; this is the second (GMT+1)."));
        assert!(twice("2026-10-25T11:30:00Z").ends_with("this day has 25 hours."));
    }

    #[test]
    fn the_past_is_refused_and_so_is_no_zone() {
        let past = explained("2026-08-31 07:00", "Europe/Dublin");
        assert_eq!((past.warning.as_deref(), past.refused), (Some("Pick a time in the future."), true));
        let far = explain(NaiveDateTime::MAX, "Europe/Dublin", local("2026-09-01 00:00").and_utc()).unwrap();
        assert_eq!((far.warning.as_deref(), far.refused), (Some("Pick a time within the next year."), true));
        assert!(explain(NaiveDateTime::MIN, "Europe/Dublin", local("2026-09-01 00:00").and_utc()).unwrap().refused);
        assert_eq!(explain(local("2026-11-26 07:00"), "Mars/Olympus", DateTime::UNIX_EPOCH), None);
    }
}

//! Time as people say it: "8 minutes ago", ticking, exact on hover.
//!
//! Server and browser must write the same words, so both take "now" from a [`Clock`] in the context. The shell writes
//! the server's into `<html data-now="…">` (RFC 3339); the browser starts from it and ticks after hydration. Words in
//! the browser's own time zone come only on hover, when nothing has to agree any more.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};
use leptos::{prelude::*, web_sys};
use std::time::Duration;
use wasm_bindgen::JsCast as _;

/// What time it is, for everything on the page.
#[derive(Clone, Copy)]
pub struct Clock {
    now: RwSignal<DateTime<Utc>>,
}

impl Clock {
    /// A clock that stands still.
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self { now: RwSignal::new(now) }
    }

    /// Changes every ten seconds in a browser.
    pub fn now(self) -> Signal<DateTime<Utc>> {
        self.now.into()
    }

    /// Looks at the browser's clock at once: what came in since the last tick would lie ahead of it. Browser only, and not before the
    /// whole page has been built over what the server drew for its own time.
    pub fn refresh(self) {
        if document().document_element().is_some_and(|html| html.has_attribute("data-hydrated")) {
            let _unmounted = self.now.try_set(browser_now());
        }
    }
}

/// Once, high in the tree. The server hands over its clock's time; the browser reads the same from `<html data-now>`
/// and then follows its own clock.
pub fn provide_clock(server_now: Option<DateTime<Utc>>) -> Clock {
    let start = server_now.unwrap_or_else(page_now);
    let clock = Clock { now: RwSignal::new(start) };
    provide_context(clock);
    Effect::new(move |_| {
        let tick = move || clock.refresh();
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(10)) {
            on_cleanup(move || handle.clear());
        }
    });
    clock
}

/// The clock above, or the page's start where none was provided.
pub fn use_clock() -> Clock {
    use_context::<Clock>().unwrap_or_else(|| Clock { now: RwSignal::new(page_now()) })
}

/// The moment that the server wrote into the page.
fn page_now() -> DateTime<Utc> {
    if cfg!(feature = "ssr") {
        return DateTime::UNIX_EPOCH;
    }
    document()
        .document_element()
        .and_then(|html| html.get_attribute("data-now"))
        .and_then(|now| DateTime::parse_from_rfc3339(&now).ok())
        .map_or_else(browser_now, |now| now.to_utc())
}

fn browser_now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64 for 292 million years")]
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

/// How much room the words have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// "8 minutes ago", "in 2 hours", "yesterday", "3 Mar".
    #[default]
    Long,
    /// "8 min", "in 2 h", "1 d": in dense rows.
    Short,
}

/// The distance from `now` to `at` in words; dates instead from a week on.
pub fn relative_words(at: DateTime<Utc>, now: DateTime<Utc>, style: TimeStyle) -> String {
    let distance = at - now;
    let ahead = distance > TimeDelta::zero();
    let seconds = distance.num_seconds().abs();
    let long = style == TimeStyle::Long;
    // Clocks differ by a little; nothing that has happened lies seconds ahead.
    if seconds < 5 || (!ahead && seconds < 45) {
        return if long { "just now" } else { "now" }.to_owned();
    }
    let (count, unit, short) = match seconds {
        0..60 => (seconds, "second", "s"),
        60..3_600 => (seconds / 60, "minute", "min"),
        3_600..86_400 => (seconds / 3_600, "hour", "h"),
        86_400..604_800 => (seconds / 86_400, "day", "d"),
        _ => return date_words(at.date_naive(), now.date_naive()),
    };
    // 45 to 59 seconds ago reads best as the minute it nearly is.
    let (count, unit, short) = if !ahead && unit == "second" { (1, "minute", "min") } else { (count, unit, short) };
    if long && unit == "day" && count == 1 {
        return if ahead { "tomorrow" } else { "yesterday" }.to_owned();
    }
    let words =
        if long { format!("{count} {unit}{}", if count == 1 { "" } else { "s" }) } else { format!("{count} {short}") };
    match (ahead, long) {
        (true, _) => format!("in {words}"),
        (false, true) => format!("{words} ago"),
        (false, false) => words,
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month(at: NaiveDate) -> &'static str {
    MONTHS.into_iter().nth(at.month0() as usize).unwrap_or_default()
}

/// "3 Mar", with the year where it is another.
fn date_words(at: NaiveDate, now: NaiveDate) -> String {
    let (day, month, year) = (at.day(), month(at), at.year());
    if year == now.year() { format!("{day} {month}") } else { format!("{day} {month} {year}") }
}

/// "20 Nov 2026, 10:13 UTC". By hand: every page says times, and chrono's patterns would be read anew for each.
pub fn exact_words(at: DateTime<Utc>) -> String {
    let date = at.date_naive();
    format!("{} {} {}, {:02}:{:02} UTC", date.day(), month(date), date.year(), at.hour(), at.minute())
}

/// A moment, in words that follow the clock. The exact time is in the title, in the reader's own zone once hovered.
#[component]
pub fn RelativeTime(
    at: DateTime<Utc>,
    #[prop(optional)] style: TimeStyle,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    // The clock itself, which outlives every page: a view on its way out may still be asked for its words.
    let now = use_clock().now;
    view! {
        <time
            datetime=at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            title=exact_words(at)
            class=class
            on:pointerenter=move |event| {
                if let Some(el) = event.current_target().and_then(|el| el.dyn_into::<web_sys::Element>().ok()) {
                    let _read_only = el.set_attribute("title", &local_words(at));
                }
            }
        >
            {move || relative_words(at, now.get(), style)}
        </time>
    }
    .into_any()
}

/// The exact moment as the browser's own language and zone write it.
fn local_words(at: DateTime<Utc>) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are exact in a double until the year 287396"
    )]
    let date = js_sys::Date::new(&(at.timestamp_millis() as f64).into());
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "long")] {
        let _plain_object = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    date.to_locale_string("en-GB", &options).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seconds: i64, style: TimeStyle) -> String {
        let now = DateTime::parse_from_rfc3339("2026-11-20T10:21:00Z").unwrap().to_utc();
        relative_words(now + TimeDelta::seconds(seconds), now, style)
    }

    #[test]
    fn past() {
        let long = |s: i64| words(-s, TimeStyle::Long);
        assert_eq!(long(0), "just now");
        assert_eq!(long(44), "just now");
        assert_eq!(long(45), "1 minute ago");
        assert_eq!(long(119), "1 minute ago");
        assert_eq!(long(480), "8 minutes ago");
        assert_eq!(long(3_599), "59 minutes ago");
        assert_eq!(long(3_600), "1 hour ago");
        assert_eq!(long(7_200), "2 hours ago");
        assert_eq!(long(86_400), "yesterday");
        assert_eq!(long(3 * 86_400), "3 days ago");
        assert_eq!(long(8 * 86_400), "12 Nov");
        assert_eq!(long(400 * 86_400), "16 Oct 2025");
    }

    #[test]
    fn future() {
        let long = |s: i64| words(s, TimeStyle::Long);
        assert_eq!(long(3), "just now");
        assert_eq!(long(8), "in 8 seconds");
        assert_eq!(long(60), "in 1 minute");
        assert_eq!(long(86_400), "tomorrow");
        assert_eq!(long(6 * 86_400), "in 6 days");
        assert_eq!(long(60 * 86_400), "19 Jan 2027");
    }

    #[test]
    fn short() {
        let short = |s: i64| words(s, TimeStyle::Short);
        assert_eq!(short(0), "now");
        assert_eq!(short(8), "in 8 s");
        assert_eq!(short(14 * 60), "in 14 min");
        assert_eq!(short(-38 * 60), "38 min");
        assert_eq!(short(-7_200), "2 h");
        assert_eq!(short(-86_400), "1 d");
    }

    #[test]
    fn exact() {
        let at = DateTime::parse_from_rfc3339("2026-11-02T08:05:59+01:00").unwrap().to_utc();
        assert_eq!(exact_words(at), "2 Nov 2026, 07:05 UTC");
    }
}

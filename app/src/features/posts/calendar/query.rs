//! The calendar as an address.

use crate::shared::query::Href;
use chrono::{Datelike as _, NaiveDate};
use domain::posts::calendar::CalendarView;

/// What the address says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalendarQuery {
    pub view: CalendarView,
    /// `None`: today.
    pub date: Option<NaiveDate>,
}

impl CalendarQuery {
    /// Reads an address; what makes no sense is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let date = get("date").and_then(|text| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok());
        Self {
            view: get("view").and_then(|word| word.parse().ok()).unwrap_or_default(),
            // Further off there is nothing, and the arithmetic of days ends.
            date: date.filter(|date| (1970..9_990).contains(&date.year())),
        }
    }

    pub fn href(self) -> String {
        let view = (self.view != CalendarView::default()).then_some(self.view);
        Href::new("/calendar").with("view", view).with("date", self.date).build()
    }

    /// The address of a view around a date.
    pub fn at(view: CalendarView, date: NaiveDate) -> String {
        Self { view, date: Some(date) }.href()
    }
}

/// "November 2026", "23–29 November 2026", "Thursday 26 November 2026".
pub fn heading(view: CalendarView, date: NaiveDate) -> String {
    match view {
        CalendarView::Month => date.format("%B %Y").to_string(),
        CalendarView::Day => date.format("%A %-d %B %Y").to_string(),
        CalendarView::Week => {
            let days = view.days(date);
            let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
            let from = match (first.year() == last.year(), first.month() == last.month()) {
                (false, _) => first.format("%-d %B %Y"),
                (true, false) => first.format("%-d %B"),
                (true, true) => first.format("%-d"),
            };
            format!("{from}–{}", last.format("%-d %B %Y"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_round_trips_and_nonsense_is_left_out() {
        let read = |view: &str, date: &str| {
            let (view, date) = (view.to_owned(), date.to_owned());
            CalendarQuery::read(|key| Some(if key == "view" { view.clone() } else { date.clone() }))
        };
        assert_eq!(read("week", "2026-11-26").href(), "/calendar?view=week&date=2026-11-26");
        assert_eq!(read("year", "2026-02-30").href(), "/calendar");
        assert_eq!(read("day", "9999-12-31").href(), "/calendar?view=day");
        assert_eq!(CalendarQuery::at(CalendarView::Month, date("2026-11-01")), "/calendar?date=2026-11-01");
    }

    #[test]
    fn headings() {
        assert_eq!(heading(CalendarView::Month, date("2026-11-26")), "November 2026");
        assert_eq!(heading(CalendarView::Day, date("2026-11-26")), "Thursday 26 November 2026");
        assert_eq!(heading(CalendarView::Week, date("2026-11-26")), "23–29 November 2026");
        assert_eq!(heading(CalendarView::Week, date("2026-12-01")), "30 November–6 December 2026");
        assert_eq!(heading(CalendarView::Week, date("2026-12-31")), "28 December 2026–3 January 2027");
    }
}

//! Where on a sheet something is: on a day, or in an hour of it.

use crate::features::posts::server_fns::{CalendarPost, CalendarSheet};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use domain::posts::{
    PostStatus,
    calendar::{CalendarDay, CalendarView, Hour, rows},
};

/// A cell of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Counted from the first day of the sheet.
    pub day: usize,
    /// The row, counted from the top; `None` where a day is one cell.
    pub row: Option<usize>,
}

impl Place {
    /// As it stands in the page: "3", "3.14".
    pub fn key(self) -> String {
        match self.row {
            Some(row) => format!("{}.{row}", self.day),
            None => self.day.to_string(),
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once('.') {
            Some((day, row)) => Some(Self { day: day.parse().ok()?, row: Some(row.parse().ok()?) }),
            None => Some(Self { day: key.parse().ok()?, row: None }),
        }
    }
}

/// The cells of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    pub view: CalendarView,
    pub days: Vec<CalendarDay>,
    /// The hours, from the top; none where a day is one cell.
    pub rows: Vec<(u8, bool)>,
}

/// A way to go on the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Left,
    Right,
    Up,
    Down,
}

impl Step {
    pub fn of_key(key: &str) -> Option<Self> {
        match key {
            "ArrowLeft" => Some(Self::Left),
            "ArrowRight" => Some(Self::Right),
            "ArrowUp" => Some(Self::Up),
            "ArrowDown" => Some(Self::Down),
            _ => None,
        }
    }
}

impl Sheet {
    pub fn of(sheet: &CalendarSheet) -> Self {
        let rows = if sheet.view == CalendarView::Month { Vec::new() } else { rows(&sheet.days) };
        Self { view: sheet.view, days: sheet.days.clone(), rows }
    }

    /// The hour of a cell; `None` where the day has no such hour, and where a day is one cell.
    pub fn hour(&self, place: Place) -> Option<Hour> {
        let (hour, again) = *self.rows.get(place.row?)?;
        self.days.get(place.day)?.hour(hour, again)
    }

    /// Whether there is such a cell, and time in it.
    pub fn exists(&self, place: Place) -> bool {
        place.day < self.days.len()
            && (place.row.is_none() == self.rows.is_empty())
            && (place.row.is_none() || self.hour(place).is_some())
    }

    /// The cell of a moment.
    pub fn place_of(&self, at: DateTime<Utc>) -> Option<Place> {
        let day = self.days.iter().position(|day| day.holds(at))?;
        if self.rows.is_empty() {
            return Some(Place { day, row: None });
        }
        let hour = self.days.get(day)?.hours.iter().find(|hour| hour.holds(at))?;
        let row = self.rows.iter().position(|row| *row == (hour.hour, hour.again))?;
        Some(Place { day, row: Some(row) })
    }

    /// The cell one step on, past hours that the day does not have; `None` at the edge.
    pub fn step(&self, from: Place, step: Step) -> Option<Place> {
        let columns = if self.view == CalendarView::Day { 1 } else { 7 };
        let mut to = from;
        loop {
            to = match (step, to.row) {
                (Step::Left, _) => Place { day: to.day.checked_sub(1)?, ..to },
                (Step::Right, _) => Place { day: to.day + 1, ..to },
                (Step::Up, None) => Place { day: to.day.checked_sub(columns)?, ..to },
                (Step::Down, None) => Place { day: to.day + columns, ..to },
                (Step::Up, Some(row)) => Place { row: Some(row.checked_sub(1)?), ..to },
                (Step::Down, Some(row)) => Place { row: Some(row + 1), ..to },
            };
            if to.day >= self.days.len() || to.row.is_some_and(|row| row >= self.rows.len()) {
                return None;
            }
            if self.exists(to) {
                return Some(to);
            }
        }
    }

    /// Whether all of a cell lies behind.
    pub fn is_past(&self, place: Place, now: DateTime<Utc>) -> bool {
        match (place.row, self.hour(place)) {
            (None, _) => self.days.get(place.day).is_none_or(|day| day.ends <= now),
            (Some(_), Some(hour)) => hour.at + TimeDelta::minutes(i64::from(hour.minutes)) <= now,
            (Some(_), None) => true,
        }
    }

    /// "Thursday 26 November", "Thursday 26 November, 07:00".
    pub fn words(&self, place: Place) -> String {
        let day = self.days.get(place.day).map(|day| day.date.format("%A %-d %B").to_string()).unwrap_or_default();
        match self.hour(place) {
            Some(hour) => format!("{day}, {}", hour.words()),
            None => day,
        }
    }

    /// The wall-clock time to write a post for in a cell: the start of its hour, or nine in the morning. Today the next full hour,
    /// where that is gone.
    pub fn writing_time(&self, place: Place, now: DateTime<Utc>) -> Option<NaiveDateTime> {
        let day = self.days.get(place.day)?;
        if let Some(row) = place.row {
            let hour = self.hour(Place { row: Some(row), ..place })?;
            return day.date.and_hms_opt(u32::from(hour.hour), u32::from(hour.minute), 0);
        }
        let nine = day.hours.iter().find(|hour| hour.hour >= 9 && hour.at > now);
        let hour = nine.or_else(|| day.hours.iter().find(|hour| hour.at > now))?;
        day.date.and_hms_opt(u32::from(hour.hour), u32::from(hour.minute), 0)
    }

    /// Where a post goes that is put in a cell.
    pub fn target(&self, post: &CalendarPost, to: Place) -> Option<Target> {
        if to.row.is_some() {
            let minute = post.time.get(3..5).and_then(|minute| minute.parse().ok()).unwrap_or(0);
            let at = self.hour(to)?.moment(minute);
            return Some(Target { at: Some(at), local: None, shown: self.shown(at, to, post)? });
        }
        let date = self.days.get(to.day)?.date;
        let days = date - post.day;
        let local = post.post.scheduled_local? + days;
        let shown = CalendarPost { day: date, ..post.clone() };
        let shown =
            CalendarPost { post: domain::posts::PostSummary { at: post.post.at + days, ..shown.post }, ..shown };
        Some(Target { at: None, local: Some(local), shown })
    }

    fn shown(&self, at: DateTime<Utc>, to: Place, post: &CalendarPost) -> Option<CalendarPost> {
        let hour = self.hour(to)?;
        let start = NaiveTime::from_hms_opt(u32::from(hour.hour), u32::from(hour.minute), 0)?;
        let time = (start + (at - hour.at)).format("%H:%M").to_string();
        let day: NaiveDate = self.days.get(to.day)?.date;
        Some(CalendarPost { post: domain::posts::PostSummary { at, ..post.post.clone() }, day, time })
    }
}

/// What putting a post in a cell means: one of the two times, and how it looks until the server has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub at: Option<DateTime<Utc>>,
    /// In the post's own zone.
    pub local: Option<NaiveDateTime>,
    pub shown: CalendarPost,
}

/// Whether a post can be moved: it waits for its time.
pub fn is_movable(post: &CalendarPost) -> bool {
    post.post.status == PostStatus::Scheduled && post.post.scheduled_local.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        PostId, UserId,
        deliveries::DeliveryCounts,
        posts::{PostSummary, Visibility},
        workspaces::Person,
    };

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn sheet(view: CalendarView, date: &str, zone: &str) -> Sheet {
        let date: NaiveDate = date.parse().unwrap();
        let days: Vec<_> = view.days(date).into_iter().map(|day| CalendarDay::of(day, zone.parse().unwrap())).collect();
        let rows = if view == CalendarView::Month { Vec::new() } else { rows(&days) };
        Sheet { view, days, rows }
    }

    fn post(moment: &str, local: &str, day: &str, time: &str) -> CalendarPost {
        CalendarPost {
            post: PostSummary {
                id: PostId(uuid::Uuid::nil()),
                title: None,
                excerpt: "Plum".into(),
                visibility: Visibility::Scheduled,
                status: PostStatus::Scheduled,
                author: Person { id: UserId(uuid::Uuid::nil()), name: String::new() },
                platforms: vec![],
                thumbnail_url: None,
                media_count: 0,
                publishes_at: None,
                at: at(moment),
                scheduled_local: local.parse().ok(),
                time_zone: Some("Europe/Dublin".into()),
                version: 1,
                deliveries: DeliveryCounts::default(),
                created_at: DateTime::UNIX_EPOCH,
            },
            day: day.parse().unwrap(),
            time: time.to_owned(),
        }
    }

    #[test]
    fn places_are_written_and_read() {
        for place in [Place { day: 3, row: None }, Place { day: 6, row: Some(24) }] {
            assert_eq!(Place::parse(&place.key()), Some(place));
        }
        assert_eq!(Place::parse("x.1"), None);
    }

    #[test]
    fn an_hour_that_comes_twice_has_two_places() {
        let week = sheet(CalendarView::Week, "2026-10-25", "Europe/Berlin");
        assert_eq!(week.rows.len(), 25);
        let (first, second) =
            (week.place_of(at("2026-10-25T00:30:00Z")).unwrap(), week.place_of(at("2026-10-25T01:30:00Z")).unwrap());
        assert_eq!((first.day, second.day), (6, 6));
        assert_eq!(second.row, first.row.map(|row| row + 1));
        assert_eq!(week.words(second), "Sunday 25 October, 02:00 again");
        // The other days have no such hour: one passes by it.
        let saturday = Place { day: 5, row: first.row };
        assert_eq!(week.step(saturday, Step::Down), Some(Place { day: 5, row: first.row.map(|row| row + 2) }));
        assert_eq!(week.step(second, Step::Left), None);
        // Moving a post into the second keeps its minute.
        let moved =
            week.target(&post("2026-10-24T10:20:00Z", "2026-10-24T12:20:00", "2026-10-24", "12:20"), second).unwrap();
        assert_eq!((moved.at, moved.shown.time.as_str()), (Some(at("2026-10-25T01:20:00Z")), "02:20"));
    }

    #[test]
    fn an_hour_that_is_skipped_has_no_place() {
        let day = sheet(CalendarView::Day, "2027-03-28", "Europe/Dublin");
        assert_eq!(day.rows.len(), 23);
        let week = sheet(CalendarView::Week, "2027-03-28", "Europe/Dublin");
        assert_eq!(week.rows.len(), 24);
        let skipped = Place { day: 6, row: Some(1) };
        assert!(!week.exists(skipped) && week.is_past(skipped, DateTime::UNIX_EPOCH));
        assert_eq!(week.step(Place { day: 6, row: Some(0) }, Step::Down), Some(Place { day: 6, row: Some(2) }));
    }

    #[test]
    fn a_month_moves_by_days_and_keeps_the_clock() {
        let month = sheet(CalendarView::Month, "2027-03-10", "Europe/Dublin");
        let one = post("2027-03-27T07:00:00Z", "2027-03-27T07:00:00", "2027-03-27", "07:00");
        let from = month.place_of(one.post.at).unwrap();
        let to = month.step(from, Step::Right).unwrap();
        let target = month.target(&one, to).unwrap();
        assert_eq!((target.at, target.local.unwrap().to_string().as_str()), (None, "2027-03-28 07:00:00"));
        assert_eq!((target.shown.day.to_string().as_str(), target.shown.time.as_str()), ("2027-03-28", "07:00"));
        assert_eq!(month.step(Place { day: 0, row: None }, Step::Up), None);
        assert_eq!(month.step(Place { day: month.days.len() - 1, row: None }, Step::Right), None);
    }

    #[test]
    fn a_free_place_is_written_for() {
        let now = at("2026-11-26T10:20:00Z");
        let month = sheet(CalendarView::Month, "2026-11-26", "Europe/Dublin");
        let time = |day: &str| {
            let day = month.days.iter().position(|one| one.date.to_string() == day).unwrap();
            month.writing_time(Place { day, row: None }, now).map(|time| time.to_string())
        };
        assert_eq!(time("2026-11-27").as_deref(), Some("2026-11-27 09:00:00"));
        assert_eq!(time("2026-11-26").as_deref(), Some("2026-11-26 11:00:00"));
        assert_eq!(time("2026-11-25"), None);
    }
}

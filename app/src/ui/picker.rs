//! When: a date, a time and the zone they are meant in.
//!
//! The browser's own date and time inputs carry the value, so a form without script sends it; the script adds a
//! calendar beside them. Weeks begin on Monday, the zone is always said, days that are gone are out of reach. What a
//! clock change makes doubtful is for the page to explain, in `warning`: it is not refused.

use super::button::{ButtonSize, ButtonVariant, IconButton, icon_button_class};
use super::class::cx;
use super::field::Field;
use super::icon::{Glyph, icon};
use super::menu::PANEL;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use leptos::{ev::KeyboardEvent, html, prelude::*, web_sys};
use tailwind_rs_macros::classes;
use wasm_bindgen::JsCast as _;

const CONTROL: &str = classes! {
    base: "h-8 min-w-0 rounded-lg border bg-surface px-3 text-base text-text tabular-nums touch:h-12 touch:text-md",
    state: "border-field aria-invalid:border-danger-solid disabled:cursor-not-allowed disabled:border-border disabled:bg-sunken disabled:text-subtle",
};

/// A date and a time in a named zone.
#[component]
pub fn DateTimePicker(
    /// Root of the ids; the date's input has it.
    #[prop(into)]
    id: String,
    #[prop(default = "Goes out".into(), into)] label: String,
    /// "2026-11-26".
    date: RwSignal<String>,
    /// "07:00".
    time: RwSignal<String>,
    /// The zone as people know it: "Europe/Dublin (GMT+0)".
    #[prop(into)]
    zone: Signal<String>,
    /// The day it is there, and the first that can be chosen: "2026-11-20".
    #[prop(into)]
    today: Signal<String>,
    /// Names in the form; `<id>-date` and `<id>-time` without them.
    #[prop(optional, into)]
    date_name: Option<String>,
    #[prop(optional, into)] time_name: Option<String>,
    /// More than the zone, below: "in 5 days and 20 hours".
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional, into)] warning: MaybeProp<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let note = format!("{id}-note");
    let time_id = format!("{id}-time");
    let time_label = format!("{label}, time");
    let panel = format!("{id}-calendar");
    let (panel_id, panel_target) = (panel.clone(), panel);
    let date_name = date_name.unwrap_or_else(|| format!("{id}-date"));
    let time_name = time_name.unwrap_or_else(|| time_id.clone());
    let (described_by, time_described_by) = (note.clone(), note);
    let below = Signal::derive(move || {
        Some(match hint.get() {
            Some(hint) => format!("{}, {hint}", zone.get()),
            None => zone.get(),
        })
    });
    let wrong = move || error.read().as_ref().is_some_and(|text| !text.is_empty());
    let doubt = move || warning.read().as_ref().is_some_and(|text| !text.is_empty());
    let edge = move || if doubt() && !wrong() { "border-warning-solid" } else { "" };
    let date_node = NodeRef::<html::Input>::new();
    let time_node = NodeRef::<html::Input>::new();
    super::field::follow_input(date_node, date);
    super::field::follow_input(time_node, time);
    let (first_date, first_time) = (date.get_untracked(), time.get_untracked());
    let input_id = id.clone();
    view! {
        <Field id label hint=below error warning>
            <div data-ui="date-time-picker" class="flex gap-2">
                <span class="relative min-w-0 flex-1">
                    <input
                        node_ref=date_node
                        id=input_id
                        name=date_name
                        type="date"
                        class=move || cx(&[CONTROL, PICKER, "w-full pr-10 touch:pr-13", edge()])
                        value=first_date
                        min=move || today.get()
                        disabled=move || disabled.get()
                        aria-describedby=described_by
                        aria-invalid=move || wrong().then_some("true")
                        on:input=move |event| date.set(event_target_value(&event))
                    />
                    // The calendar is the script's; without one the browser's own picker stays.
                    <span class="absolute inset-y-0 right-1 flex items-center [html:not([data-hydrated])_&]:hidden">
                        <button
                            data-ui="icon-button"
                            type="button"
                            class=icon_button_class(ButtonVariant::Ghost, ButtonSize::Small, "")
                            aria-label="Choose a day"
                            aria-haspopup="dialog"
                            popovertarget=panel_target
                            disabled=move || disabled.get()
                        >
                            {icon(Glyph::Calendar, "size-4")}
                        </button>
                        <div
                            id=panel_id
                            popover="auto"
                            role="dialog"
                            aria-label="Choose a day"
                            class=cx(&[PANEL, "w-76 p-3"])
                            on:toggle=move |event| super::menu::opened(&event, false)
                        >
                            <Calendar value=date today/>
                        </div>
                    </span>
                </span>
                <input
                    node_ref=time_node
                    id=time_id
                    name=time_name
                    type="time"
                    class=move || cx(&[CONTROL, "w-26 shrink-0", edge()])
                    value=first_time
                    disabled=move || disabled.get()
                    aria-label=time_label
                    aria-describedby=time_described_by
                    aria-invalid=move || wrong().then_some("true")
                    on:input=move |event| time.set(event_target_value(&event))
                />
            </div>
        </Field>
    }
    .into_any()
}

/// Hides the browser's own calendar button where ours stands.
const PICKER: &str = "[html[data-hydrated]_&::-webkit-calendar-picker-indicator]:hidden";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_name(date: NaiveDate) -> &'static str {
    MONTHS.get(date.month0() as usize).copied().unwrap_or_default()
}

fn month_start(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// The days that a month's sheet shows: whole weeks from Monday, all of the month in them.
fn sheet(month: NaiveDate) -> Vec<NaiveDate> {
    let first = month_start(month);
    let start = first - Days::new(u64::from(first.weekday().num_days_from_monday()));
    let next = first + Months::new(1);
    let tail = (7 - u64::from(next.weekday().num_days_from_monday())) % 7;
    start.iter_days().take_while(|day| *day < next + Days::new(tail)).collect()
}

fn parse(date: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()
}

/// A month to choose a day from. Arrow keys move by day and week, Page Up and Down by month, Home and End to the
/// week's ends.
#[component]
pub fn Calendar(
    /// The chosen day, "2026-11-26"; empty for none.
    value: RwSignal<String>,
    /// The day it is; earlier ones are out of reach.
    #[prop(into)]
    today: Signal<String>,
) -> impl IntoView {
    let today = Memo::new(move |_| parse(&today.read()).unwrap_or_default());
    let chosen = Memo::new(move |_| parse(&value.read()));
    // The day that the keyboard is at, which also says which month shows.
    let at = RwSignal::new(chosen.get_untracked().unwrap_or_else(|| today.get_untracked()));
    Effect::new(move |_| {
        if let Some(day) = chosen.get() {
            at.set(day);
        }
    });
    let choose = move |day: NaiveDate| {
        if day >= today.get_untracked() {
            value.set(day.to_string());
        }
    };
    let turn = move |months: i32| {
        at.update(|at| {
            let step = Months::new(months.unsigned_abs());
            let to = if months < 0 { *at - step } else { *at + step };
            *at = to.max(today.get_untracked());
        });
    };
    let node = NodeRef::<html::Table>::new();
    let keys = move |event: KeyboardEvent| {
        let from = at.get_untracked();
        let weekday = u64::from(from.weekday().num_days_from_monday());
        let to = match event.key().as_str() {
            "ArrowRight" => from + Days::new(1),
            "ArrowLeft" => from - Days::new(1),
            "ArrowDown" => from + Days::new(7),
            "ArrowUp" => from - Days::new(7),
            "Home" => from - Days::new(weekday),
            "End" => from + Days::new(6 - weekday),
            "PageDown" => from + Months::new(1),
            "PageUp" => from - Months::new(1),
            _ => return,
        };
        event.prevent_default();
        at.set(to.max(today.get_untracked()));
        // The sheet is drawn anew in this turn when the month changes; the day can take the focus in the next.
        request_animation_frame(move || {
            let day = node.get_untracked().and_then(|table| table.query_selector("button[tabindex='0']").ok().flatten());
            if let Some(day) = day.and_then(|day| day.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _detached = day.focus();
            }
        });
    };
    let heading = move || {
        let month = at.get();
        format!("{} {}", month_name(month), month.year())
    };
    let first = Memo::new(move |_| month_start(at.get()));
    let weeks = move || {
        let month = first.get();
        sheet(month)
            .chunks(7)
            .map(|week| {
                let days = week.iter().map(|day| calendar_day(*day, month, today, chosen, at, choose)).collect_view();
                view! { <tr>{days}</tr> }
            })
            .collect_view()
    };
    view! {
        <div data-ui="calendar">
            <div class="flex items-center justify-between">
                <IconButton
                    icon=Glyph::ChevronLeft
                    label="Previous month"
                    size=ButtonSize::Small
                    disabled=Signal::derive(move || first.get() <= month_start(today.get()))
                    on_click=move |_| turn(-1)
                />
                <p class="text-sm font-semibold" aria-live="polite">{heading}</p>
                <IconButton icon=Glyph::ChevronRight label="Next month" size=ButtonSize::Small on_click=move |_| turn(1)/>
            </div>
            <table node_ref=node class="mt-2 w-full table-fixed" aria-label=heading on:keydown=keys>
                <thead>
                    <tr>
                        {["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
                            .map(|day| view! { <th scope="col" class="h-7 text-xs font-medium text-muted">{day}</th> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>{weeks}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn calendar_day(
    day: NaiveDate,
    month: NaiveDate,
    today: Memo<NaiveDate>,
    chosen: Memo<Option<NaiveDate>>,
    at: RwSignal<NaiveDate>,
    choose: impl Fn(NaiveDate) + Copy + 'static,
) -> AnyView {
    let outside = day.month() != month.month();
    let gone = move || day < today.get();
    let is_chosen = Memo::new(move |_| chosen.get() == Some(day));
    let is_today = move || day == today.get();
    view! {
        <td class="p-0 text-center">
            <button
                type="button"
                aria-label=format!("{} {} {}", day.day(), month_name(day), day.year())
                aria-pressed=move || is_chosen.get().then_some("true")
                aria-current=move || is_today().then_some("date")
                aria-disabled=move || gone().then_some("true")
                tabindex=move || if at.get() == day && !outside { "0" } else { "-1" }
                class=move || {
                    let look = if is_chosen.get() {
                        "bg-primary font-medium text-on-primary"
                    } else if gone() {
                        "cursor-not-allowed text-subtle"
                    } else if outside {
                        "text-subtle hover:bg-hover"
                    } else {
                        "text-text hover:bg-hover"
                    };
                    cx(&["relative size-8 rounded-lg text-sm tabular-nums touch:h-11 touch:w-full", look])
                }
                on:click=move |_| choose(day)
            >
                {day.day()}
                <span
                    class="absolute inset-x-2.5 bottom-1 h-0.5 rounded-full bg-accent"
                    hidden=move || !is_today() || is_chosen.get()
                ></span>
            </button>
        </td>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Weekday;

    #[test]
    fn a_sheet_is_whole_weeks_around_its_month() {
        let mut month = parse("2024-01-01").unwrap();
        for _ in 0..60 {
            let days = sheet(month);
            assert_eq!(days.len() % 7, 0, "{month}");
            assert_eq!(days.first().unwrap().weekday(), Weekday::Mon, "{month}");
            assert_eq!(days.last().unwrap().weekday(), Weekday::Sun, "{month}");
            assert!(days.contains(&month) && days.contains(&(month + Months::new(1) - Days::new(1))), "{month}");
            assert!(days.len() <= 42, "{month}");
            month = month + Months::new(1);
        }
        let november = sheet(parse("2026-11-26").unwrap());
        assert_eq!(november.first().unwrap().to_string(), "2026-10-26");
        assert_eq!(november.last().unwrap().to_string(), "2026-12-06");
        assert_eq!(sheet(parse("2027-02-01").unwrap()).len(), 28);
    }
}

//! When: a date, a time and the zone they are meant in.
//!
//! The browser's own date and time inputs carry the value, so a form without script sends it; the script adds a
//! calendar beside them. Weeks begin on Monday, the zone is always said, days that are gone are out of reach. What a
//! clock change makes doubtful is for the page to explain, in `warning`: it is not refused.

use super::button::{ButtonSize, ButtonVariant, IconButton, button_class};
use super::class::cx;
use super::field::Field;
use super::icon::{Glyph, icon};
use super::menu::PANEL;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use leptos::{ev::KeyboardEvent, html, prelude::*, web_sys};
use tailwind_rs_macros::classes;
use wasm_bindgen::JsCast as _;

const NATIVE: &str = classes! {
    base: "h-8 min-w-0 rounded-lg border bg-surface px-3 text-base text-text tabular-nums touch:h-12 touch:text-md",
    state: "border-field aria-invalid:border-danger-solid disabled:cursor-not-allowed disabled:border-border disabled:bg-sunken disabled:text-subtle",
};
const SHOWN: &str = classes! {
    base: "flex h-8 w-full items-center gap-2 rounded-lg border bg-surface px-3 text-left text-base text-text tabular-nums touch:h-12 touch:text-md",
    state: "disabled:cursor-not-allowed disabled:border-border disabled:bg-sunken disabled:text-subtle",
};

/// A date and a time in a named zone.
///
/// Without a script, the browser's own two inputs. With one they stay as the form's values behind a button that shows
/// both and opens a calendar with the time below.
#[component]
pub fn DateTimePicker(
    /// Root of the ids; the button has it.
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
    let panel = format!("{id}-panel");
    let (panel_target, panel_id) = (panel.clone(), panel.clone());
    let date_name = date_name.unwrap_or_else(|| format!("{id}-date"));
    let time_name = time_name.unwrap_or_else(|| format!("{id}-time"));
    let (date_label, time_label, panel_label) =
        (format!("{label}, date"), format!("{label}, time"), format!("{label}: date and time"));
    let (day_described_by, clock_described_by) = (note.clone(), note.clone());
    let below = Signal::derive(move || {
        Some(match hint.get() {
            Some(hint) => format!("{}, {hint}", zone.get()),
            None => zone.get(),
        })
    });
    let wrong = move || error.read().as_ref().is_some_and(|text| !text.is_empty()).then_some("true");
    let edge = move || {
        let doubt = warning.read().as_ref().is_some_and(|text| !text.is_empty());
        if wrong().is_some() {
            "border-danger-solid"
        } else if doubt {
            "border-warning-solid"
        } else {
            "border-field"
        }
    };
    let date_node = NodeRef::<html::Input>::new();
    let time_node = NodeRef::<html::Input>::new();
    super::field::follow_input(date_node, date);
    super::field::follow_input(time_node, time);
    let (first_date, first_time) = (date.get_untracked(), time.get_untracked());
    let words = Signal::derive(move || moment_words(&date.read(), &time.read()));
    let (button_id, label_id) = (id.clone(), format!("{id}-label"));
    let labelled_by = format!("{label_id} {id}");
    view! {
        <Field id label hint=below error warning label_id>
            <div data-ui="date-time-picker">
                <div class="flex gap-2 [html[data-hydrated]_&]:hidden">
                    <input
                        node_ref=date_node
                        name=date_name
                        type="date"
                        class=cx(&[NATIVE, "flex-1"])
                        value=first_date
                        min=move || today.get()
                        disabled=move || disabled.get()
                        aria-label=date_label
                        aria-describedby=day_described_by
                        aria-invalid=wrong
                        on:input=move |event| date.set(event_target_value(&event))
                    />
                    <input
                        node_ref=time_node
                        name=time_name
                        type="time"
                        class=cx(&[NATIVE, "shrink-0"])
                        value=first_time
                        disabled=move || disabled.get()
                        aria-label=time_label
                        aria-describedby=clock_described_by
                        aria-invalid=wrong
                        on:input=move |event| time.set(event_target_value(&event))
                    />
                </div>
                <button
                    id=button_id
                    type="button"
                    class=move || cx(&[SHOWN, "[html:not([data-hydrated])_&]:hidden", edge()])
                    aria-labelledby=labelled_by
                    aria-describedby=note
                    aria-haspopup="dialog"
                    popovertarget=panel_target
                    disabled=move || disabled.get()
                >
                    {icon(Glyph::Calendar, "size-4 text-muted")}
                    <span class="truncate">{move || words.get()}</span>
                </button>
                <div
                    data-ui="date-time-panel"
                    id=panel_id
                    popover="auto"
                    role="dialog"
                    aria-label=panel_label
                    class=cx(&[PANEL, "w-76"])
                    on:toggle=move |event| {
                        super::menu::opened(&event, false);
                    }
                >
                    {panel_body(panel, date, time, zone, today)}
                </div>
            </div>
        </Field>
    }
    .into_any()
}

/// Calendar, time, zone, and the moment in words.
pub(super) fn panel_body(
    id: String,
    date: RwSignal<String>,
    time: RwSignal<String>,
    zone: Signal<String>,
    today: Signal<String>,
) -> AnyView {
    let time_id = format!("{id}-time");
    let (for_id, zone_id) = (time_id.clone(), format!("{id}-zone"));
    let described_by = zone_id.clone();
    view! {
        <div class="p-3">
            <Calendar value=date today/>
        </div>
        <div class="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-2.5 gap-y-1.5 border-t border-border p-3">
            <label for=for_id class="text-sm font-medium">"Time"</label>
            <span class="text-sm font-medium">"Zone"</span>
            <span class="relative">
                <span class="pointer-events-none absolute inset-y-0 left-3 flex items-center text-muted">
                    {icon(Glyph::Clock, "size-4")}
                </span>
                <input
                    id=time_id
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    maxlength="5"
                    class=cx(&[NATIVE, "w-full pr-2 pl-9"])
                    aria-describedby=described_by
                    value=time.get_untracked()
                    prop:value=move || time.get()
                    on:change=move |event| {
                        let typed = event_target_value(&event);
                        match parse_time(&typed) {
                            Some(parsed) => time.set(parsed),
                            // Not a time: what was there stands again.
                            None => time.notify(),
                        }
                    }
                />
            </span>
            <span id=zone_id class="flex items-center text-sm text-muted">{move || zone.get()}</span>
        </div>
        <div class="flex items-center justify-between gap-2 border-t border-border p-3">
            <span class="text-sm text-muted tabular-nums" aria-live="polite">
                {move || moment_words(&date.read(), &time.read())}
            </span>
            <button
                type="button"
                class=button_class(ButtonVariant::Primary, ButtonSize::Small, "")
                popovertarget=id
                popovertargetaction="hide"
            >
                "Done"
            </button>
        </div>
    }
    .into_any()
}

/// "Thu 26 Nov 2026, 07:00", or what is still to be chosen.
fn moment_words(date: &str, time: &str) -> String {
    match (parse(date), time.is_empty()) {
        (None, _) => "Choose a day and a time".to_owned(),
        (Some(day), true) => format!("{}, choose a time", day.format("%a %-d %b %Y")),
        (Some(day), false) => format!("{}, {time}", day.format("%a %-d %b %Y")),
    }
}

/// A time as people type it ("7", "7:30", "0730", "19.05") as "HH:MM".
fn parse_time(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let (hours, minutes) = match typed.split_once([':', '.', ' ']) {
        Some(parts) => parts,
        None if typed.len() <= 2 => (typed, "0"),
        None => typed.split_at_checked(typed.len().checked_sub(2)?)?,
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| format!("{hours:02}:{minutes:02}"))
}

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
            let day =
                node.get_untracked().and_then(|table| table.query_selector("button[tabindex='0']").ok().flatten());
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
    fn times_as_people_type_them() {
        let time = |typed| parse_time(typed);
        assert_eq!(time("7").as_deref(), Some("07:00"));
        assert_eq!(time(" 07:30 ").as_deref(), Some("07:30"));
        assert_eq!(time("730").as_deref(), Some("07:30"));
        assert_eq!(time("1905").as_deref(), Some("19:05"));
        assert_eq!(time("19.05").as_deref(), Some("19:05"));
        assert_eq!(time("24:00"), None);
        assert_eq!(time("7:60"), None);
        assert_eq!(time(""), None);
        assert_eq!(time("noon"), None);
        assert_eq!(time("é7"), None);
    }

    #[test]
    fn moments_in_words() {
        assert_eq!(moment_words("2026-11-26", "07:00"), "Thu 26 Nov 2026, 07:00");
        assert_eq!(moment_words("2026-11-26", ""), "Thu 26 Nov 2026, choose a time");
        assert_eq!(moment_words("", "07:00"), "Choose a day and a time");
    }

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

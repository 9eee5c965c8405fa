//! Months, weeks and days as a grid. Arrow keys go from cell to cell, Enter writes a post for one; a post in it is a link that can be
//! picked up.

use super::{
    moving::{By, Moving, long_words, name},
    place::{Place, Sheet, Step, is_movable},
    query::CalendarQuery,
};
use crate::{
    features::posts::server_fns::{CalendarPost, CalendarSheet},
    session::use_session,
    shared::{
        query::Href,
        words::{mark, post_status},
    },
    ui::{CalendarEvent, Glyph, MarkSize, PlatformMark, cx, icon, use_clock},
};
use chrono::Datelike as _;
use domain::posts::calendar::{CalendarDay, CalendarView};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
    web_sys,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::collections::HashMap;
use wasm_bindgen::JsCast as _;

/// As many posts as a day of a month shows.
const IN_MONTH: usize = 4;

/// Id of the words that say how posts are moved.
pub const HELP: &str = "calendar-help";

/// What the cells share.
#[derive(Clone, Copy)]
struct Cells {
    sheet: StoredValue<Sheet>,
    by_place: Memo<HashMap<Place, Vec<CalendarPost>>>,
    moving: Moving,
    /// Writes a post for a cell, where that can be.
    write: Callback<Place>,
    may_write: bool,
    /// The cell that Tab comes to.
    at: RwSignal<Place>,
    /// Where a post would be put down.
    to: Memo<Option<Place>>,
    /// The cell that is now, and how much of it has passed.
    now: Memo<Option<(Place, i64)>>,
}

/// The address that writes a post for a time on the wall.
pub fn compose_href(local: chrono::NaiveDateTime) -> String {
    Href::new("/compose").with("at", Some(local.format("%Y-%m-%dT%H:%M"))).build()
}

/// The sheet.
pub fn grid(
    drawn: &CalendarSheet,
    sheet: &Sheet,
    posts: RwSignal<Vec<CalendarPost>>,
    moving: Moving,
    may_write: bool,
) -> AnyView {
    let kept = StoredValue::new(sheet.clone());
    let by_place = Memo::new(move |_| {
        let mut places: HashMap<Place, Vec<CalendarPost>> = HashMap::new();
        kept.with_value(|sheet| {
            for post in posts.read().iter() {
                if let Some(place) = sheet.place_of(post.post.at) {
                    places.entry(place).or_default().push(post.clone());
                }
            }
        });
        places
    });
    let today = drawn.days.iter().position(|day| day.date == drawn.today);
    let start = Place {
        day: today.or_else(|| drawn.days.iter().position(|day| day.date == drawn.date)).unwrap_or(0),
        row: (!sheet.rows.is_empty()).then_some(9),
    };
    let at = RwSignal::new(if sheet.exists(start) { start } else { Place { row: start.row.map(|_| 0), ..start } });
    let clock = use_clock();
    let now = Memo::new(move |_| {
        let now = clock.now().get();
        kept.with_value(|sheet| {
            let place = sheet.place_of(now)?;
            let into = sheet
                .hour(place)
                .map_or(0, |hour| (now - hour.at).num_minutes() * 100 / i64::from(hour.minutes.max(1)));
            Some((place, into))
        })
    });
    let to = Memo::new(move |_| moving.held.get().and_then(|held| held.to));
    let navigate = use_navigate();
    let write = Callback::new(move |place: Place| {
        let present = clock.now().get_untracked();
        let local = kept.with_value(|sheet| {
            (may_write && !sheet.is_past(place, present)).then(|| sheet.writing_time(place, present)).flatten()
        });
        if let Some(local) = local {
            navigate(&compose_href(local), NavigateOptions::default());
        }
    });
    let cells = Cells { sheet: kept, by_place, moving, write, may_write, at, to, now };
    let node = NodeRef::<html::Table>::new();
    let keys = move |event: KeyboardEvent| cell_key(&event, cells, node);
    let label = format!("Calendar, {}", super::query::heading(drawn.view, drawn.date));
    let content = if sheet.view == CalendarView::Month { month(drawn, cells) } else { hours(drawn, sheet, cells) };
    // The night is seldom looked at: the morning is at the top.
    let holder = NodeRef::<html::Div>::new();
    let is_month = sheet.view == CalendarView::Month;
    Effect::new(move |_| {
        if let Some(holder) = holder.get().filter(|_| !is_month) {
            let row = holder.query_selector("[data-hour='7']").ok().flatten();
            if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
                holder.set_scroll_top(row.offset_top() - 56);
            }
        }
    });
    view! {
        <div
            data-sheet
            node_ref=holder
            tabindex=(!is_month).then_some("-1")
            class=if is_month {
                "rounded-lg border border-border bg-surface max-md:hidden"
            } else {
                "max-h-[calc(100dvh-14.5rem)] overflow-y-auto rounded-lg border border-border bg-surface max-md:hidden"
            }
        >
            <table role="grid" node_ref=node aria-label=label class="w-full table-fixed border-separate border-spacing-0" on:keydown=keys>
                {content}
            </table>
        </div>
        {ghost(moving, posts)}
    }
    .into_any()
}

/// What follows the pointer.
fn ghost(moving: Moving, posts: RwSignal<Vec<CalendarPost>>) -> AnyView {
    let shown = Memo::new(move |_| {
        let held = moving.held.get().filter(|held| held.by == By::Pointer)?;
        let post = posts.read().iter().find(|post| post.post.id == held.post).cloned()?;
        let place = held.to.map_or_else(|| "Not here".to_owned(), |to| moving.words_of(to));
        Some((name(&post), place))
    });
    view! {
        <div
            aria-hidden="true"
            hidden=move || shown.read().is_none()
            class="pointer-events-none fixed top-0 left-0 z-50 max-w-64 rounded-md border border-accent-border bg-raised px-2.5 py-1.5 text-sm shadow-raised"
            style:transform=move || {
                let (x, y) = moving.pointer.get();
                format!("translate({}px, {}px)", x + 12, y + 12)
            }
        >
            <p class="truncate font-medium">{move || shown.get().map(|(name, _)| name)}</p>
            <p class="text-muted">{move || shown.get().map(|(_, place)| place)}</p>
        </div>
    }
    .into_any()
}

/// A key in a cell, but not on a post in it.
fn cell_key(event: &KeyboardEvent, cells: Cells, node: NodeRef<html::Table>) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(place) = target.and_then(|cell| cell.get_attribute("data-place")).and_then(|key| Place::parse(&key))
    else {
        return;
    };
    let to = match event.key().as_str() {
        "Enter" => return cells.write.run(place),
        "Home" => Some(Place { day: if place.row.is_some() { 0 } else { place.day - place.day % 7 }, ..place }),
        "End" => cells.sheet.with_value(|sheet| {
            let last = if place.row.is_some() {
                sheet.days.len() - 1
            } else {
                (place.day - place.day % 7 + 6).min(sheet.days.len() - 1)
            };
            Some(Place { day: last, ..place })
        }),
        key => Step::of_key(key).and_then(|step| cells.sheet.with_value(|sheet| sheet.step(place, step))),
    };
    let Some(to) = to.filter(|to| cells.sheet.with_value(|sheet| sheet.exists(*to))) else { return };
    event.prevent_default();
    cells.at.set(to);
    let cell = node
        .get_untracked()
        .and_then(|table| table.query_selector(&format!("[data-place='{}']", to.key())).ok().flatten());
    if let Some(cell) = cell.and_then(|cell| cell.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _detached = cell.focus();
    }
}

/// Whether a press on a cell was on the cell itself, and not on something in it.
fn is_on_cell(event: &MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("a, button").ok().flatten().is_none())
}

/// What all cells have in common. `name` is read where the cell is empty.
fn cell(cells: Cells, place: Place, class: &'static str, name: String, content: impl IntoView + 'static) -> AnyView {
    let exists = cells.sheet.with_value(|sheet| sheet.exists(place));
    let clock = use_clock();
    let past = Memo::new(move |_| {
        let now = clock.now().get();
        cells.sheet.with_value(|sheet| sheet.is_past(place, now))
    });
    let is_target = Memo::new(move |_| cells.to.get() == Some(place));
    let empty = Memo::new(move |_| !cells.by_place.read().contains_key(&place));
    let writes = move || cells.may_write && exists && !past.get();
    let label = move || {
        empty
            .get()
            .then(|| if writes() { format!("{name}, free. Enter writes a post.") } else { format!("{name}, free") })
    };
    view! {
        <td
            data-place=place.key()
            data-past=move || past.get().then_some("")
            data-target=move || is_target.get().then_some("")
            tabindex=move || if !exists { None } else if cells.at.get() == place { Some("0") } else { Some("-1") }
            aria-label=label
            class=move || {
                cx(&[
                    class,
                    "group/cell relative border-border align-top outline-none focus-visible:shadow-[inset_0_0_0_3px_var(--ring)] data-target:bg-selected data-target:shadow-[inset_0_0_0_2px_var(--accent)]",
                    if !exists {
                        "bg-[repeating-linear-gradient(135deg,var(--border)_0_1px,transparent_1px_6px)]"
                    } else if past.get() {
                        "bg-sunken"
                    } else if cells.may_write {
                        "cursor-pointer hover:bg-hover"
                    } else {
                        ""
                    },
                ])
            }
            on:focus=move |_| cells.at.set(place)
            on:click=move |event: MouseEvent| {
                if is_on_cell(&event) && !cells.moving.swallows_click() {
                    cells.write.run(place);
                }
            }
        >
            {content.into_any()}
        </td>
    }
    .into_any()
}

/// The posts of a cell.
fn posts_in(cells: Cells, place: Place, most: usize, roomy: bool) -> AnyView {
    let here = Memo::new(move |_| cells.by_place.read().get(&place).cloned().unwrap_or_default());
    let shown = move || here.get().into_iter().take(most).collect::<Vec<_>>();
    view! {
        <ul class="grid grid-cols-1 gap-0.5 empty:hidden">
            <For each=shown key=|one| (one.post.id, one.time.clone(), one.post.status.as_str(), one.post.version, one.post.excerpt.clone()) let:one>
                {event(cells, one, roomy)}
            </For>
        </ul>
        {move || {
            let more = here.read().len().saturating_sub(most);
            let date = cells.sheet.with_value(|sheet| sheet.days.get(place.day).map(|day| day.date));
            date.filter(|_| more > 0)
                .map(|date| {
                    view! {
                        <a
                            href=CalendarQuery::at(CalendarView::Day, date)
                            class="mt-0.5 block rounded-sm px-1.5 text-xs font-medium text-muted hover:underline"
                            aria-label=format!("{more} more posts on {}", date.format("%-d %B"))
                        >
                            {format!("{more} more")}
                        </a>
                    }
                })
        }}
    }
    .into_any()
}

fn event(cells: Cells, one: CalendarPost, roomy: bool) -> AnyView {
    let moving = cells.moving;
    let id = one.post.id;
    let status = post_status(one.post.status, one.post.visibility);
    let words =
        one.post.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| one.post.excerpt.clone());
    let words = if words.is_empty() { "Post without words".to_owned() } else { words };
    let platforms = one.post.platforms.clone();
    let to = platforms.iter().map(|platform| platform.label()).collect::<Vec<_>>().join(", ");
    let label = [one.time.clone(), words.clone(), status.word().to_owned(), to]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    let movable = use_session().may_change(one.post.author.id) && is_movable(&one);
    let held = Signal::derive(move || moving.held.get().is_some_and(|held| held.post == id));
    let busy = Signal::derive(move || moving.busy.read().contains(&id));
    let marks = move || {
        (roomy && !platforms.is_empty())
            .then(|| {
                let marks = platforms
                    .iter()
                    .map(|platform| view! { <PlatformMark mark=mark(*platform) size=MarkSize::Bare/> })
                    .collect_view();
                view! { <span class="mt-1 flex flex-wrap gap-x-1.5 gap-y-1" aria-hidden="true">{marks}</span> }
            })
            .into_any()
    };
    let (pressed, keyed) = (one.clone(), one.clone());
    let whole = format!("{label}, {}", long_words(&one));
    view! {
        <li
            data-event=id.to_string()
            data-status=one.post.status.as_str()
            class="min-w-0 touch-manipulation"
            title=whole
            on:pointerdown=move |event| {
                if movable {
                    moving.pressed(&event, &pressed);
                }
            }
            on:keydown=move |event| {
                if movable {
                    moving.key(&event, &keyed);
                }
            }
            on:click=move |event| {
                if moving.swallows_click() {
                    event.prevent_default();
                    event.stop_propagation();
                }
            }
        >
            <CalendarEvent
                href=format!("/posts/{id}")
                status
                time=one.time.clone()
                words
                label
                held
                busy
                movable
                described_by=if movable { HELP } else { "" }
                more=ViewFn::from(marks)
            />
        </li>
    }
    .into_any()
}

const DAYS: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

/// "23 h", for a day on which clocks change.
pub fn change_mark(day: &CalendarDay) -> AnyView {
    day.note()
        .map(|note| {
            let title = note.clone();
            let hours = (day.ends - day.starts).num_minutes();
            let length = if hours % 60 == 0 {
                format!("{} h", hours / 60)
            } else {
                format!("{}:{:02} h", hours / 60, hours % 60)
            };
            view! {
                <span class="inline-flex items-center gap-1 text-xs font-medium text-warning" title=title>
                    {icon(Glyph::Clock, "size-3")}
                    <span aria-hidden="true">{length}</span>
                    <span class="sr-only">{note}</span>
                </span>
            }
        })
        .into_any()
}

fn month(drawn: &CalendarSheet, cells: Cells) -> AnyView {
    let head = DAYS
        .map(|(short, long)| {
            view! {
                <th scope="col" class="h-8 border-b border-border px-2 text-left text-xs font-medium text-muted">
                    <span aria-hidden="true">{short}</span>
                    <span class="sr-only">{long}</span>
                </th>
            }
        })
        .collect_view();
    let (shown_month, today) = (drawn.date.month(), drawn.today);
    let weeks = drawn
        .days
        .chunks(7)
        .enumerate()
        .map(|(week, days)| {
            let days = days
                .iter()
                .enumerate()
                .map(|(column, day)| {
                    let place = Place { day: week * 7 + column, row: None };
                    let is_today = day.date == today;
                    let number = if is_today {
                        "bg-primary text-on-primary"
                    } else if day.date.month() == shown_month {
                        "text-text"
                    } else {
                        "text-subtle"
                    };
                    let words = if day.date.day() == 1 { day.date.format("%-d %b") } else { day.date.format("%-d") };
                    let name = day.date.format("%A %-d %B").to_string();
                    let content = view! {
                        <div class="flex items-center justify-between gap-1 pb-1">
                            <a
                                href=CalendarQuery::at(CalendarView::Day, day.date)
                                tabindex="-1"
                                aria-label=format!("{name}{}", if is_today { ", today" } else { "" })
                                aria-current=is_today.then_some("date")
                                class=cx(&[
                                    "grid h-6 min-w-6 place-items-center rounded-full px-1.5 text-xs font-medium tabular-nums hover:underline",
                                    number,
                                ])
                            >
                                {words.to_string()}
                            </a>
                            {change_mark(day)}
                        </div>
                        {posts_in(cells, place, IN_MONTH, false)}
                    };
                    cell(cells, place, "h-28 border-t border-l p-1 first:border-l-0", name, content)
                })
                .collect_view();
            view! { <tr class="group/row">{days}</tr> }
        })
        .collect_view();
    view! {
        <thead>
            <tr>{head}</tr>
        </thead>
        <tbody class="[&>tr:first-child>td]:border-t-0">{weeks}</tbody>
    }
    .into_any()
}

fn hours(drawn: &CalendarSheet, sheet: &Sheet, cells: Cells) -> AnyView {
    let single = sheet.view == CalendarView::Day;
    let head = drawn
        .days
        .iter()
        .map(|day| {
            let is_today = day.date == drawn.today;
            let look = if is_today { "bg-primary text-on-primary" } else { "text-text" };
            let words = view! {
                <span class="text-muted">{day.date.format("%a").to_string()}</span>
                <span class=cx(&["grid h-6 min-w-6 place-items-center rounded-full px-1.5 font-semibold tabular-nums", look])>
                    {day.date.format("%-d").to_string()}
                </span>
            };
            let name = day.date.format("%A %-d %B").to_string();
            let head = if single {
                view! { <span class="flex items-center gap-1.5">{words}</span> }.into_any()
            } else {
                view! {
                    <a
                        href=CalendarQuery::at(CalendarView::Day, day.date)
                        aria-label=name
                        aria-current=is_today.then_some("date")
                        class="flex items-center gap-1.5 rounded-sm hover:underline"
                    >
                        {words}
                    </a>
                }
                .into_any()
            };
            view! {
                <th scope="col" class="sticky top-0 z-20 h-12 border-b border-l border-border bg-surface px-2 text-left text-xs font-medium">
                    <span class="flex flex-wrap items-center gap-x-2">{head} {change_mark(day)}</span>
                </th>
            }
        })
        .collect_view();
    let days = drawn.days.len();
    let rows = sheet
        .rows
        .iter()
        .enumerate()
        .map(|(row, (hour, again))| {
            let label = format!("{hour:02}:00");
            let (hour, again) = (*hour, *again);
            let content = (0..days)
                .map(|day| {
                    let place = Place { day, row: Some(row) };
                    let name = cells.sheet.with_value(|sheet| sheet.words(place));
                    let starts = cells.sheet.with_value(|sheet| sheet.hour(place));
                    let odd = starts.filter(|one| one.minute > 0).map(|one| {
                        view! { <p class="px-1 text-xs text-muted">{format!("from {}", one.words())}</p> }
                    });
                    let now = move || {
                        cells
                            .now
                            .get()
                            .filter(|(at, _)| *at == place)
                            .map(|(_, into)| {
                                view! {
                                    <span
                                        data-now
                                        class="pointer-events-none absolute inset-x-0 z-10 border-t-2 border-danger-solid"
                                        style:top=format!("{into}%")
                                    >
                                        <span class="sr-only">"Now"</span>
                                    </span>
                                }
                            })
                    };
                    let content = view! {
                        {now}
                        {odd}
                        {posts_in(cells, place, usize::MAX, single)}
                    };
                    cell(cells, place, "h-12 border-t border-l p-0.5", name, content)
                })
                .collect_view();
            view! {
                <tr data-hour=(!again).then_some(hour)>
                    <th scope="row" class="w-16 border-t border-border px-2 pt-1 text-right align-top text-xs font-normal text-muted tabular-nums">
                        {label}
                        {again.then(|| view! { <span class="block text-warning">"again"</span> })}
                    </th>
                    {content}
                </tr>
            }
        })
        .collect_view();
    view! {
        <thead>
            <tr>
                <th scope="col" class="sticky top-0 z-20 w-16 border-b border-border bg-surface">
                    <span class="sr-only">"Hour"</span>
                </th>
                {head}
            </tr>
        </thead>
        <tbody class="[&>tr:first-child>*]:border-t-0">{rows}</tbody>
    }
    .into_any()
}
